#include "src/signal/logprob_statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "pinchbeck/stats/kernel_statistics.h"
#include "pinchbeck/stats/nonparametric_combination.h"
#include "pinchbeck/stats/permutation_table.h"
#include "src/signal/effect.h"

namespace pinchbeck::internal {
namespace {

using stats::LabelMatrix;

constexpr double kRoundingNats = 1e-4;
constexpr double kSharedNoise = 0.1;
// docs/methods/identify.md uses the same figure.
constexpr double kHonestNats = 0.3;
// Beyond this many items of a probe their distances cost more than they add.
constexpr Eigen::Index kMaxDistanceItems = 512;
// Width of the middle half of a standard normal distribution.
constexpr double kNormalHalf = 1.3489795003921634;

std::vector<double> KnownValues(const LogprobCell& cell, Eigen::Index column) {
  std::vector<double> values;
  for (Eigen::Index i = 0; i < cell.partial.rows(); ++i) {
    if (cell.known(i, column) > 0) values.push_back(cell.partial(i, column));
  }
  return values;
}

struct Noise {
  Eigen::RowVectorXd listed, partial;
};

Noise ColumnNoise(const LogprobCell& cell) {
  std::vector<double> scales;
  for (Eigen::Index k = 0; k < cell.listed.cols(); ++k) {
    const auto column = cell.listed.col(k);
    scales.push_back(ShortestHalfScale({column.begin(), column.end()}));
  }
  for (Eigen::Index k = 0; k < cell.partial.cols(); ++k)
    scales.push_back(ShortestHalfScale(KnownValues(cell, k)));
  std::vector<double> sorted = scales;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  const double shared = kSharedNoise * *middle;
  Eigen::RowVectorXd all(static_cast<Eigen::Index>(scales.size()));
  for (std::size_t k = 0; k < scales.size(); ++k)
    all(static_cast<Eigen::Index>(k)) = std::hypot(scales[k], shared, kRoundingNats);
  return {all.head(cell.listed.cols()), all.tail(cell.partial.cols())};
}

std::optional<stats::RelabelingGram> Distances(const Eigen::MatrixXd& items) {
  const Eigen::Index n = items.rows();
  if (items.cols() == 0 || n < 3 || n > kMaxDistanceItems) return std::nullopt;
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(n, n);
  for (Eigen::Index j = 0; j < n; ++j) {
    for (Eigen::Index i = j + 1; i < n; ++i) gram(i, j) = gram(j, i) = -(items.row(i) - items.row(j)).norm();
  }
  const double mean = -gram.sum() / static_cast<double>(n * (n - 1));
  if (!(mean > 0)) return std::nullopt;
  // Minus the distance as a kernel: its MMD^2 is the energy distance.
  auto made = stats::RelabelingGram::Make(gram / mean);
  if (!made.ok()) return std::nullopt;
  return *std::move(made);
}

// Adds the score of one column for one alternative to every item that has a value there.
void AddColumn(const Eigen::MatrixXd& values, const Eigen::MatrixXd* known, Eigen::Index column, double mean,
               double noise, Eigen::Ref<Eigen::VectorXd> scores) {
  Eigen::VectorXd centred = values.col(column);
  double count = static_cast<double>(values.rows()), sum = centred.sum();
  if (known != nullptr) count = known->col(column).sum();
  const double centre = sum / count;
  centred.array() -= centre;
  if (known != nullptr) centred = centred.cwiseProduct(known->col(column));
  scores += (mean - centre) / (noise * noise + kHonestNats * kHonestNats) * centred;
}

}  // namespace

double ShortestHalfScale(std::vector<double> values) {
  if (values.size() < 2) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = std::max<std::size_t>(2, (values.size() + 1) / 2);
  double width = values.back() - values.front();
  for (std::size_t i = 0; i + half <= values.size(); ++i)
    width = std::min(width, values[i + half - 1] - values[i]);
  return width / kNormalHalf;
}

LogprobStatistics::LogprobStatistics(const std::vector<LogprobCell>& cells,
                                     const std::vector<const SampleSet*>& alternatives)
    : alternatives_(static_cast<Eigen::Index>(alternatives.size())), has_data_(alternatives.size(), false) {
  for (const LogprobCell& source : cells) {
    Cell cell;
    cell.stratum = source.stratum;
    cell.listed = source.listed.rowwise() - source.listed.row(0).eval();
    cell.known = source.known;
    cell.partial = source.partial;
    for (Eigen::Index k = 0; k < cell.partial.cols(); ++k) {
      Eigen::Index first = 0;
      cell.known.col(k).maxCoeff(&first);
      const double offset = source.partial(first, k);
      cell.partial.col(k) = (source.partial.col(k).array() - offset) * cell.known.col(k).array();
    }
    cell.partial_sum = cell.partial.colwise().sum();
    cell.partial_count = cell.known.colwise().sum();
    const Noise noise = ColumnNoise(source);
    cell.listed_precision = noise.listed.cwiseInverse();
    cell.partial_precision = noise.partial.cwiseInverse();
    cell.distances = Distances(cell.listed);
    AddScores(source, alternatives, cell);
    cells_.push_back(std::move(cell));
  }
  with_data_ = static_cast<std::size_t>(std::count(has_data_.begin(), has_data_.end(), true));
}

void LogprobStatistics::AddScores(const LogprobCell& source,
                                  const std::vector<const SampleSet*>& alternatives, Cell& cell) {
  cell.scores = Eigen::MatrixXd::Zero(source.stratum.size(), alternatives_);
  cell.score_weight = StratumWeight(static_cast<double>(source.stratum.n_reference),
                                    static_cast<double>(source.stratum.n_observed));
  for (std::size_t a = 0; a < alternatives.size(); ++a) {
    const auto it = alternatives[a]->probes.find(source.probe);
    if (it == alternatives[a]->probes.end() || it->second.logprobs.empty()) continue;
    const CellMeans means = MeansInCell(source, it->second);
    Eigen::VectorXd scores = Eigen::VectorXd::Zero(source.stratum.size());
    double used = 0;
    for (Eigen::Index k = 0; k < source.listed.cols(); ++k) {
      if (means.listed.count(k) == 0) continue;
      AddColumn(source.listed, nullptr, k, means.listed.mean(k), 1 / cell.listed_precision(k), scores);
      ++used;
    }
    for (Eigen::Index k = 0; k < source.partial.cols(); ++k) {
      if (means.partial.count(k) == 0) continue;
      AddColumn(source.partial, &source.known, k, means.partial.mean(k), 1 / cell.partial_precision(k),
                scores);
      ++used;
    }
    if (used == 0) continue;
    cell.scores.col(static_cast<Eigen::Index>(a)) = scores / used;
    has_data_[a] = true;
  }
}

void LogprobStatistics::Accumulate(std::size_t index, const LabelMatrix& labels,
                                   Eigen::Ref<Eigen::MatrixXd> out) const {
  const Cell& cell = cells_[index];
  AddDifferences(cell, labels, out);
  if (cell.distances) {
    Eigen::RowVectorXd energy = Eigen::RowVectorXd::Zero(out.cols());
    stats::AccumulateMmd(*cell.distances, cell.stratum, 1.0, labels, energy);
    out.row(2) += energy;
  }
  if (with_data_ == 0) return;
  Eigen::MatrixXd ratios = Eigen::MatrixXd::Zero(alternatives_, out.cols());
  stats::AccumulateMeanDifference(cell.scores, cell.stratum, cell.score_weight, labels, ratios);
  out.bottomRows(alternatives_) += ratios;
}

void LogprobStatistics::AddDifferences(const Cell& cell, const LabelMatrix& labels,
                                       Eigen::Ref<Eigen::MatrixXd> out) const {
  const auto columns = static_cast<double>(cell.listed.cols());
  Eigen::RowVectorXd plain = Eigen::RowVectorXd::Zero(out.cols()), scaled = plain, used = plain;
  used.array() += columns;
  if (cell.listed.cols() > 0) {
    Eigen::MatrixXd difference = Eigen::MatrixXd::Zero(cell.listed.cols(), out.cols());
    stats::AccumulateMeanDifference(cell.listed, cell.stratum, 1.0, labels, difference);
    difference = difference.cwiseAbs();
    plain += difference.colwise().sum();
    scaled += cell.listed_precision * difference;
  }
  if (cell.partial.cols() > 0) {
    const Eigen::MatrixXd z = labels.cast<double>();
    const Eigen::MatrixXd sum = cell.partial.transpose() * z, count = cell.known.transpose() * z;
    for (Eigen::Index b = 0; b < out.cols(); ++b) {
      for (Eigen::Index k = 0; k < sum.rows(); ++k) {
        const double n = count(k, b), m = cell.partial_count(k) - n;
        if (n < 0.5 || m < 0.5) continue;
        const double difference = std::abs(sum(k, b) / n - (cell.partial_sum(k) - sum(k, b)) / m);
        plain(b) += difference;
        scaled(b) += cell.partial_precision(k) * difference;
        ++used(b);
      }
    }
  }
  // Without a common column nothing differs.
  const Eigen::RowVectorXd share = (static_cast<double>(cells_.size()) * used.cwiseMax(1)).cwiseInverse();
  out.row(0) += plain.cwiseProduct(share);
  out.row(1) += scaled.cwiseProduct(share);
}

Eigen::RowVectorXd LogprobStatistics::Combine(const Eigen::MatrixXd& values) const {
  // Each row is for a kind of difference that the others hardly see, so one small p-value must be enough:
  // Fisher's sum would ask the other two for their agreement.
  const Eigen::RowVectorXd omnibus = stats::NonparametricCombination(values.topRows(kOmnibusRows));
  if (with_data_ == 0) return omnibus;
  Eigen::MatrixXd both(2, values.cols());
  both.row(0) = omnibus;
  both.row(1) = stats::StudentisedMaximum(values.bottomRows(alternatives_));
  return stats::NonparametricCombination(both);
}

std::optional<std::size_t> LogprobStatistics::Closest(const Eigen::MatrixXd& values, double level) const {
  std::optional<std::size_t> closest;
  double largest = 0;
  for (std::size_t a = 0; a < has_data_.size(); ++a) {
    if (!has_data_[a]) continue;
    const Eigen::RowVectorXd row = values.row(kOmnibusRows + static_cast<Eigen::Index>(a));
    const double studentised = stats::Studentise(row)(0);
    if (studentised <= largest) continue;
    if (stats::PermutationPValue(row) > level / static_cast<double>(with_data_)) continue;
    largest = studentised;
    closest = a;
  }
  return closest;
}

}  // namespace pinchbeck::internal
