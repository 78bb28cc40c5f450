#include "pinchbeck/audit/verify.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "pinchbeck/internal/status_macros.h"
#include "src/audit/attribution.h"
#include "src/audit/candidates.h"
#include "src/audit/coherence.h"
#include "src/audit/configuration.h"
#include "src/audit/decision.h"
#include "src/audit/judge_power.h"
#include "src/audit/warnings.h"
#include "src/signal/failure_kind.h"

namespace pinchbeck {
namespace {

using internal::Candidate;
using internal::Decision;
using internal::DecisionInput;
using internal::Explained;

std::int64_t Failed(const SampleSet& sample) {
  std::int64_t failed = 0;
  for (const auto& [kind, count] : sample.failures) failed += count;
  return failed;
}

absl::Status CheckOptions(const VerifyOptions& options) {
  if (!(options.alpha > 0 && options.alpha <= 0.5)) {
    return absl::InvalidArgumentError("alpha is " + std::to_string(options.alpha) +
                                      "; it must lie in (0, 0.5]");
  }
  if (options.permutations < 99) {
    return absl::InvalidArgumentError("permutations is " + std::to_string(options.permutations) +
                                      "; at least 99 are needed");
  }
  if (!(options.max_age_days >= 0)) {
    return absl::InvalidArgumentError("max_age_days is " + std::to_string(options.max_age_days) +
                                      "; it must be at least 0");
  }
  return absl::OkStatus();
}

absl::Status CheckConditions(const std::vector<std::string>& differences) {
  constexpr std::size_t kShown = 10;
  std::string message = "the recording was made under other conditions than the fingerprint:";
  for (std::size_t i = 0; i < std::min(kShown, differences.size()); ++i) message += "\n  " + differences[i];
  if (differences.size() > kShown)
    message += "\n  and " + std::to_string(differences.size() - kShown) + " more";
  message += "\nrecord again with the fingerprint's settings, or rank only (--ranking-only)";
  return absl::FailedPreconditionError(message);
}

// Is decision a closer to agreement than decision b?
bool AgreesBetter(const Decision& a, const Decision& b) {
  if (a.any_differs != b.any_differs) return !a.any_differs;
  if (a.any_rejected != b.any_rejected) return !a.any_rejected;
  return a.p_value.value_or(1) > b.p_value.value_or(1);
}

// Keeps the reference that the observed sample agrees with best.
const Candidate* DecideAgainst(const std::vector<Candidate>& references, DecisionInput input,
                               const VerifyOptions& options, Decision& decision) {
  const Candidate* reference = nullptr;
  for (const Candidate& candidate : references) {
    input.reference = &candidate.sample;
    Decision next = internal::Decide(input, options);
    if (reference != nullptr && !AgreesBetter(next, decision)) continue;
    decision = std::move(next);
    reference = &candidate;
  }
  return reference;
}

// Smallest adjusted p-value of the signals that differ and that no other setting explains.
std::optional<double> SmallestThatDiffers(const Report& report) {
  std::optional<double> smallest;
  for (const SignalReport& signal : report.signals) {
    if (!signal.evidence.counted || signal.status != SignalStatus::kDiffers) continue;
    smallest = std::min(smallest.value_or(1), signal.adjusted_p_value.value_or(1));
  }
  return smallest;
}

// Sets the verdict from the decision, then looks for what explains or limits it.
void Conclude(const DecisionInput& input, const Decision& decision, const std::vector<Candidate>& references,
              const std::vector<Candidate>& alternatives, const VerifyOptions& options, Report& report) {
  const Explained explained = decision.any_rejected
                                  ? internal::ExplainByConfiguration(input, references, options, report)
                                  : Explained::kNo;
  if (explained != Explained::kNo) {
    report.verdict = Verdict::kInconclusive;
    report.reason = explained == Explained::kBySettings ? "configuration" : "configuration_or_alternative";
  } else if (const auto p_value = SmallestThatDiffers(report)) {
    report.verdict = Verdict::kDiffers;
    report.p_value = p_value;
    internal::Attribute(*input.reference, *input.observed, alternatives, options, report);
  } else if (decision.any_rejected) {
    report.verdict = Verdict::kInconclusive;
    report.reason = "effect_below_gate";
    internal::AddLargestShares(*input.reference, *input.observed, alternatives, report);
  } else {
    internal::JudgePower(input, references, alternatives, options, report);
    internal::AddLargestShares(*input.reference, *input.observed, alternatives, report);
  }
}

// What lengths were counted in, if all probes agree.
std::string LengthUnit(const SignalPlan& plan) {
  std::optional<LengthSource> source;
  for (const auto& [id, probe] : plan) {
    if (!probe.token_length) continue;
    if (source && *source != probe.length_source) return "";
    source = probe.length_source;
  }
  if (!source) return "";
  switch (*source) {
    case LengthSource::kUsage:
      return "output tokens";
    case LengthSource::kEvents:
      return "stream events";
    case LengthSource::kCharacters:
      return "characters";
  }
  return "";
}

// Answers that failed after text had come are compared with nothing, although whoever asked may have gone by
// them: an endpoint that lets those of another model fail shows only the others. Up to 1 in 20 is left to
// honest breakage, which a report of shares does not rule out either.
void DowngradeFailures(const SampleSet& observed, Report& report) {
  const std::int64_t after_text = internal::CountAfterText(observed.failures);
  if (report.verdict != Verdict::kConsistent || after_text * 20 <= observed.usable + after_text) return;
  report.verdict = Verdict::kInconclusive;
  report.reason = "answers_failed_after_text";
}

// Answers that a log does not hold were left out for what they were: what is left of an honest model's
// answers differs from all of them. References with many such answers are not enrolled.
void DowngradeSelection(Report& report) {
  for (SignalReport& signal : report.signals) {
    if (signal.status == SignalStatus::kNotMeasurable) continue;
    signal.status = SignalStatus::kInconclusive;
    signal.evidence.notes.emplace_back("answers that the log does not hold are missing on the observed side");
  }
  report.verdict = Verdict::kInconclusive;
  report.reason = "answers_not_in_log";
}

void DowngradeRanking(const Fingerprint& fingerprint, const VerifyOptions& options, Report& report) {
  const bool for_ranking =
      fingerprint.provenance && fingerprint.provenance->use == FingerprintUse::kRankingOnly;
  if (for_ranking) {
    report.warnings.push_back("the fingerprint is for ranking only: " +
                              fingerprint.provenance->use_note.value_or("its answers allow no verdict"));
  }
  if (for_ranking || (options.ranking_only && !report.condition_differences.empty())) {
    report.verdict = Verdict::kInconclusive;
    report.reason = "ranking_only";
  }
}

}  // namespace

absl::StatusOr<Report> Verify(const Fingerprint& fingerprint, const SampleSet& observed,
                              const VerifyOptions& options) {
  PINCHBECK_RETURN_IF_ERROR(CheckOptions(options));
  Report report;
  report.model = fingerprint.model;
  report.claim = options.claim;
  report.alpha = options.alpha;
  report.seed = options.seed;
  report.n_failed = Failed(observed);
  const SampleSet pooled = fingerprint.Pooled();
  report.n_reference = internal::UsableShared(pooled, observed);
  report.n_observed = internal::UsableShared(observed, pooled);
  report.condition_differences = ConditionDifferences(fingerprint, observed);
  if (!report.condition_differences.empty() && !options.ranking_only) {
    return CheckConditions(report.condition_differences);
  }
  VerifyOptions raised = options;
  const double family = static_cast<double>(internal::FamilySize(pooled, observed, options));
  raised.permutations =
      std::max(options.permutations, static_cast<std::int64_t>(std::ceil(20 * family / options.alpha)));
  report.permutations = raised.permutations;
  const std::vector<Candidate> alternatives =
      internal::UsableAlternatives(fingerprint, raised, report.warnings);
  const std::vector<Candidate> references = internal::References(fingerprint, observed, raised);
  report.variants = fingerprint.Variants().size();
  const auto& spread =
      raised.claim == Claim::kWeights ? fingerprint.variant_spread : fingerprint.session_spread;
  DecisionInput input{.reference = nullptr,
                      .observed = &observed,
                      .alternatives = internal::Samples(alternatives),
                      .spread = &spread,
                      .counted_only = false};
  Decision decision;
  const Candidate* reference = DecideAgainst(references, input, raised, decision);
  report.variant = reference->model;
  report.p_value = decision.p_value;
  report.signals = std::move(decision.signals);
  report.display = DisplaySamples(reference->sample, observed);
  report.display.length_unit = LengthUnit(fingerprint.plan);
  report.tokenizer = FitTokenizer(reference->sample, observed);
  report.usage = CompareUsageWithText(fingerprint.plan, pooled, observed);
  internal::MarkWithinMargin(report.signals, report);
  internal::MarkPowerless(report.signals);
  internal::MarkIncoherent(report.signals);
  internal::NameClosest(alternatives, report.signals);
  internal::WarnAboutSize(report);
  if (!report.p_value) {
    report.verdict = Verdict::kNotMeasurable;
    report.reason =
        observed.usable == 0 && report.n_failed > 0 ? "no_usable_observation" : "nothing_comparable";
    return report;
  }
  const std::optional<SampleSet> trusted = internal::AnyIncoherent(report.signals)
                                               ? std::optional(internal::WithoutLogprobs(observed))
                                               : std::nullopt;
  input.reference = &reference->sample;
  if (trusted) input.observed = &*trusted;
  input.counted_only = true;
  if (internal::IsSelectedByLog(observed)) {
    DowngradeSelection(report);
  } else {
    Conclude(input, decision, references, alternatives, raised, report);
  }
  DowngradeFailures(observed, report);
  DowngradeRanking(fingerprint, raised, report);
  return report;
}

absl::StatusOr<Report> VerifyRecordings(const Fingerprint& fingerprint,
                                        const std::vector<std::string>& recordings,
                                        const VerifyOptions& options) {
  PINCHBECK_ASSIGN_OR_RETURN(const ObservedSample observed, ReadObserved(recordings, fingerprint.plan));
  return VerifyObserved(fingerprint, observed, options);
}

absl::StatusOr<Report> VerifyObserved(const Fingerprint& fingerprint, const ObservedSample& observed,
                                      const VerifyOptions& options) {
  PINCHBECK_ASSIGN_OR_RETURN(Report report, Verify(fingerprint, observed.sample, options));
  internal::WarnAboutRecordings(fingerprint, observed, options.max_age_days, report);
  report.display.reference_first = fingerprint.FirstTime();
  report.display.reference_last = fingerprint.LastTime();
  report.display.observed_first = observed.first_time;
  report.display.observed_last = observed.last_time;
  return report;
}

absl::StatusOr<Report> CompareRecordings(const std::string& recording_a, const std::string& recording_b,
                                         const VerifyOptions& options) {
  EnrollOptions enroll;
  enroll.model = recording_a;
  enroll.seed = options.seed;
  PINCHBECK_ASSIGN_OR_RETURN(const EnrollResult reference, Enroll({recording_a}, enroll));
  PINCHBECK_ASSIGN_OR_RETURN(Report report, VerifyRecordings(reference.fingerprint, {recording_b}, options));
  report.warnings.insert(report.warnings.begin(), reference.recordings.warnings.begin(),
                         reference.recordings.warnings.end());
  return report;
}

}  // namespace pinchbeck
