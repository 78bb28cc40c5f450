// Input-token counts: a match table after one constant, not a p-value. Reported with the configuration
// findings.
#include "pinchbeck/signal/tokenizer.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <utility>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/special_functions.h"

namespace pinchbeck {
namespace {

constexpr double kMatchingShare = 0.9;
constexpr std::int64_t kFewestForSlope = 5;
constexpr std::int64_t kDistinctForSlope = 3;
// Pairs of prompts grow with the square of their number.
constexpr std::size_t kMostForSlope = 512;
constexpr double kNormal95 = 1.959963984540054;
// Least distance of a billing factor from 1.
constexpr double kSmallestFactor = 0.03;
// A way of counting with less than this share of the answers is an accident.
constexpr double kSmallestBackend = 0.02;

struct Counted {
  double reference = 0, observed = 0;
};

std::int64_t MostFrequent(const std::map<std::int64_t, std::int64_t>& counts) {
  auto best = counts.begin();
  for (auto it = counts.begin(); it != counts.end(); ++it) {
    if (it->second > best->second) best = it;
  }
  return best->first;
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

// Calls use(reference counts, observed counts) for every prompt that both sides counted.
template <class Use>
void ForEachPrompt(const SampleSet& reference, const SampleSet& observed, Use use) {
  for (const auto& [id, probe] : reference.probes) {
    const auto it = observed.probes.find(id);
    if (probe.input_tokens.empty() || it == observed.probes.end() || it->second.input_tokens.empty())
      continue;
    use(probe.input_tokens, it->second.input_tokens);
  }
}

std::vector<CountingBackend> Backends(const SampleSet& reference, const SampleSet& observed) {
  std::map<std::int64_t, std::int64_t> answers;
  std::int64_t total = 0;
  ForEachPrompt(reference, observed, [&](const auto& expected, const auto& counted) {
    const std::int64_t usual = MostFrequent(expected);
    for (const auto& [tokens, times] : counted) {
      answers[tokens - usual] += times;
      total += times;
    }
  });
  std::vector<CountingBackend> backends;
  for (const auto& [shift, times] : answers) {
    const double share = static_cast<double>(times) / static_cast<double>(total);
    if (share >= kSmallestBackend) backends.push_back({shift, share});
  }
  std::stable_sort(backends.begin(), backends.end(),
                   [](const auto& a, const auto& b) { return a.share > b.share; });
  return backends;
}

// Least squares; `b` is 1 where the reference's counts are all equal.
struct Line {
  double a = 0, b = 1;
};

Line LeastSquares(const std::vector<Counted>& points) {
  double mean_x = 0, mean_y = 0, xx = 0, xy = 0;
  const double n = static_cast<double>(points.size());
  for (const Counted& point : points) {
    mean_x += point.reference / n;
    mean_y += point.observed / n;
  }
  for (const Counted& point : points) {
    xx += (point.reference - mean_x) * (point.reference - mean_x);
    xy += (point.reference - mean_x) * (point.observed - mean_y);
  }
  const double b = xx > 0 ? xy / xx : 1;
  return {mean_y - b * mean_x, b};
}

std::optional<double> RSquared(const std::vector<Counted>& points) {
  if (points.size() < 3) return std::nullopt;
  // Counts are whole numbers: the sums are exact, and equal counts have no variance to the last bit.
  double sum_x = 0, sum_y = 0, xx = 0, yy = 0, xy = 0;
  const double n = static_cast<double>(points.size());
  for (const Counted& point : points) {
    sum_x += point.reference;
    sum_y += point.observed;
  }
  for (const Counted& point : points) {
    const double dx = n * point.reference - sum_x, dy = n * point.observed - sum_y;
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  if (xx <= 0 || yy <= 0) return std::nullopt;
  return xy * xy / (xx * yy);
}

double Residual(const Counted& point, const Line& line) {
  return point.observed - line.a - line.b * point.reference;
}

Line TheilSen(const std::vector<Counted>& points) {
  const std::size_t n = std::min(points.size(), kMostForSlope);
  std::vector<double> slopes;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      const double dx = points[j].reference - points[i].reference;
      if (dx != 0) slopes.push_back((points[j].observed - points[i].observed) / dx);
    }
  }
  if (slopes.empty()) return LeastSquares(points);
  Line line;
  line.b = Median(std::move(slopes));
  std::vector<double> intercepts;
  for (const Counted& point : points) intercepts.push_back(point.observed - line.b * point.reference);
  line.a = Median(std::move(intercepts));
  return line;
}

// 95 % interval of the median by order statistics; the whole range where the values are too few for that.
void SetMedianInterval(std::vector<double> shifts, TokenizerFit& fit) {
  std::sort(shifts.begin(), shifts.end());
  const auto n = static_cast<std::int64_t>(shifts.size());
  std::int64_t rank = 0;
  while (2 * (rank + 1) <= n && 2 * stats::BinomialLowerTail(rank, n, 0.5) <= 0.05) ++rank;
  const auto low = static_cast<std::size_t>(std::max<std::int64_t>(0, rank - 1));
  fit.intercept_low = std::min(fit.intercept, shifts[low]);
  fit.intercept_high = std::max(fit.intercept, shifts[shifts.size() - 1 - low]);
}

// Standard error of the intercept from the prompts on the line.
void SetLineInterval(const std::vector<Counted>& points, const Line& line, TokenizerFit& fit) {
  const double n = static_cast<double>(points.size());
  double mean = 0, spread = 0, squares = 0;
  for (const Counted& point : points) mean += point.reference / n;
  for (const Counted& point : points) {
    spread += (point.reference - mean) * (point.reference - mean);
    squares += Residual(point, line) * Residual(point, line);
  }
  const double half = kNormal95 * std::sqrt(squares / (n - 2) * (1 / n + mean * mean / spread));
  fit.intercept_low = line.a - half;
  fit.intercept_high = line.a + half;
}

double SlopeError(const std::vector<Counted>& points, const Line& line) {
  const double n = static_cast<double>(points.size());
  double mean = 0, spread = 0, squares = 0;
  for (const Counted& point : points) mean += point.reference / n;
  for (const Counted& point : points) {
    spread += (point.reference - mean) * (point.reference - mean);
    squares += Residual(point, line) * Residual(point, line);
  }
  return std::sqrt(squares / (n - 2) / spread);
}

// Counts multiplied by a factor and rounded. False where no line fits.
bool FitScaled(const std::vector<Counted>& points, TokenizerFit& fit) {
  if (fit.probes < kFewestForSlope || fit.distinct < kDistinctForSlope) return false;
  const Line rough = TheilSen(points);
  std::vector<Counted> near;
  std::set<double> distinct;
  for (const Counted& point : points) {
    if (std::abs(Residual(point, rough)) > 1.5) continue;
    near.push_back(point);
    distinct.insert(point.reference);
  }
  if (near.size() < kFewestForSlope || distinct.size() < kDistinctForSlope) return false;
  const Line line = LeastSquares(near);
  const auto matching = std::count_if(points.begin(), points.end(), [&](const Counted& point) {
    return std::abs(Residual(point, line)) <= 1;
  });
  if (static_cast<double>(matching) < kMatchingShare * static_cast<double>(points.size())) return false;
  // Counts that scatter by a token lie near some line too: a factor must be one.
  if (std::abs(line.b - 1) < std::max(kSmallestFactor, 2 * SlopeError(near, line))) return false;
  fit.matching = matching;
  fit.slope = line.b;
  fit.intercept = line.a;
  SetLineInterval(near, line, fit);
  fit.reading = TokenizerReading::kScaled;
  return true;
}

void FitLine(const std::vector<Counted>& points, TokenizerFit& fit) {
  std::map<std::int64_t, std::int64_t> shifts;
  std::vector<double> all;
  for (const Counted& point : points) {
    all.push_back(point.observed - point.reference);
    ++shifts[static_cast<std::int64_t>(all.back())];
  }
  const std::int64_t shift = MostFrequent(shifts);
  fit.matching = shifts[shift];
  fit.intercept = static_cast<double>(shift);
  const bool constant = static_cast<double>(fit.matching) >= kMatchingShare * static_cast<double>(fit.probes);
  if (constant) fit.reading = shift == 0 ? TokenizerReading::kSame : TokenizerReading::kShifted;
  if (!constant && !FitScaled(points, fit)) fit.reading = TokenizerReading::kOtherTokenizer;
  if (fit.reading != TokenizerReading::kScaled) SetMedianInterval(all, fit);
  const Line line{fit.intercept, fit.slope};
  for (const Counted& point : points) {
    fit.largest_residual = std::max(fit.largest_residual, std::abs(Residual(point, line)));
  }
}

std::string Formatted(const char* format, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, format, value);
  return buffer;
}

std::string Tokens(double count) { return Formatted("%.4g", count); }

void AddReading(const TokenizerFit& fit, std::vector<std::string>& notes) {
  const std::string matching =
      std::to_string(fit.matching) + " of " + std::to_string(fit.probes) + " probes match ";
  switch (fit.reading) {
    case TokenizerReading::kSame:
      notes.push_back(matching + "exactly");
      break;
    case TokenizerReading::kShifted:
      notes.push_back(matching + "after a constant shift of " + Tokens(fit.intercept) + " tokens [" +
                      Tokens(fit.intercept_low) + ", " + Tokens(fit.intercept_high) +
                      "]: another prompt template or a hidden system prompt");
      break;
    case TokenizerReading::kScaled:
      notes.push_back(matching + "after scaling by " + Tokens(fit.slope) + " and adding " +
                      Tokens(fit.intercept) + " tokens: " +
                      (fit.slope > 1 ? "more tokens are billed than the prompts hold"
                                     : "fewer tokens are billed than the prompts hold"));
      break;
    case TokenizerReading::kOtherTokenizer:
      notes.push_back(matching + "after a constant shift of " + Tokens(fit.intercept) +
                      " tokens, and no line fits: another tokenizer");
      break;
  }
  const bool on_line = fit.reading == TokenizerReading::kSame || fit.reading == TokenizerReading::kShifted;
  if (fit.r_squared && !on_line)
    notes.push_back("a straight line explains R2 = " + Formatted("%.5f", *fit.r_squared));
}

void AddBackends(const TokenizerFit& fit, std::vector<std::string>& notes) {
  if (fit.unstable == 0) return;
  std::string text =
      std::to_string(fit.unstable) + " probes were counted in several ways: more than one backend may answer";
  std::string list;
  constexpr std::size_t kShown = 4;
  for (std::size_t i = 0; i < std::min(kShown, fit.backends.size()); ++i) {
    list += (i > 0 ? ", " : "") + std::to_string(fit.backends[i].shift) + " in " +
            Formatted("%.0f", 100 * fit.backends[i].share) + "%";
  }
  if (!list.empty()) text += " (tokens more than the reference: " + list + " of the answers)";
  notes.push_back(std::move(text));
}

}  // namespace

std::string_view TokenizerReadingName(TokenizerReading reading) {
  switch (reading) {
    case TokenizerReading::kSame:
      return "same";
    case TokenizerReading::kShifted:
      return "shifted";
    case TokenizerReading::kScaled:
      return "scaled";
    case TokenizerReading::kOtherTokenizer:
      return "other_tokenizer";
  }
  return "same";
}

std::optional<TokenizerFit> FitTokenizer(const SampleSet& reference, const SampleSet& observed) {
  TokenizerFit fit;
  std::vector<Counted> points;
  std::set<std::int64_t> distinct;
  ForEachPrompt(reference, observed, [&](const auto& expected, const auto& counted) {
    points.push_back(
        {static_cast<double>(MostFrequent(expected)), static_cast<double>(MostFrequent(counted))});
    distinct.insert(MostFrequent(expected));
    fit.unstable += counted.size() > 1 && expected.size() == 1;
  });
  if (points.empty()) return std::nullopt;
  fit.probes = static_cast<std::int64_t>(points.size());
  fit.distinct = static_cast<std::int64_t>(distinct.size());
  FitLine(points, fit);
  fit.r_squared = RSquared(points);
  if (fit.unstable > 0) fit.backends = Backends(reference, observed);
  return fit;
}

bool ShowsOtherPrompt(const TokenizerFit& fit) {
  return fit.reading == TokenizerReading::kShifted && fit.matching == fit.probes &&
         fit.probes >= kFewestForSlope && fit.distinct >= kDistinctForSlope && fit.unstable == 0;
}

SignalEvidence EvaluateTokenizer(const SampleSet& reference, const SampleSet& observed,
                                 const SignalOptions&) {
  SignalEvidence evidence;
  evidence.signal = "tokenizer";
  evidence.counted = false;
  evidence.effect_unit = "tokens";
  const std::optional<TokenizerFit> fit = FitTokenizer(reference, observed);
  if (!fit) {
    evidence.reason = "no probe with input-token counts on both sides";
    return evidence;
  }
  ForEachPrompt(reference, observed, [&](const auto& expected, const auto& counted) {
    for (const auto& [tokens, times] : expected) evidence.n_reference += times;
    for (const auto& [tokens, times] : counted) evidence.n_observed += times;
  });
  evidence.measurable = true;
  evidence.method = "input-token counts as a line over the reference's";
  evidence.probes = fit->probes;
  evidence.statistic = static_cast<double>(fit->matching) / static_cast<double>(fit->probes);
  evidence.effect = fit->intercept;
  evidence.effect_low = fit->intercept_low;
  evidence.effect_high = fit->intercept_high;
  AddReading(*fit, evidence.notes);
  AddBackends(*fit, evidence.notes);
  return evidence;
}

}  // namespace pinchbeck
