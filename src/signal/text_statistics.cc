#include "src/signal/text_statistics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <numeric>
#include <utility>

#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/gram_product.h"
#include "pinchbeck/stats/kernel_statistics.h"
#include "pinchbeck/stats/nonparametric_combination.h"
#include "pinchbeck/stats/permutation_table.h"

namespace pinchbeck::internal {
namespace {

using stats::LabelMatrix;
using stats::RelabelingGram;

// Rows of the Gram matrix over probes, beyond which only pairs take part in it.
constexpr Eigen::Index kMaxAcrossRows = 512;

Eigen::Index Rows(const TextCell& cell) { return cell.stratum.size(); }

RelabelingGram MakeGram(const Eigen::MatrixXd& gram, double offset) {
  // Kernel values are finite and symmetric by construction.
  return RelabelingGram::Make(gram, offset).value();
}

// One kernel within cells; no value for cells that it does not cover.
using WithinGrams = std::vector<std::optional<RelabelingGram>>;

WithinGrams MakeWithin(const std::vector<TextCell>& cells, TextKernel kernel) {
  WithinGrams grams(cells.size());
  for (std::size_t s = 0; s < cells.size(); ++s) {
    if (cells[s].pair() || !HasKernel(kernel, cells[s].items)) continue;
    const Eigen::MatrixXd gram = TextGram(kernel, cells[s].items);
    grams[s] = MakeGram(gram, gram(1, 0));
  }
  return grams;
}

bool Covers(const WithinGrams& grams) {
  return std::any_of(grams.begin(), grams.end(), [](const auto& gram) { return gram.has_value(); });
}

// A kernel over probes. Differences of a cell sum to zero, so each cell's last item is taken from its others
// and left out: T = sum over i, j of different cells of (z_i - t_i)(z_j - t_j) K'_ij, where
// K'_ij = <f_i - f_last(i), f_j - f_last(j)> and t = n / (m + n) is the mean of a cell's labels z.
struct AcrossGram {
  // Index of the first row of each cell, or -1.
  std::vector<Eigen::Index> first_row;
  std::optional<RelabelingGram> gram;
  Eigen::VectorXd linear;
  double constant = 0, scale = 0;
};

// Cells whose texts have what a kernel compares; pairs only where all cells together are too large.
std::vector<bool> AcrossCells(const std::vector<TextCell>& cells, TextKernel kernel) {
  Eigen::Index rows = 0;
  for (const TextCell& cell : cells) rows += Rows(cell) - 1;
  std::vector<bool> chosen;
  for (const TextCell& cell : cells)
    chosen.push_back((rows <= kMaxAcrossRows || cell.pair()) && HasKernel(kernel, cell.items));
  return chosen;
}

// Gram matrix of the items of several cells in turn.
using AcrossKernel = std::function<Eigen::MatrixXd(const std::vector<Texts>& cells)>;

AcrossKernel Plain(TextKernel kernel) {
  return [kernel](const std::vector<Texts>& cells) {
    Texts items;
    for (const Texts& cell : cells) items.insert(items.end(), cell.begin(), cell.end());
    return TextGram(kernel, items);
  };
}

std::optional<AcrossGram> MakeAcross(const std::vector<TextCell>& cells, const std::vector<bool>& chosen,
                                     const AcrossKernel& kernel) {
  if (std::count(chosen.begin(), chosen.end(), true) < 2) return std::nullopt;
  AcrossGram result;
  result.first_row.assign(cells.size(), -1);
  std::vector<Texts> used;
  Eigen::Index begin = 0;
  // Per row: the item, the last item of its cell, its cell, and the mean label there.
  std::vector<Eigen::Index> item, last;
  std::vector<std::size_t> cell_of;
  std::vector<double> mean_label;
  double sizes = 0, squares = 0;
  for (std::size_t s = 0; s < cells.size(); ++s) {
    if (!chosen[s]) continue;
    const auto m = static_cast<double>(cells[s].stratum.n_reference),
               n = static_cast<double>(cells[s].stratum.n_observed);
    sizes += m * n / (m + n);
    squares += m * n / (m + n) * (m * n / (m + n));
    result.first_row[s] = static_cast<Eigen::Index>(item.size());
    used.push_back(cells[s].items);
    for (Eigen::Index i = 0; i + 1 < Rows(cells[s]); ++i) {
      item.push_back(begin + i);
      last.push_back(begin + Rows(cells[s]) - 1);
      cell_of.push_back(s);
      mean_label.push_back(n / (m + n));
    }
    begin += Rows(cells[s]);
  }
  const Eigen::MatrixXd gram = kernel(used);
  const auto rows = static_cast<Eigen::Index>(item.size());
  Eigen::MatrixXd differences = Eigen::MatrixXd::Zero(rows, rows);
  for (Eigen::Index j = 0; j < rows; ++j) {
    const auto b = static_cast<std::size_t>(j);
    for (Eigen::Index i = j + 1; i < rows; ++i) {
      const auto a = static_cast<std::size_t>(i);
      if (cell_of[a] == cell_of[b]) continue;
      differences(i, j) = differences(j, i) = (gram(item[a], item[b]) - gram(item[a], last[b])) -
                                              (gram(last[a], item[b]) - gram(last[a], last[b]));
    }
  }
  const Eigen::Map<const Eigen::VectorXd> t(mean_label.data(), rows);
  result.linear = differences * t;
  result.constant = t.dot(result.linear);
  result.scale = 1 / (sizes * sizes - squares);
  result.gram = MakeGram(differences, 0);
  return result;
}

// Labels of the rows of `across`, gathered cell by cell.
void GatherLabels(const AcrossGram& across, std::size_t cell, const LabelMatrix& labels,
                  LabelMatrix& gathered) {
  if (across.first_row[cell] < 0) return;
  gathered.middleRows(across.first_row[cell], labels.rows() - 1) = labels.topRows(labels.rows() - 1);
}

Eigen::RowVectorXd AcrossStatistic(const AcrossGram& across, const LabelMatrix& labels) {
  const stats::RelabelingSums sums = across.gram->Sums(labels);
  const Eigen::RowVectorXd linear = across.linear.transpose() * labels.cast<double>();
  return across.scale * (sums.within - 2 * linear).array() + across.scale * across.constant;
}

// Ranks of the values around their cells' means, all cells together, from 0 to 1; ties share the mean rank.
Eigen::VectorXd AlignedRanks(const std::vector<TextCell>& cells, std::size_t feature) {
  std::vector<double> values;
  for (const TextCell& cell : cells) {
    double mean = 0;
    for (const TextFeatures* item : cell.items) mean += item->style[feature];
    mean /= static_cast<double>(cell.items.size());
    for (const TextFeatures* item : cell.items) values.push_back(item->style[feature] - mean);
  }
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  Eigen::VectorXd ranks(static_cast<Eigen::Index>(values.size()));
  // Equal differences in different cells may round differently.
  constexpr double kTie = 1e-12;
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && values[order[end]] <= values[order[end - 1]] + kTie) ++end;
    const double rank = static_cast<double>(begin + end - 1) / 2 / static_cast<double>(order.size());
    for (; begin < end; ++begin) ranks(static_cast<Eigen::Index>(order[begin])) = rank;
  }
  return ranks;
}

// Sum and maximum over features of the squared studentised mean differences, and the first feature, length.
Eigen::MatrixXd StyleStatistics(const Eigen::Ref<const Eigen::MatrixXd>& differences) {
  Eigen::MatrixXd result = Eigen::MatrixXd::Zero(3, differences.cols());
  for (Eigen::Index f = 0; f < differences.rows(); ++f) {
    const Eigen::RowVectorXd squared = stats::Studentise(differences.row(f)).cwiseAbs2();
    result.row(0) += squared;
    result.row(1) = result.row(1).cwiseMax(squared);
    if (f == 0) result.row(2) = squared;
  }
  return result;
}

enum class Family { kWording, kBeginnings };

// Everything that is the same in all relabelings.
class Prepared {
 public:
  Prepared(const std::vector<TextCell>& cells, const Eigen::MatrixXd& scores) : cells_(cells) {
    for (const TextKernel kernel : kTextKernels) {
      const Family family = kernel == TextKernel::kTrigrams ? Family::kWording : Family::kBeginnings;
      WithinGrams within = MakeWithin(cells, kernel);
      if (Covers(within)) {
        within_.push_back(std::move(within));
        within_families_.push_back(family);
      }
      AddAcross(MakeAcross(cells, AcrossCells(cells, kernel), Plain(kernel)), family);
    }
    AddAcross(MakeAcross(cells, AcrossCells(cells, TextKernel::kTrigrams), BalancedTrigramGram),
              Family::kWording);
    Eigen::Index items = 0;
    for (const TextCell& cell : cells) items += Rows(cell);
    features_.resize(items, style_rows() + scores.cols());
    for (std::size_t f = 0; f < kStyleFeatures; ++f)
      features_.col(static_cast<Eigen::Index>(f)) = AlignedRanks(cells, f);
    features_.rightCols(scores.cols()) = scores;
  }

  // Rows of `table` that belong to a family.
  [[nodiscard]] Eigen::MatrixXd FamilyRows(const Eigen::MatrixXd& table, Family family) const {
    std::vector<Family> families = within_families_;
    families.insert(families.end(), across_families_.begin(), across_families_.end());
    Eigen::MatrixXd rows(std::count(families.begin(), families.end(), family), table.cols());
    Eigen::Index next = 0;
    for (std::size_t k = 0; k < families.size(); ++k) {
      if (families[k] == family) rows.row(next++) = table.row(static_cast<Eigen::Index>(k));
    }
    return rows;
  }

  [[nodiscard]] Eigen::Index within_rows() const { return static_cast<Eigen::Index>(within_.size()); }
  [[nodiscard]] Eigen::Index across_rows() const { return static_cast<Eigen::Index>(across_.size()); }
  [[nodiscard]] static Eigen::Index style_rows() { return static_cast<Eigen::Index>(kStyleFeatures); }
  [[nodiscard]] Eigen::Index rows() const { return within_rows() + across_rows() + features_.cols(); }

  // Adds all statistics of columns first .. first + out.cols() - 1: within, across, style and score rows.
  void Evaluate(const stats::RelabelingPlan& plan, std::int64_t first,
                Eigen::Ref<Eigen::MatrixXd> out) const {
    std::vector<LabelMatrix> gathered;
    for (const AcrossGram& across : across_) gathered.emplace_back(across.gram->size(), out.cols());
    LabelMatrix labels;
    Eigen::Index begin = 0;
    for (std::size_t s = 0; s < cells_.size(); ++s) {
      const TextCell& cell = cells_[s];
      labels.resize(Rows(cell), out.cols());
      plan.FillLabels(s, first, labels);
      for (std::size_t k = 0; k < within_.size(); ++k) AddWithin(k, s, labels, out);
      for (std::size_t k = 0; k < across_.size(); ++k) GatherLabels(across_[k], s, labels, gathered[k]);
      const Eigen::MatrixXd features = features_.middleRows(begin, Rows(cell));
      stats::AccumulateMeanDifference(features, cell.stratum, cell.weight, labels,
                                      out.bottomRows(features.cols()));
      begin += Rows(cell);
    }
    for (std::size_t k = 0; k < across_.size(); ++k)
      out.row(within_rows() + static_cast<Eigen::Index>(k)) = AcrossStatistic(across_[k], gathered[k]);
  }

  void AddCellEffects(TextStatistics& result) const {
    if (within_.empty()) return;
    for (std::size_t s = 0; s < cells_.size(); ++s) {
      const stats::Stratum& stratum = cells_[s].stratum;
      // Without pairs inside one side the statistic is not centred and says nothing about spread.
      if (!within_.front()[s] || stratum.n_reference < 2 || stratum.n_observed < 2) continue;
      LabelMatrix labels = LabelMatrix::Zero(stratum.size(), 1);
      labels.bottomRows(stratum.n_observed).setOnes();
      Eigen::RowVectorXd value = Eigen::RowVectorXd::Zero(1);
      stats::AccumulateMmd(*within_.front()[s], stratum, 1.0, labels, value);
      result.cell_effects.push_back(value(0));
      result.cell_weights.push_back(cells_[s].weight);
    }
  }

 private:
  void AddAcross(std::optional<AcrossGram> across, Family family) {
    if (!across) return;
    across_.push_back(*std::move(across));
    across_families_.push_back(family);
  }
  void AddWithin(std::size_t kernel, std::size_t cell, const LabelMatrix& labels,
                 Eigen::Ref<Eigen::MatrixXd> out) const {
    const auto& gram = within_[kernel][cell];
    if (!gram) return;
    Eigen::RowVectorXd row = Eigen::RowVectorXd::Zero(out.cols());
    stats::AccumulateMmd(*gram, cells_[cell].stratum, cells_[cell].weight, labels, row);
    out.row(static_cast<Eigen::Index>(kernel)) += row;
  }

  const std::vector<TextCell>& cells_;
  // The first kernel of each, if any, is that of the 3-grams, which every text has.
  std::vector<WithinGrams> within_;
  std::vector<AcrossGram> across_;
  std::vector<Family> within_families_, across_families_;
  // Aligned ranks of style features, then scores: a row an item.
  Eigen::MatrixXd features_;
};

}  // namespace

absl::StatusOr<TextStatistics> EvaluateTextStatistics(const std::vector<TextCell>& cells,
                                                      const Eigen::MatrixXd& scores,
                                                      const SignalOptions& options) {
  std::vector<stats::Stratum> strata;
  for (const TextCell& cell : cells) strata.push_back(cell.stratum);
  PINCHBECK_ASSIGN_OR_RETURN(const stats::RelabelingPlan plan,
                             stats::RelabelingPlan::Make(strata, {.permutations = options.permutations,
                                                                  .seed = stats::MixSeed(options.seed, 4)}));
  const Prepared prepared(cells, scores);
  PINCHBECK_ASSIGN_OR_RETURN(
      const stats::PermutationTable table,
      stats::internal::FillTable(
          plan, prepared.rows(),
          [&](std::int64_t first, Eigen::Ref<Eigen::MatrixXd> out) { prepared.Evaluate(plan, first, out); },
          options.threads));
  const Eigen::Index kernels = prepared.within_rows() + prepared.across_rows();
  TextStatistics result;
  result.exact = table.exact;
  result.wording = prepared.FamilyRows(table.values, Family::kWording);
  result.beginnings = prepared.FamilyRows(table.values, Family::kBeginnings);
  result.style = StyleStatistics(table.values.middleRows(kernels, Prepared::style_rows()));
  result.discriminants = table.values.bottomRows(scores.cols());
  prepared.AddCellEffects(result);
  if (prepared.within_rows() > 0) result.within_trigrams = table.values.row(0);
  if (prepared.across_rows() > 0) result.across_trigrams = table.values.row(prepared.within_rows());
  return result;
}

Eigen::RowVectorXd CombineTextStatistics(const TextStatistics& statistics) {
  Eigen::MatrixXd families(3, statistics.style.cols());
  families.row(0) = stats::NonparametricCombination(statistics.wording);
  families.row(1) = stats::NonparametricCombination(statistics.beginnings);
  families.row(2) = stats::NonparametricCombination(statistics.style);
  const Eigen::RowVectorXd omnibus =
      stats::NonparametricCombination(families, stats::CombiningFunction::kFisher);
  if (statistics.discriminants.rows() == 0) return omnibus;
  Eigen::MatrixXd both(2, omnibus.size());
  both.row(0) = omnibus;
  both.row(1) = stats::StudentisedMaximum(statistics.discriminants);
  return stats::NonparametricCombination(both);
}

}  // namespace pinchbeck::internal
