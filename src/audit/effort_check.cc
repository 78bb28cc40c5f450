#include "src/audit/effort_check.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/special_functions.h"
#include "pinchbeck/stats/van_elteren.h"

namespace pinchbeck::internal {
namespace {

using stats::EventCount;

// Reasoning tokens of the problems that say something, one entry a problem in both lists.
struct Pairs {
  std::vector<double> low, high;
  // Problems without reasoning at either level, and those that a limit cut so that their order is unknown.
  std::int64_t without_reasoning = 0, cut = 0;
};

// Whether a cut leaves open which of the two is longer. A length that was cut is at least what was counted.
bool OrderIsUnknown(const ReasoningLength& low, const ReasoningLength& high) {
  if (low.cut && high.cut) return true;
  return low.cut ? low.tokens < high.tokens : high.cut && high.tokens <= low.tokens;
}

Pairs MakePairs(const EffortAnswers& answers) {
  Pairs pairs;
  for (const auto& [problem, low] : answers.low) {
    const auto high = answers.high.find(problem);
    if (high == answers.high.end()) continue;
    if (low.tokens == 0 && high->second.tokens == 0) {
      ++pairs.without_reasoning;
    } else if (OrderIsUnknown(low, high->second)) {
      ++pairs.cut;
    } else {
      pairs.low.push_back(static_cast<double>(low.tokens));
      pairs.high.push_back(static_cast<double>(high->second.tokens));
    }
  }
  return pairs;
}

// Problems with no more reasoning at the high effort than at the low one.
EventCount CountEvents(const Pairs& pairs) {
  EventCount count;
  count.trials = static_cast<std::int64_t>(pairs.low.size());
  for (std::size_t i = 0; i < pairs.low.size(); ++i) count.events += pairs.high[i] <= pairs.low[i] ? 1 : 0;
  return count;
}

// H0: the effort changes nothing. Rejecting it is what shows that the effort is obeyed.
absl::StatusOr<stats::TwoSampleResult> TestIncrease(const Pairs& pairs, const ChecksOptions& options) {
  std::vector<stats::StratumSample> problems;
  for (std::size_t i = 0; i < pairs.low.size(); ++i)
    problems.push_back({{&pairs.low[i], 1}, {&pairs.high[i], 1}});
  stats::VanElterenOptions test;
  test.method = stats::VanElterenMethod::kPermutation;
  test.alternative = stats::Alternative::kObservedGreater;
  test.permutation.permutations = options.permutations;
  test.permutation.seed = options.seed;
  return stats::VanElteren(problems, test);
}

std::string WhyNothing(const EffortAnswers& answers, const Pairs& pairs) {
  if (pairs.without_reasoning > 0) {
    return absl::StrFormat("%d problems were answered without reasoning at both levels",
                           pairs.without_reasoning);
  }
  if (pairs.cut > 0) {
    return absl::StrFormat("the output limit cut %d problems, so that nothing can be compared", pairs.cut);
  }
  if (answers.without_count > 0) return "no answer says how many tokens were spent on reasoning";
  return "no problem has a usable answer at both levels";
}

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

void AddNotes(const EffortAnswers& answers, const Pairs& pairs, double increase_p_value,
              CheckResult& result) {
  result.notes.push_back(absl::StrFormat("reasoning tokens on average: %.0f at low effort, %.0f at high",
                                         Mean(pairs.low), Mean(pairs.high)));
  result.notes.push_back(
      absl::StrFormat("test of an increase (van Elteren, by problem): one-sided p = %.2g", increase_p_value));
  if (answers.without_count > 0) {
    result.notes.push_back(
        absl::StrFormat("%d answers do not count reasoning tokens and are left out", answers.without_count));
  }
  if (pairs.without_reasoning > 0) {
    result.notes.push_back(absl::StrFormat("%d problems without reasoning at both levels are left out",
                                           pairs.without_reasoning));
  }
  if (pairs.cut > 0) {
    result.notes.push_back(absl::StrFormat("%d problems that the output limit cut are left out", pairs.cut));
  }
}

}  // namespace

absl::StatusOr<Tested> TestEffort(const EffortAnswers& observed, const EffortAnswers* reference,
                                  const ChecksOptions& options) {
  const Pairs pairs = MakePairs(observed);
  if (pairs.low.empty()) return NotMeasured("effort", WhyNothing(observed, pairs));
  Tested tested;
  CheckResult& result = tested.result;
  result.check = "effort";
  const EventCount events = CountEvents(pairs);
  FillCounts(events, result);
  if (reference != nullptr) {
    const Pairs trusted = MakePairs(*reference);
    if (trusted.low.empty())
      return NotMeasured("effort", "not in the reference: " + WhyNothing(*reference, trusted));
    result.null_hypothesis = "more effort fails to lengthen reasoning no more often than at the reference";
    PINCHBECK_RETURN_IF_ERROR(TestAgainstReference(events, CountEvents(trusted), tested));
  } else {
    const double bound = 1 - options.min_effort_share;
    result.null_hypothesis = absl::StrFormat(
        "reasoning is longer at high effort with a chance of at least %g", options.min_effort_share);
    result.method = "binomial tail";
    result.p_value = stats::BinomialUpperTail(events.events, events.trials, bound);
    tested.worst_p_value = stats::BinomialUpperTail(events.trials, events.trials, bound);
  }
  PINCHBECK_ASSIGN_OR_RETURN(const stats::TwoSampleResult increase, TestIncrease(pairs, options));
  result.effect = increase.effect;
  result.effect_unit = "Cliff's delta";
  if (increase.p_value > options.alpha) tested.open = "that more effort lengthens reasoning is not shown";
  AddNotes(observed, pairs, increase.p_value, result);
  return tested;
}

}  // namespace pinchbeck::internal
