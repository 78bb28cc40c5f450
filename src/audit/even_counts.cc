#include "src/audit/even_counts.h"

#include <algorithm>
#include <cmath>

#include "src/client/text_guard.h"

namespace pinchbeck::internal {
namespace {

constexpr double kRareEnough = 1e-3;

// How often each answer came, if all came equally often.
std::optional<std::int64_t> EvenCount(const ProbeSample& probe) {
  if (probe.choices.empty()) return std::nullopt;
  const std::int64_t each = probe.choices.begin()->second;
  const bool even = std::all_of(probe.choices.begin(), probe.choices.end(),
                                [each](const auto& choice) { return choice.second == each; });
  return even ? std::optional(each) : std::nullopt;
}

}  // namespace

double LogChanceOfEvenCounts(std::int64_t values, std::int64_t each) {
  const auto k = static_cast<double>(values);
  const auto m = static_cast<double>(each);
  const double log_chance =
      std::lgamma(k * m + 1) - k * std::lgamma(m + 1) - k * (m - 1) * std::log(k) - std::lgamma(k + 1);
  return std::min(log_chance, 0.0);
}

std::optional<std::string> EvenCountsWarning(const Fingerprint& fingerprint) {
  double looked_at = 0;
  for (const FingerprintPart& part : fingerprint.parts) {
    looked_at += static_cast<double>(part.sample.probes.size());
  }
  for (const FingerprintPart& part : fingerprint.parts) {
    for (const auto& [id, probe] : part.sample.probes) {
      // Repeats at temperature 0 are no draws.
      if (!(probe.conditions.temperature.value_or(0) > 0)) continue;
      const std::optional<std::int64_t> each = EvenCount(probe);
      if (!each.has_value() || *each < 1) continue;
      const auto values = static_cast<std::int64_t>(probe.choices.size());
      if (LogChanceOfEvenCounts(values, *each) + std::log(looked_at) >= std::log(kRareEnough)) continue;
      return "the " + std::to_string(values) + " answers to probe " + Quoted(id, 60) + " came exactly " +
             std::to_string(*each) +
             " times each, which drawn answers do with a chance below 1/1000; if the reference was made by "
             "hand, the monitor's error rate does not hold";
    }
  }
  return std::nullopt;
}

}  // namespace pinchbeck::internal
