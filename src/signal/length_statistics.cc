#include "src/signal/length_statistics.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include "pinchbeck/stats/nonparametric_combination.h"

namespace pinchbeck::internal {
namespace {

// Shares of an alternative in the observed answers that the likelihood ratios look for.
constexpr double kShares[] = {0.3, 1.0};
constexpr auto kRatiosPerModel = static_cast<Eigen::Index>(std::size(kShares));

Eigen::RowVectorXd LogSumExp(const Eigen::Ref<const Eigen::MatrixXd>& rows) {
  const Eigen::RowVectorXd largest = rows.colwise().maxCoeff();
  return largest.array() + (rows.rowwise() - largest).array().exp().colwise().sum().log();
}

double XLogX(double x) { return x > 0 ? x * std::log(x) : 0; }

}  // namespace

LengthStatistics::LengthStatistics(const std::vector<LengthCell>& cells,
                                   const std::vector<ItemLogs>& alternatives)
    : ratios_(kRatiosPerModel * static_cast<Eigen::Index>(alternatives.size())) {
  const ItemLogs pooled = PooledLengthLogs(cells);
  const std::vector<std::vector<double>> aligned = AlignedRanks(cells);
  for (std::size_t s = 0; s < cells.size(); ++s) {
    ranked_.emplace_back(cells[s].lengths);
    atoms_.push_back(FindAtoms(cells[s]));
    const auto items = static_cast<Eigen::Index>(cells[s].lengths.size());
    Eigen::MatrixXd linear(kOmnibusRows - kAligned + ratios_, items);
    linear.row(0) = Eigen::Map<const Eigen::RowVectorXd>(aligned[s].data(), items);
    linear.row(1) = -pooled[s].transpose();
    Eigen::Index row = 2;
    for (const ItemLogs& alternative : alternatives) {
      const Eigen::ArrayXd ratio = (alternative[s] - pooled[s]).array();
      for (const double share : kShares) {
        Eigen::ArrayXd scores = ratio;
        if (share < 1) scores = (1 - share + share * ratio.min(500.0).exp()).log();
        linear.row(row++) = scores.matrix().transpose();
      }
    }
    linear_.push_back(std::move(linear));
  }
}

LengthStatistics::Atoms LengthStatistics::FindAtoms(const LengthCell& cell) {
  std::map<double, double> counts;
  for (const double length : cell.lengths) counts[length] += 1;
  Atoms atoms;
  // Category 0 holds the lengths that occur once.
  atoms.pooled.push_back(0);
  std::map<double, std::size_t> numbers;
  for (const auto& [length, count] : counts) {
    const bool atom = count > 1 || length == kCappedLength;
    if (!atom) {
      atoms.pooled[0] += count;
      continue;
    }
    numbers[length] = atoms.pooled.size();
    atoms.pooled.push_back(count);
  }
  const std::size_t categories = numbers.size() + (atoms.pooled[0] > 0 ? 1 : 0);
  if (categories < 2) return {};
  for (const double length : cell.lengths) {
    const auto it = numbers.find(length);
    atoms.category.push_back(it == numbers.end() ? 0 : it->second);
  }
  return atoms;
}

// G = sum over categories of x log(x / m) + y log(y / n) - t log(t / N), with x + y = t: half the usual
// likelihood-ratio statistic.
void LengthStatistics::AccumulateAtoms(const Atoms& atoms, const stats::LabelMatrix& labels,
                                       Eigen::Ref<Eigen::RowVectorXd> out) {
  if (atoms.category.empty()) return;
  std::vector<double> observed(atoms.pooled.size());
  for (Eigen::Index b = 0; b < labels.cols(); ++b) {
    std::fill(observed.begin(), observed.end(), 0.0);
    double n = 0;
    for (std::size_t i = 0; i < atoms.category.size(); ++i) {
      if (labels(static_cast<Eigen::Index>(i), b) == 0) continue;
      observed[atoms.category[i]] += 1;
      n += 1;
    }
    const double total = static_cast<double>(atoms.category.size()), m = total - n;
    double sum = XLogX(total) - XLogX(m) - XLogX(n);
    for (std::size_t k = 0; k < observed.size(); ++k) {
      sum += XLogX(observed[k]) + XLogX(atoms.pooled[k] - observed[k]) - XLogX(atoms.pooled[k]);
    }
    out(b) += sum;
  }
}

void LengthStatistics::Accumulate(std::size_t cell, const stats::LabelMatrix& labels,
                                  Eigen::Ref<Eigen::MatrixXd> out) const {
  Eigen::RowVectorXd part = Eigen::RowVectorXd::Zero(out.cols());
  const auto add = [&](Eigen::Index row) {
    out.row(row) += part;
    part.setZero();
  };
  ranked_[cell].AccumulateRankSum(labels, part);
  add(kRankSum);
  ranked_[cell].AccumulateAndersonDarling(labels, part);
  add(kAndersonDarling);
  AccumulateAtoms(atoms_[cell], labels, part);
  add(kAtoms);
  out.bottomRows(kOmnibusRows - kAligned + ratios_) += linear_[cell] * labels.cast<double>();
}

Eigen::RowVectorXd LengthStatistics::Combine(const Eigen::MatrixXd& values) const {
  Eigen::MatrixXd omnibus = values.topRows(kOmnibusRows);
  omnibus.row(kRankSum) = omnibus.row(kRankSum).cwiseAbs();
  omnibus.row(kAligned) = omnibus.row(kAligned).cwiseAbs();
  const Eigen::RowVectorXd combined = stats::NonparametricCombination(omnibus);
  if (ratios_ == 0) return combined;
  // As for choices: the first of the other two finds a full substitution by the likeliest alternative; the
  // second, in which no alternative's noise drowns another's signal, a partial one.
  Eigen::MatrixXd parts(3, values.cols());
  parts.row(0) = combined;
  parts.row(1) = LogSumExp(values.bottomRows(ratios_));
  parts.row(2) = stats::StudentisedMaximum(values.bottomRows(ratios_));
  return stats::NonparametricCombination(parts);
}

std::optional<std::size_t> LengthStatistics::Closest(const Eigen::MatrixXd& values, double level) const {
  std::optional<std::size_t> closest;
  double largest = 0;
  const Eigen::Index models = ratios_ / kRatiosPerModel;
  for (Eigen::Index model = 0; model < models; ++model) {
    // The last ratio of a model is that of full substitution.
    const Eigen::RowVectorXd row = values.row(kOmnibusRows + kRatiosPerModel * (model + 1) - 1);
    if (row(0) <= largest) continue;
    if (stats::PermutationPValue(row) > level / static_cast<double>(models)) continue;
    largest = row(0);
    closest = static_cast<std::size_t>(model);
  }
  return closest;
}

}  // namespace pinchbeck::internal
