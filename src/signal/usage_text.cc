// Reported output tokens beside the text that came with them.
#include <algorithm>
#include <cmath>
#include <vector>

#include "pinchbeck/signal/tokenizer.h"
#include "src/signal/student_limit.h"

namespace pinchbeck {
namespace {

constexpr std::size_t kFewestProbes = 5;

struct Sums {
  double units = 0, characters = 0;
};

// Both kept of every answer, so that they belong together.
std::optional<Sums> SumsOf(const ProbeSample& sample) {
  if (sample.texts.empty() || sample.texts.size() != sample.lengths.size()) return std::nullopt;
  Sums sums;
  for (const OutputLength& length : sample.lengths) sums.units += length.length;
  // The first style feature is log(1 + characters).
  for (const TextFeatures& text : sample.texts) sums.characters += std::expm1(text.style[0]);
  if (sums.units <= 0 || sums.characters <= 0.5) return std::nullopt;
  return sums;
}

}  // namespace

std::optional<UsageAgainstText> CompareUsageWithText(const SignalPlan& plan, const SampleSet& reference,
                                                     const SampleSet& observed) {
  // Reported tokens and counted events are never mixed.
  for (const LengthSource source : {LengthSource::kUsage, LengthSource::kEvents}) {
    UsageAgainstText result;
    std::vector<double> counted, expected;
    for (const auto& [id, probe] : reference.probes) {
      const auto it = observed.probes.find(id);
      const auto planned = plan.find(id);
      if (it == observed.probes.end() || planned == plan.end() || planned->second.length_source != source)
        continue;
      const std::optional<Sums> a = SumsOf(probe), b = SumsOf(it->second);
      if (!a || !b) continue;
      counted.push_back(b->units);
      expected.push_back(a->units / a->characters * b->characters);
      result.n_reference += static_cast<std::int64_t>(probe.texts.size());
      result.n_observed += static_cast<std::int64_t>(it->second.texts.size());
    }
    if (counted.size() < kFewestProbes) continue;
    double all_counted = 0, all_expected = 0, squares = 0;
    for (std::size_t p = 0; p < counted.size(); ++p) {
      all_counted += counted[p];
      all_expected += expected[p];
    }
    result.factor = all_counted / all_expected;
    for (std::size_t p = 0; p < counted.size(); ++p) {
      const double residual = counted[p] - result.factor * expected[p];
      squares += residual * residual;
    }
    const double k = static_cast<double>(counted.size());
    const double error = std::sqrt(squares * k / (k - 1)) / all_expected;
    const double half = internal::StudentTwoSidedLimit(k - 1, 0.05) * error;
    result.low = std::max(0.0, result.factor - half);
    result.high = result.factor + half;
    result.probes = static_cast<std::int64_t>(counted.size());
    result.unit = source == LengthSource::kUsage ? "output tokens" : "stream events";
    return result;
  }
  return std::nullopt;
}

}  // namespace pinchbeck
