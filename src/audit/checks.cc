// Judges answers to generated probes.
#include "pinchbeck/audit/checks.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "pinchbeck/core/recording_set.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/fisher_exact.h"
#include "pinchbeck/stats/multiplicity.h"
#include "pinchbeck/stats/power.h"
#include "pinchbeck/stats/special_functions.h"
#include "pinchbeck/stats/success_rate_bet.h"
#include "src/audit/check_answers.h"
#include "src/audit/effort_check.h"
#include "src/audit/stream_check.h"
#include "src/audit/tested_check.h"

namespace pinchbeck {
namespace {

using internal::CacheAnswers;
using internal::CheckAnswers;
using internal::FillCounts;
using internal::NotMeasured;
using internal::TestAgainstReference;
using internal::Tested;
using internal::Trial;
using stats::EventCount;

constexpr double kConfidenceLevel = 0.05;

EventCount CountEvents(const std::vector<Trial>& trials) {
  EventCount count;
  count.trials = static_cast<std::int64_t>(trials.size());
  for (const Trial& trial : trials) count.events += trial.event ? 1 : 0;
  return count;
}

absl::StatusOr<Tested> TestRung(std::int64_t tokens, const CheckAnswers& observed,
                                const CheckAnswers* reference, const ChecksOptions& options) {
  Tested tested;
  tested.result.check = "context/" + std::to_string(tokens);
  const std::vector<Trial>& trials = observed.rungs.at(tokens);
  if (trials.empty()) return NotMeasured(tested.result.check, "no usable answer");
  const EventCount lost = CountEvents(trials);
  FillCounts(lost, tested.result);
  if (reference != nullptr) {
    const auto found = reference->rungs.find(tokens);
    if (found == reference->rungs.end() || found->second.empty())
      return NotMeasured(tested.result.check, "not in the reference");
    tested.result.null_hypothesis = "needles are lost no more often than at the reference";
    PINCHBECK_RETURN_IF_ERROR(TestAgainstReference(lost, CountEvents(found->second), tested));
  } else {
    tested.result.null_hypothesis =
        absl::StrFormat("each needle is found with a chance of at least %g", options.min_recall);
    tested.result.method = "bet against the promised rate, valid at any stopping time";
    PINCHBECK_ASSIGN_OR_RETURN(auto bet, stats::SuccessRateBet::Create(options.min_recall));
    PINCHBECK_ASSIGN_OR_RETURN(auto worst, stats::SuccessRateBet::Create(options.min_recall));
    for (const Trial& trial : trials) {
      bet.Update(!trial.event);
      worst.Update(false);
    }
    tested.result.p_value = bet.p_value();
    tested.worst_p_value = worst.p_value();
  }
  EventCount halves[2];
  for (const Trial& trial : trials) {
    EventCount& half = halves[trial.depth < 0.5 ? 0 : 1];
    ++half.trials;
    half.events += trial.event ? 1 : 0;
  }
  tested.result.notes.push_back(
      absl::StrFormat("lost in the first half of the text: %d of %d, in the second: %d of %d",
                      halves[0].events, halves[0].trials, halves[1].events, halves[1].trials));
  return tested;
}

absl::StatusOr<Tested> TestEcho(const std::string& kind, const CheckAnswers& observed,
                                const CheckAnswers* reference, const ChecksOptions& options) {
  Tested tested;
  tested.result.check = kind;
  const std::vector<Trial>& trials = observed.echoes.at(kind);
  if (trials.empty()) return NotMeasured(kind, "no usable answer");
  const EventCount changed = CountEvents(trials);
  FillCounts(changed, tested.result);
  if (reference != nullptr) {
    const auto found = reference->echoes.find(kind);
    if (found == reference->echoes.end() || found->second.empty())
      return NotMeasured(kind, "not in the reference");
    tested.result.null_hypothesis = "lines are changed no more often than at the reference";
    PINCHBECK_RETURN_IF_ERROR(TestAgainstReference(changed, CountEvents(found->second), tested));
  } else {
    tested.result.null_hypothesis =
        absl::StrFormat("each line is changed with a chance of at most %g", options.max_change_share);
    tested.result.method = "binomial tail";
    tested.result.p_value =
        stats::BinomialUpperTail(changed.events, changed.trials, options.max_change_share);
    tested.worst_p_value = stats::BinomialUpperTail(changed.trials, changed.trials, options.max_change_share);
  }
  std::map<std::string, std::int64_t> changes;
  for (const Trial& trial : trials) {
    if (trial.event) ++changes[trial.change];
  }
  for (const auto& [change, count] : changes) {
    tested.result.notes.push_back(absl::StrFormat("changed: %s, %d times", change, count));
  }
  return tested;
}

using Cells = std::map<std::string, std::vector<std::string>>;

// Pairs of neighbours, each answer in one pair only, so that pairs are independent.
EventCount NeighbourPairs(const std::vector<std::string>& answers) {
  EventCount pairs;
  for (std::size_t i = 0; i + 1 < answers.size(); i += 2) {
    ++pairs.trials;
    pairs.events += answers[i] == answers[i + 1] ? 1 : 0;
  }
  return pairs;
}

// Pairs of both sides, prompt by prompt; prompts without a pair on a side are left out.
std::vector<stats::EventStratum> RepeatStrata(const Cells& reference, const Cells& observed) {
  std::vector<stats::EventStratum> strata;
  for (const auto& [prompt, answers] : observed) {
    const auto other = reference.find(prompt);
    if (other == reference.end()) continue;
    const stats::EventStratum stratum{NeighbourPairs(other->second), NeighbourPairs(answers)};
    if (stratum.reference.trials > 0 && stratum.observed.trials > 0) strata.push_back(stratum);
  }
  return strata;
}

void Add(const EventCount& count, EventCount& sum) {
  sum.events += count.events;
  sum.trials += count.trials;
}

absl::Status TestRepeats(std::vector<stats::EventStratum> strata, Tested& tested) {
  PINCHBECK_ASSIGN_OR_RETURN(tested.result.p_value, stats::StratifiedFisherExactGreater(strata));
  EventCount observed, reference;
  for (stats::EventStratum& stratum : strata) {
    Add(stratum.observed, observed);
    Add(stratum.reference, reference);
    // What a perfect cache would have given.
    stratum.observed.events = stratum.observed.trials;
  }
  PINCHBECK_ASSIGN_OR_RETURN(tested.worst_p_value, stats::StratifiedFisherExactGreater(strata));
  FillCounts(observed, tested.result);
  tested.result.reference_events = reference.events;
  tested.result.reference_trials = reference.trials;
  return absl::OkStatus();
}

absl::StatusOr<Tested> TestCache(const CacheAnswers& observed, const CacheAnswers* reference,
                                 const ChecksOptions& options) {
  Tested tested;
  tested.result.check = "cache";
  const std::vector<stats::EventStratum> strata =
      RepeatStrata(reference != nullptr ? reference->same : observed.nonce, observed.same);
  if (strata.empty()) {
    return NotMeasured("cache", reference != nullptr
                                    ? "no prompt has two answers on both sides; collect the reference with "
                                      "the same --seed and --battery-key-env"
                                    : "no prompt has two answers, with one nonce and with fresh ones");
  }
  PINCHBECK_RETURN_IF_ERROR(TestRepeats(strata, tested));
  if (reference != nullptr) {
    tested.result.null_hypothesis = "answers to one prompt repeat no more often than at the reference";
    tested.result.method = "Fisher's exact test of equal pairs within prompts, one-sided";
  } else {
    tested.result.null_hypothesis = absl::StrFormat(
        "answers to one prompt repeat no more often than those with fresh nonces, or with a chance of at "
        "most "
        "%g",
        options.max_repeat_share);
    tested.result.method = "larger of Fisher's exact p-value within prompts and the binomial one";
    const std::int64_t events = tested.result.events, trials = tested.result.trials;
    tested.result.p_value =
        std::max(*tested.result.p_value, stats::BinomialUpperTail(events, trials, options.max_repeat_share));
    tested.worst_p_value =
        std::max(tested.worst_p_value, stats::BinomialUpperTail(trials, trials, options.max_repeat_share));
    // These are the endpoint's own, not a reference's.
    tested.result.notes.push_back(absl::StrFormat("with fresh nonces: %d of %d pairs are equal",
                                                  *tested.result.reference_events,
                                                  *tested.result.reference_trials));
    tested.result.reference_events.reset();
    tested.result.reference_trials.reset();
    tested.result.notes.emplace_back(
        "an endpoint that ignores the temperature repeats itself too; a reference tells the two apart");
  }
  if (observed.repeated_ids > 0) {
    tested.result.notes.push_back(
        absl::StrFormat("%d answers carry the response id of an earlier one", observed.repeated_ids));
  }
  return tested;
}

// One lost needle or changed line, whatever the counts beside it, must not decide anything: a larger p-value
// stays a valid one.
void DiscountSingleEvents(Tested& tested) {
  CheckResult& result = tested.result;
  if (!result.p_value.has_value() || result.trials == 0) return;
  if (result.events < 2) result.p_value = 1.0;
  if (result.trials < 2) tested.worst_p_value = 1.0;
}

// Holm's adjustment over the measured checks, and from it statuses and verdict.
void Decide(const std::vector<Tested>& tested, ChecksReport& report) {
  std::vector<double> p_values;
  for (const Tested& test : tested) {
    if (test.result.p_value.has_value()) p_values.push_back(*test.result.p_value);
  }
  const std::vector<double> adjusted = stats::HolmAdjust(p_values, p_values.size());
  const auto family = static_cast<double>(p_values.size());
  std::size_t next = 0;
  bool differs = false, open = false;
  for (const Tested& test : tested) {
    report.checks.push_back(test.result);
    CheckResult& result = report.checks.back();
    if (!result.p_value.has_value()) {
      open = true;
      continue;
    }
    result.adjusted_p_value = adjusted[next++];
    report.p_value = std::min(report.p_value.value_or(1.0), *result.adjusted_p_value);
    if (*result.adjusted_p_value <= report.alpha) {
      result.status = SignalStatus::kDiffers;
      differs = true;
    } else if (family * test.worst_p_value <= report.alpha && test.open.empty()) {
      result.status = SignalStatus::kConsistent;
    } else if (family * test.worst_p_value <= report.alpha) {
      result.status = SignalStatus::kInconclusive;
      result.notes.push_back(test.open);
      open = true;
    } else {
      result.status = SignalStatus::kInconclusive;
      result.notes.emplace_back("too few answers: not even the worst outcome would have been rejected");
      open = true;
    }
  }
  if (p_values.empty()) return;
  report.verdict = differs ? Verdict::kDiffers : open ? Verdict::kInconclusive : Verdict::kConsistent;
}

// Every rung's recall lies in its interval at once with 95 % (Bonferroni).
absl::StatusOr<ContextEstimate> EstimateContext(const CheckAnswers& observed) {
  ContextEstimate estimate;
  const double level = kConfidenceLevel / static_cast<double>(observed.rungs.size());
  bool unbroken = true;
  for (const auto& [tokens, trials] : observed.rungs) {
    if (trials.empty()) continue;
    const stats::EventCount count = CountEvents(trials);
    PINCHBECK_ASSIGN_OR_RETURN(const auto lost, stats::ClopperPearson(count.events, count.trials, 1 - level));
    const bool works = lost.high < 0.5;
    const bool fails = lost.low > 0.5;
    // Recall that does not rise with length makes every rung below a working one work.
    if (works && unbroken) estimate.low = tokens;
    if (fails && !estimate.high.has_value()) estimate.high = tokens;
    unbroken = unbroken && !fails;
  }
  return estimate;
}

absl::Status CheckOptions(const ChecksOptions& options) {
  if (!(options.alpha > 0 && options.alpha <= 0.5)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("alpha is %g; give a number in (0, 0.5]", options.alpha));
  }
  if (options.permutations < 99) {
    return absl::InvalidArgumentError(
        absl::StrFormat("permutations is %d; give at least 99", options.permutations));
  }
  for (const double bound :
       {options.max_repeat_share, options.min_recall, options.max_change_share, options.min_effort_share}) {
    if (!(bound > 0 && bound < 1)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("a bound is %g; give a number above 0 and below 1", bound));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadAll(const std::vector<std::string>& paths, std::vector<Observation>* out,
                     std::vector<std::string>* warnings) {
  if (paths.empty()) return absl::OkStatus();
  PINCHBECK_ASSIGN_OR_RETURN(const RecordingSetSummary summary,
                             ReadRecordings(paths, [out](const Observation& observation) {
                               out->push_back(observation);
                               return absl::OkStatus();
                             }));
  warnings->insert(warnings->end(), summary.warnings.begin(), summary.warnings.end());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ChecksReport> EvaluateChecks(const std::vector<Observation>& observed,
                                            const std::vector<Observation>& reference,
                                            const CheckProbes& probes, const ChecksOptions& options) {
  PINCHBECK_RETURN_IF_ERROR(CheckOptions(options));
  PINCHBECK_ASSIGN_OR_RETURN(const CheckAnswers answers, internal::ReadCheckAnswers(observed, probes));
  PINCHBECK_ASSIGN_OR_RETURN(const CheckAnswers trusted, internal::ReadCheckAnswers(reference, probes));
  const CheckAnswers* const other = reference.empty() ? nullptr : &trusted;
  ChecksReport report;
  report.alpha = options.alpha;
  report.seed = options.seed;
  report.has_reference = other != nullptr;
  std::vector<Tested> tested;
  const auto add = [&](const std::string& check, const CheckAnswers* compared,
                       const auto& test) -> absl::Status {
    const std::string obstacle = internal::ConditionObstacle(check, answers, compared);
    absl::StatusOr<Tested> result = NotMeasured(check, obstacle);
    if (obstacle.empty()) result = test();
    if (!result.ok()) return result.status();
    DiscountSingleEvents(*result);
    tested.push_back(*std::move(result));
    return absl::OkStatus();
  };
  if (answers.cache.asked) {
    PINCHBECK_RETURN_IF_ERROR(add("cache", other, [&] {
      return TestCache(answers.cache, other == nullptr ? nullptr : &other->cache, options);
    }));
  }
  for (const auto& rung : answers.rungs) {
    PINCHBECK_RETURN_IF_ERROR(add("context/" + std::to_string(rung.first), other,
                                  [&] { return TestRung(rung.first, answers, other, options); }));
  }
  for (const auto& echo : answers.echoes) {
    PINCHBECK_RETURN_IF_ERROR(
        add(echo.first, other, [&] { return TestEcho(echo.first, answers, other, options); }));
  }
  if (answers.stream.asked) {
    PINCHBECK_RETURN_IF_ERROR(add(std::string(kStreamGroup), nullptr,
                                  [&] { return internal::TestStream(answers.stream, options); }));
  }
  if (answers.effort.asked) {
    PINCHBECK_RETURN_IF_ERROR(add(std::string(kEffortGroup), other, [&] {
      return internal::TestEffort(answers.effort, other == nullptr ? nullptr : &other->effort, options);
    }));
  }
  Decide(tested, report);
  if (!answers.rungs.empty()) {
    PINCHBECK_ASSIGN_OR_RETURN(report.context, EstimateContext(answers));
  }
  if (answers.failed > 0) {
    report.warnings.push_back(absl::StrFormat("%d failed requests do not count", answers.failed));
  }
  if (answers.other > 0) {
    report.warnings.push_back(absl::StrFormat("%d answers to other probes are left out", answers.other));
  }
  return report;
}

absl::StatusOr<ChecksReport> EvaluateCheckRecordings(const std::vector<std::string>& recordings,
                                                     const std::vector<std::string>& references,
                                                     const Secret& key, const ChecksOptions& options) {
  PINCHBECK_ASSIGN_OR_RETURN(const CheckProbes probes, CheckProbes::Make(key));
  std::vector<Observation> observed, reference;
  std::vector<std::string> warnings;
  PINCHBECK_RETURN_IF_ERROR(ReadAll(recordings, &observed, &warnings));
  PINCHBECK_RETURN_IF_ERROR(ReadAll(references, &reference, &warnings));
  PINCHBECK_ASSIGN_OR_RETURN(ChecksReport report, EvaluateChecks(observed, reference, probes, options));
  report.warnings.insert(report.warnings.begin(), warnings.begin(), warnings.end());
  return report;
}

}  // namespace pinchbeck
