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
#include "pinchbeck/stats/repeat_test.h"
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
    PINCHBECK_ASSIGN_OR_RETURN(auto bet, stats::SuccessRateBet::Make(options.min_recall));
    PINCHBECK_ASSIGN_OR_RETURN(auto worst, stats::SuccessRateBet::Make(options.min_recall));
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

// Counts of the distinct answers of both sides, prompt by prompt; prompts with fewer than two on a side are
// left out.
struct RepeatTables {
  std::vector<std::vector<std::int64_t>> counts;
  std::vector<stats::CountSample> cells;
};

RepeatTables Tabulate(const Cells& reference, const Cells& observed) {
  RepeatTables tables;
  for (const auto& [prompt, answers] : observed) {
    const auto other = reference.find(prompt);
    if (other == reference.end() || other->second.size() < 2 || answers.size() < 2) continue;
    std::map<std::string_view, std::pair<std::int64_t, std::int64_t>> table;
    for (const std::string& answer : other->second) ++table[answer].first;
    for (const std::string& answer : answers) ++table[answer].second;
    std::vector<std::int64_t> first, second;
    for (const auto& entry : table) {
      first.push_back(entry.second.first);
      second.push_back(entry.second.second);
    }
    tables.counts.push_back(std::move(first));
    tables.counts.push_back(std::move(second));
  }
  for (std::size_t i = 0; i + 1 < tables.counts.size(); i += 2) {
    tables.cells.push_back({tables.counts[i], tables.counts[i + 1]});
  }
  return tables;
}

// Pairs of neighbours, each answer in one pair only, so that pairs are independent.
EventCount NeighbourPairs(const Cells& cells) {
  EventCount pairs;
  for (const auto& entry : cells) {
    for (std::size_t i = 0; i + 1 < entry.second.size(); i += 2) {
      ++pairs.trials;
      pairs.events += entry.second[i] == entry.second[i + 1] ? 1 : 0;
    }
  }
  return pairs;
}

// The answers with all of a prompt's replaced by the first: what a perfect cache would have given.
Cells Replayed(Cells cells) {
  for (auto& entry : cells) std::fill(entry.second.begin(), entry.second.end(), entry.second.front());
  return cells;
}

absl::StatusOr<double> RepeatPValue(const Cells& reference, const Cells& observed,
                                    const ChecksOptions& options) {
  const RepeatTables tables = Tabulate(reference, observed);
  if (tables.cells.empty()) return 1.0;
  PINCHBECK_ASSIGN_OR_RETURN(const stats::TwoSampleResult result,
                             stats::RepeatTest(tables.cells, {options.permutations, options.seed}));
  return result.p_value;
}

absl::StatusOr<Tested> TestCache(const CacheAnswers& observed, const CacheAnswers* reference,
                                 const ChecksOptions& options) {
  Tested tested;
  tested.result.check = "cache";
  const EventCount pairs = NeighbourPairs(observed.same);
  if (pairs.trials == 0) return NotMeasured("cache", "no prompt has two answers");
  FillCounts(pairs, tested.result);
  if (reference != nullptr) {
    const EventCount other = NeighbourPairs(reference->same);
    if (other.trials == 0) return NotMeasured("cache", "not in the reference");
    tested.result.null_hypothesis = "answers to one prompt repeat no more often than at the reference";
    tested.result.method = "permutation test of equal pairs within prompts";
    tested.result.reference_events = other.events;
    tested.result.reference_trials = other.trials;
    PINCHBECK_ASSIGN_OR_RETURN(tested.result.p_value, RepeatPValue(reference->same, observed.same, options));
    PINCHBECK_ASSIGN_OR_RETURN(tested.worst_p_value,
                               RepeatPValue(reference->same, Replayed(observed.same), options));
  } else {
    tested.result.null_hypothesis = absl::StrFormat(
        "answers to one prompt repeat no more than those with fresh nonces, or with a chance of at most %g",
        options.max_repeat_share);
    tested.result.method = "larger of permutation and binomial p-value";
    const double binomial = stats::BinomialUpperTail(pairs.events, pairs.trials, options.max_repeat_share);
    const double all = stats::BinomialUpperTail(pairs.trials, pairs.trials, options.max_repeat_share);
    PINCHBECK_ASSIGN_OR_RETURN(const double p, RepeatPValue(observed.nonce, observed.same, options));
    PINCHBECK_ASSIGN_OR_RETURN(const double worst,
                               RepeatPValue(observed.nonce, Replayed(observed.same), options));
    tested.result.p_value = std::max(p, binomial);
    tested.worst_p_value = std::max(worst, all);
    tested.result.notes.push_back(
        "an endpoint that ignores the temperature repeats itself too; a reference tells the two apart");
  }
  if (observed.repeated_ids > 0) {
    tested.result.notes.push_back(
        absl::StrFormat("%d answers carry the response id of an earlier one", observed.repeated_ids));
  }
  return tested;
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
      result.notes.push_back("too few answers: not even the worst outcome would have been rejected");
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
    PINCHBECK_ASSIGN_OR_RETURN(const auto lost, stats::ExactInterval(CountEvents(trials), level));
    const bool works = lost.high<0.5, fails = lost.low> 0.5;
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
  if (answers.cache.asked) {
    PINCHBECK_ASSIGN_OR_RETURN(Tested test,
                               TestCache(answers.cache, other == nullptr ? nullptr : &other->cache, options));
    tested.push_back(std::move(test));
  }
  for (const auto& rung : answers.rungs) {
    PINCHBECK_ASSIGN_OR_RETURN(Tested test, TestRung(rung.first, answers, other, options));
    tested.push_back(std::move(test));
  }
  for (const auto& echo : answers.echoes) {
    PINCHBECK_ASSIGN_OR_RETURN(Tested test, TestEcho(echo.first, answers, other, options));
    tested.push_back(std::move(test));
  }
  if (answers.stream.asked) {
    PINCHBECK_ASSIGN_OR_RETURN(Tested test, internal::TestStream(answers.stream, options));
    tested.push_back(std::move(test));
  }
  if (answers.effort.asked) {
    PINCHBECK_ASSIGN_OR_RETURN(
        Tested test,
        internal::TestEffort(answers.effort, other == nullptr ? nullptr : &other->effort, options));
    tested.push_back(std::move(test));
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
