// First-token log-probabilities: mean differences per token, tested against exact equality and against a
// margin.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/kernel_statistics.h"
#include "pinchbeck/stats/margin_test.h"
#include "pinchbeck/stats/permutation.h"
#include "src/signal/effect.h"

namespace pinchbeck {
namespace {

// Honest servings of large models differ by 0.3 nats and more (docs/design/0004-effect-gates.md).
constexpr double kDefaultMarginNats = 0.5;
constexpr double kDefaultEffectNats = 0.7;
// Tokens compared per probe; the most likely ones carry the signal.
constexpr std::size_t kMaxTokens = 64;
// With fewer probes that report alternatives, those that report only the sampled token are used too.
constexpr std::size_t kEnoughDenseProbes = 8;
using Items = std::vector<const FirstTokenLogprobs*>;

// Translates the observed side's token indices into the reference's table, extended where needed.
class TokenTable {
 public:
  TokenTable(const ProbeSample& reference, const ProbeSample& observed) {
    std::map<std::string_view, std::uint32_t> index;
    for (std::uint32_t i = 0; i < reference.tokens.size(); ++i) index.emplace(reference.tokens[i], i);
    for (const std::string& token : observed.tokens) {
      observed_.push_back(index.emplace(token, static_cast<std::uint32_t>(index.size())).first->second);
    }
    size_ = index.size();
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::uint32_t Observed(std::uint32_t token) const { return observed_[token]; }

 private:
  std::vector<std::uint32_t> observed_;
  std::size_t size_ = 0;
};

Items Select(const ProbeSample& sample, bool with_alternatives) {
  Items items;
  for (const FirstTokenLogprobs& vector : sample.logprobs) {
    if (vector.has_alternatives == with_alternatives && !vector.entries.empty()) items.push_back(&vector);
  }
  return items;
}

// Mean difference of a probe with the sampling noise of both sides taken out, token by token: the signed root
// of d^2 - v, where v estimates the variance of the difference d of means. Near 0 when nothing differs, |d|
// when noise is negligible.
struct CorrectedDifference {
  double value = 0;
  // Mean over tokens of the root of v: `value` cannot lie below -noise.
  double noise = 0;
};

// One probe: pooled items under relabelings.
struct LogprobCell {
  stats::Stratum stratum;
  // Dense: items x tokens, missing tokens censored at the item's smallest reported value.
  Eigen::MatrixXd values;
  // Sparse (only sampled tokens reported): the token of each item, values in one column.
  std::vector<std::uint32_t> sampled;
  std::size_t sampled_tokens = 0;

  void Accumulate(const stats::LabelMatrix& labels, Eigen::Ref<Eigen::RowVectorXd> out) const {
    sampled.empty() ? AccumulateDense(labels, out) : AccumulateSparse(labels, out);
  }
  // Absent where the answers do not tell their noise or have no token in common.
  [[nodiscard]] std::optional<CorrectedDifference> Corrected() const {
    return sampled.empty() ? CorrectedDense() : CorrectedSparse();
  }

 private:
  [[nodiscard]] std::optional<CorrectedDifference> CorrectedDense() const;
  [[nodiscard]] std::optional<CorrectedDifference> CorrectedSparse() const;
  void AccumulateDense(const stats::LabelMatrix& labels, Eigen::Ref<Eigen::RowVectorXd> out) const {
    Eigen::MatrixXd difference = Eigen::MatrixXd::Zero(values.cols(), labels.cols());
    stats::AccumulateMeanDifference(values, stratum, 1.0, labels, difference);
    out += difference.cwiseAbs().colwise().mean();
  }
  // Mean over the tokens that both sides sampled; 0 when there is none.
  void AccumulateSparse(const stats::LabelMatrix& labels, Eigen::Ref<Eigen::RowVectorXd> out) const {
    std::vector<double> sum[2], count[2];
    for (Eigen::Index b = 0; b < labels.cols(); ++b) {
      for (int side = 0; side < 2; ++side) {
        sum[side].assign(sampled_tokens, 0);
        count[side].assign(sampled_tokens, 0);
      }
      for (std::size_t i = 0; i < sampled.size(); ++i) {
        const auto row = static_cast<Eigen::Index>(i);
        sum[labels(row, b)][sampled[i]] += values(row, 0);
        ++count[labels(row, b)][sampled[i]];
      }
      double total = 0, common = 0;
      for (std::size_t t = 0; t < sampled_tokens; ++t) {
        if (count[0][t] == 0 || count[1][t] == 0) continue;
        total += std::abs(sum[0][t] / count[0][t] - sum[1][t] / count[1][t]);
        ++common;
      }
      if (common > 0) out(b) += total / common;
    }
  }
};

double SignedRoot(double value) { return value < 0 ? -std::sqrt(-value) : std::sqrt(value); }

std::optional<CorrectedDifference> LogprobCell::CorrectedDense() const {
  const double m = static_cast<double>(stratum.n_reference), n = static_cast<double>(stratum.n_observed);
  if (m + n < 3) return std::nullopt;
  const Eigen::MatrixXd x = values.topRows(stratum.n_reference), y = values.bottomRows(stratum.n_observed);
  const Eigen::RowVectorXd mean_x = x.colwise().mean(), mean_y = y.colwise().mean();
  Eigen::RowVectorXd variance_x = (x.rowwise() - mean_x).colwise().squaredNorm();
  Eigen::RowVectorXd variance_y = (y.rowwise() - mean_y).colwise().squaredNorm();
  // A side with one answer borrows the other's variance.
  if (m > 1) variance_x /= m - 1;
  if (n > 1) variance_y /= n - 1;
  if (m < 2) variance_x = variance_y;
  if (n < 2) variance_y = variance_x;
  CorrectedDifference sum;
  for (Eigen::Index t = 0; t < values.cols(); ++t) {
    const double d = mean_x(t) - mean_y(t), variance = variance_x(t) / m + variance_y(t) / n;
    sum.value += SignedRoot(d * d - variance);
    sum.noise += std::sqrt(variance);
  }
  const double tokens = static_cast<double>(values.cols());
  return CorrectedDifference{sum.value / tokens, sum.noise / tokens};
}

std::optional<CorrectedDifference> LogprobCell::CorrectedSparse() const {
  std::vector<double> sum[2], squares[2], count[2];
  for (int side = 0; side < 2; ++side) {
    sum[side].assign(sampled_tokens, 0);
    squares[side] = count[side] = sum[side];
  }
  for (std::size_t i = 0; i < sampled.size(); ++i) {
    const int side = static_cast<std::int64_t>(i) < stratum.n_reference ? 0 : 1;
    const double value = values(static_cast<Eigen::Index>(i), 0);
    sum[side][sampled[i]] += value;
    squares[side][sampled[i]] += value * value;
    ++count[side][sampled[i]];
  }
  // One noise level for the probe, from tokens that one side sampled repeatedly.
  double within = 0, freedom = 0;
  for (int side = 0; side < 2; ++side) {
    for (std::size_t t = 0; t < sampled_tokens; ++t) {
      if (count[side][t] < 2) continue;
      within += std::max(0.0, squares[side][t] - sum[side][t] * sum[side][t] / count[side][t]);
      freedom += count[side][t] - 1;
    }
  }
  if (freedom < 1) return std::nullopt;
  CorrectedDifference total;
  double common = 0;
  for (std::size_t t = 0; t < sampled_tokens; ++t) {
    if (count[0][t] == 0 || count[1][t] == 0) continue;
    const double d = sum[0][t] / count[0][t] - sum[1][t] / count[1][t];
    const double variance = within / freedom * (1 / count[0][t] + 1 / count[1][t]);
    total.value += SignedRoot(d * d - variance);
    total.noise += std::sqrt(variance);
    ++common;
  }
  if (common == 0) return std::nullopt;
  return CorrectedDifference{total.value / common, total.noise / common};
}

// The same number of entries is used of every item, so that a server that reports fewer is not thereby
// different.
std::size_t SharedDepth(const Items& reference, const Items& observed) {
  std::size_t depth = kMaxTopLogprobs;
  for (const Items* items : {&reference, &observed}) {
    for (const FirstTokenLogprobs* item : *items) depth = std::min(depth, item->entries.size());
  }
  return depth;
}

LogprobCell DenseCell(const Items& reference, const Items& observed, const TokenTable& tokens) {
  LogprobCell cell;
  cell.stratum = {static_cast<std::int64_t>(reference.size()), static_cast<std::int64_t>(observed.size())};
  const std::size_t depth = SharedDepth(reference, observed);
  Eigen::MatrixXd all(cell.stratum.size(), static_cast<Eigen::Index>(tokens.size()));
  std::vector<int> seen(tokens.size(), 0);
  Eigen::Index row = 0;
  auto add = [&](const FirstTokenLogprobs& item, bool is_observed) {
    all.row(row).setConstant(item.entries[depth - 1].second);
    for (std::size_t e = 0; e < depth; ++e) {
      const auto token = is_observed ? tokens.Observed(item.entries[e].first) : item.entries[e].first;
      all(row, static_cast<Eigen::Index>(token)) = item.entries[e].second;
      ++seen[token];
    }
    ++row;
  };
  for (const FirstTokenLogprobs* item : reference) add(*item, false);
  for (const FirstTokenLogprobs* item : observed) add(*item, true);
  // The choice of tokens looks at the pooled items only, so relabelings do not change it.
  const Eigen::RowVectorXd means = all.colwise().mean();
  std::vector<Eigen::Index> kept;
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    if (seen[t] > 0) kept.push_back(static_cast<Eigen::Index>(t));
  }
  if (kept.size() > kMaxTokens) {
    std::stable_sort(kept.begin(), kept.end(), [&](auto a, auto b) { return means(a) > means(b); });
    kept.resize(kMaxTokens);
  }
  cell.values = all(Eigen::all, kept);
  return cell;
}

LogprobCell SparseCell(const Items& reference, const Items& observed, const TokenTable& tokens) {
  LogprobCell cell;
  cell.stratum = {static_cast<std::int64_t>(reference.size()), static_cast<std::int64_t>(observed.size())};
  cell.values.resize(cell.stratum.size(), 1);
  cell.sampled_tokens = tokens.size();
  for (const FirstTokenLogprobs* item : reference) {
    cell.values(static_cast<Eigen::Index>(cell.sampled.size()), 0) = item->entries[0].second;
    cell.sampled.push_back(item->entries[0].first);
  }
  for (const FirstTokenLogprobs* item : observed) {
    cell.values(static_cast<Eigen::Index>(cell.sampled.size()), 0) = item->entries[0].second;
    cell.sampled.push_back(tokens.Observed(item->entries[0].first));
  }
  return cell;
}

void AddCells(const SampleSet& reference, const SampleSet& observed, bool dense,
              std::vector<LogprobCell>& cells) {
  for (const auto& [id, probe] : reference.probes) {
    const auto it = observed.probes.find(id);
    if (it == observed.probes.end()) continue;
    const Items x = Select(probe, dense), y = Select(it->second, dense);
    if (x.empty() || y.empty()) continue;
    const TokenTable tokens(probe, it->second);
    cells.push_back(dense ? DenseCell(x, y, tokens) : SparseCell(x, y, tokens));
  }
}

// Probes that report alternatives measure every token every time; sampled tokens alone are far noisier, so
// they are used only where the former are too few.
std::vector<LogprobCell> BuildCells(const SampleSet& reference, const SampleSet& observed) {
  std::vector<LogprobCell> cells;
  AddCells(reference, observed, true, cells);
  if (cells.size() < kEnoughDenseProbes) AddCells(reference, observed, false, cells);
  return cells;
}

// What a single answer of the reference differs from the reference's mean, largest per probe, averaged over
// probes: the numerical spread within the reference's own session.
double WithinSpread(const std::vector<LogprobCell>& cells) {
  double total = 0, count = 0;
  for (const LogprobCell& cell : cells) {
    if (!cell.sampled.empty() || cell.stratum.n_reference < 2) continue;
    const Eigen::MatrixXd items = cell.values.topRows(cell.stratum.n_reference);
    const Eigen::MatrixXd centred = items.rowwise() - items.colwise().mean();
    total += centred.cwiseAbs().rowwise().mean().maxCoeff();
    ++count;
  }
  return count > 0 ? total / count : 0;
}

double Margin(const std::vector<LogprobCell>& cells, const SignalOptions& options) {
  const double spread = std::max(0.0, options.honest_spread.value_or(0));
  return options.claim == Claim::kWeights ? std::max(kDefaultMarginNats, 2 * spread)
                                          : std::max(WithinSpread(cells), spread);
}

// The margin test over probes, the effect, and what this comparison could have found. Expects the p-value of
// equality and its relabelings (column 0 observed) to be there.
void TestMargin(const std::vector<LogprobCell>& cells, const Eigen::RowVectorXd& relabeled,
                const SignalOptions& options, SignalEvidence& evidence) {
  std::vector<double> differences;
  double floor = 0;
  for (const LogprobCell& cell : cells) {
    if (const auto corrected = cell.Corrected()) {
      differences.push_back(corrected->value);
      floor = std::max(floor, corrected->noise);
    }
  }
  const double margin = Margin(cells, options);
  evidence.effect_gate = margin;
  evidence.p_value =
      std::max(*stats::MeanAboveMarginPValue(differences, margin, floor), *evidence.equality_p_value);
  if (differences.empty()) {
    evidence.notes.emplace_back(
        "no probe has repeated answers: the margin cannot be tested, so the signal cannot reject");
    return;
  }
  const std::vector<double> weights(differences.size(), 1);
  const auto mean = internal::MeanOverProbes(differences, weights);
  internal::SetEffect(mean.mean, mean.standard_error, relabeled, options, evidence);
  const double surely =
      stats::DetectableAboveMargin(margin, floor, options.level, static_cast<double>(differences.size()));
  evidence.detectable_effect =
      std::max(surely, margin + std::max(evidence.detectable_effect.value_or(0), 4 * mean.standard_error));
}

}  // namespace

SignalEvidence EvaluateLogprob(const SampleSet& reference, const SampleSet& observed,
                               const SignalOptions& options) {
  SignalEvidence evidence;
  evidence.signal = "logprob";
  evidence.effect_unit = "nats";
  evidence.default_effect = kDefaultEffectNats;
  const std::vector<LogprobCell> cells = BuildCells(reference, observed);
  if (cells.empty()) {
    evidence.reason = "no probe with log-probabilities on both sides";
    return evidence;
  }
  std::vector<stats::Stratum> strata;
  for (const LogprobCell& cell : cells) {
    strata.push_back(cell.stratum);
    evidence.n_reference += cell.stratum.n_reference;
    evidence.n_observed += cell.stratum.n_observed;
  }
  const auto table = stats::EvaluateRelabelings(
      strata, 1,
      [&](std::size_t s, const stats::LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
        Eigen::RowVectorXd part = Eigen::RowVectorXd::Zero(out.cols());
        cells[s].Accumulate(labels, part);
        out.row(0) += part;
      },
      {.permutations = options.permutations,
       .seed = stats::MixSeed(options.seed, 2),
       .threads = options.threads});
  if (!table.ok()) {
    evidence.reason = std::string(table.status().message());
    return evidence;
  }
  evidence.measurable = true;
  evidence.probes = static_cast<std::int64_t>(cells.size());
  const Eigen::RowVectorXd mean_difference = table->values.row(0) / static_cast<double>(cells.size());
  evidence.statistic = mean_difference(0);
  evidence.equality_p_value = stats::PermutationPValue(mean_difference);
  TestMargin(cells, mean_difference, options, evidence);
  evidence.method =
      std::string("mean absolute log-probability difference; margin by betting over probes") +
      (table->exact ? ", equality by all relabelings" : ", equality by permutation within probes");
  return evidence;
}

}  // namespace pinchbeck
