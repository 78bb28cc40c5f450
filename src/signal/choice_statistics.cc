#include "src/signal/choice_statistics.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <map>
#include <numeric>
#include <utility>

#include "pinchbeck/stats/nonparametric_combination.h"
#include "pinchbeck/stats/permutation.h"
#include "src/signal/smoothed_answers.h"

namespace pinchbeck::internal {
namespace {

// Added to every count before a probability is taken (Krichevsky & Trofimov 1981).
constexpr double kSmoothing = 0.5;
// Shares of an alternative in the observed answers that the likelihood ratios look for.
constexpr double kShares[] = {0.3, 1.0};
constexpr int kDigits = 10;
// Location, dispersion and the last digits.
constexpr Eigen::Index kNumberRows = 2 + kDigits;

using PooledCounts = std::map<std::string, std::pair<std::int64_t, std::int64_t>>;

std::vector<double> SmoothedProbabilities(const PooledCounts& pooled, const ProbeSample& alternative) {
  double support = static_cast<double>(pooled.size());
  for (const auto& [answer, count] : alternative.choices) support += pooled.count(answer) == 0;
  const double total = static_cast<double>(alternative.choice_count()) + kSmoothing * support;
  std::vector<double> probabilities;
  for (const auto& entry : pooled) {
    const auto found = alternative.choices.find(entry.first);
    const double count = found == alternative.choices.end() ? 0.0 : static_cast<double>(found->second);
    probabilities.push_back((count + kSmoothing) / total);
  }
  return probabilities;
}

std::vector<std::int64_t> AsNumbers(const PooledCounts& pooled) {
  std::vector<std::int64_t> numbers;
  for (const auto& entry : pooled) {
    const char* end = entry.first.data() + entry.first.size();
    std::int64_t value = 0;
    const auto parsed = std::from_chars(entry.first.data(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end) return {};
    numbers.push_back(value);
  }
  if (numbers.size() < 3) numbers.clear();
  return numbers;
}

// Midrank of each category's answers within the pool, scaled to (-1/2, 1/2).
std::vector<double> ScaledMidranks(const ChoiceCell& cell, const stats::CountCell& table) {
  std::vector<std::size_t> order(cell.numbers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return cell.numbers[a] < cell.numbers[b]; });
  const double total = static_cast<double>(table.stratum().size());
  std::vector<double> ranks(order.size());
  double below = 0;
  for (const std::size_t k : order) {
    const double count = static_cast<double>(table.pooled()[k]);
    ranks[k] = (below + count / 2) / total - 0.5;
    below += count;
  }
  return ranks;
}

void AddLikelihoodRatios(const std::vector<double>& alternative, stats::CountCell& table) {
  const double m = static_cast<double>(table.stratum().n_reference);
  const double categories = static_cast<double>(table.pooled().size());
  for (const double share : kShares) {
    table.AddStatistic([&](std::size_t k, std::int64_t x, std::int64_t y) {
      if (alternative.empty() || y == 0) return 0.0;
      const double claimed = (static_cast<double>(x) + kSmoothing) / (m + kSmoothing * categories);
      return static_cast<double>(y) * std::log(1 - share + share * alternative[k] / claimed);
    });
  }
}

// Symmetric in the two sides, so that using it inside a relabeling keeps the test exact.
ChoiceCell::Smoothed SmoothPooled(const PooledCounts& pooled) {
  AnswerCounts counts;
  for (const auto& [answer, sides] : pooled) counts[answer] = sides.first + sides.second;
  const AnswerSpace space({&counts}, true);
  CountedAnswers counted;
  for (const auto& [answer, count] : counts) counted.emplace_back(*space.Find(answer).id, count);
  const SmoothedAnswers smoothed = SmoothAnswers(space, counted, {});
  ChoiceCell::Smoothed result{smoothed.own, {}, space.uniform()};
  for (const auto& entry : counts) result.base.push_back(smoothed.Base(space, space.Find(entry.first), 0));
  return result;
}

// Towards answers drawn uniformly, with the claimed model's own shares taken from the relabeled reference.
void AddNoiseRatio(const ChoiceCell::Smoothed& smoothed, stats::CountCell& table) {
  const double m = static_cast<double>(table.stratum().n_reference);
  table.AddStatistic([&](std::size_t k, std::int64_t x, std::int64_t y) {
    if (y == 0) return 0.0;
    const double claimed = smoothed.own * static_cast<double>(x) / m + smoothed.base[k];
    return static_cast<double>(y) * std::log(smoothed.uniform / claimed);
  });
}

void AddNumbers(const ChoiceCell& cell, stats::CountCell& table) {
  const bool present = !cell.numbers.empty();
  const std::vector<double> ranks = present ? ScaledMidranks(cell, table) : std::vector<double>();
  for (const int power : {1, 2}) {
    table.AddStatistic([&](std::size_t k, std::int64_t, std::int64_t y) {
      return present ? static_cast<double>(y) * std::pow(ranks[k], power) : 0.0;
    });
  }
  for (int digit = 0; digit < kDigits; ++digit) {
    table.AddStatistic([&](std::size_t k, std::int64_t, std::int64_t y) {
      return present && std::abs(cell.numbers[k] % kDigits) == digit ? static_cast<double>(y) : 0.0;
    });
  }
}

Eigen::RowVectorXd LogSumExp(const Eigen::Ref<const Eigen::MatrixXd>& rows) {
  const Eigen::RowVectorXd largest = rows.colwise().maxCoeff();
  return largest.array() + (rows.rowwise() - largest).array().exp().colwise().sum().log();
}

// Each row studentised, squared, and summed.
Eigen::RowVectorXd SumOfSquares(const Eigen::Ref<const Eigen::MatrixXd>& rows) {
  Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(rows.cols());
  for (Eigen::Index i = 0; i < rows.rows(); ++i) sum += stats::Studentise(rows.row(i)).cwiseAbs2();
  return sum;
}

}  // namespace

ChoiceCell BuildChoiceCell(const std::string& id, const ProbeSample& reference, const ProbeSample& observed,
                           const std::vector<const SampleSet*>& alternatives, bool against_noise) {
  PooledCounts pooled;
  for (const auto& [answer, count] : reference.choices) pooled[answer].first += count;
  for (const auto& [answer, count] : observed.choices) pooled[answer].second += count;
  ChoiceCell cell;
  for (const auto& entry : pooled) {
    cell.reference.push_back(entry.second.first);
    cell.observed.push_back(entry.second.second);
  }
  for (const SampleSet* alternative : alternatives) {
    const auto it = alternative->probes.find(id);
    const bool present = it != alternative->probes.end() && !it->second.choices.empty();
    cell.alternatives.push_back(present ? SmoothedProbabilities(pooled, it->second) : std::vector<double>());
  }
  cell.numbers = AsNumbers(pooled);
  if (against_noise) cell.smoothed = SmoothPooled(pooled);
  return cell;
}

ChoiceStatistics::ChoiceStatistics(const std::vector<ChoiceCell>& cells, std::size_t alternatives,
                                   bool against_noise)
    : alternatives_(alternatives),
      against_noise_(against_noise),
      has_numbers_(std::any_of(cells.begin(), cells.end(),
                               [](const ChoiceCell& cell) { return !cell.numbers.empty(); })) {}

void ChoiceStatistics::AddTo(const ChoiceCell& cell, double weight, stats::CountCell& table) const {
  table.AddJensenShannon(weight);
  for (const std::vector<double>& alternative : cell.alternatives) AddLikelihoodRatios(alternative, table);
  if (against_noise_) AddNoiseRatio(cell.smoothed, table);
  if (has_numbers_) AddNumbers(cell, table);
}

Eigen::RowVectorXd ChoiceStatistics::Combine(const Eigen::MatrixXd& values) const {
  const Eigen::RowVectorXd combined = CombineWithoutNoise(values);
  if (!against_noise_) return combined;
  // One against all others together: noise is the one alternative that is always possible.
  Eigen::MatrixXd parts(2, values.cols());
  parts.row(0) = combined;
  parts.row(1) = values.row(1 + static_cast<Eigen::Index>(alternatives_ * std::size(kShares)));
  return stats::NonparametricCombination(parts);
}

Eigen::RowVectorXd ChoiceStatistics::CombineWithoutNoise(const Eigen::MatrixXd& values) const {
  const auto ratios = static_cast<Eigen::Index>(alternatives_ * std::size(kShares));
  const Eigen::Index rows = 1 + (has_alternatives() ? 2 : 0) + (has_numbers_ ? 2 : 0);
  if (rows == 1) return values.row(0);
  Eigen::MatrixXd parts(rows, values.cols());
  parts.row(0) = values.row(0);
  Eigen::Index next = 1;
  if (has_alternatives()) {
    // The first finds a full substitution by the likeliest alternative; the second, in which no alternative's
    // noise drowns another's signal, a partial one.
    parts.row(next++) = LogSumExp(values.middleRows(1, ratios));
    parts.row(next++) = stats::StudentisedMaximum(values.topRows(1 + ratios));
  }
  if (has_numbers_) {
    const auto numbers = values.bottomRows(kNumberRows);
    parts.row(next++) = SumOfSquares(numbers.topRows(2));
    parts.row(next++) = SumOfSquares(numbers.bottomRows(kDigits));
  }
  return stats::NonparametricCombination(parts);
}

Eigen::RowVectorXd ChoiceStatistics::Combine(const Eigen::MatrixXd& values,
                                             std::span<const std::size_t> alternatives) const {
  constexpr auto kRatios = static_cast<Eigen::Index>(std::size(kShares));
  // Rows behind those of the alternatives: noise and numbers.
  const Eigen::Index behind = (against_noise_ ? 1 : 0) + (has_numbers_ ? kNumberRows : 0);
  ChoiceStatistics some = *this;
  some.alternatives_ = alternatives.size();
  Eigen::MatrixXd rows(1 + kRatios * static_cast<Eigen::Index>(alternatives.size()) + behind, values.cols());
  rows.row(0) = values.row(0);
  for (std::size_t i = 0; i < alternatives.size(); ++i) {
    rows.middleRows(1 + kRatios * static_cast<Eigen::Index>(i), kRatios) =
        values.middleRows(1 + kRatios * static_cast<Eigen::Index>(alternatives[i]), kRatios);
  }
  rows.bottomRows(behind) = values.bottomRows(behind);
  return some.Combine(rows);
}

}  // namespace pinchbeck::internal
