#include "pinchbeck/audit/verify.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/time/time.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/signal/mixture.h"
#include "src/audit/decision.h"
#include "src/audit/power.h"
#include "src/signal/model_index.h"

namespace pinchbeck {
namespace {

using internal::Decision;
using internal::DecisionInput;

// A stored model with its samples pooled.
struct Candidate {
  std::string model;
  SampleSet sample;
};

std::vector<const SampleSet*> Samples(const std::vector<Candidate>& candidates) {
  std::vector<const SampleSet*> samples;
  for (const Candidate& candidate : candidates) samples.push_back(&candidate.sample);
  return samples;
}

std::int64_t UsableShared(const SampleSet& counted, const SampleSet& other) {
  std::int64_t usable = 0;
  for (const auto& [id, probe] : counted.probes) usable += other.probes.count(id) > 0 ? probe.usable : 0;
  return usable;
}

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

// Tokens, stream events and characters are never compared with each other.
void RemoveOtherLengths(const SignalPlan& own, const SignalPlan& other, SampleSet& sample) {
  for (auto& [probe, data] : sample.probes) {
    const auto mine = own.find(probe), theirs = other.find(probe);
    if (mine == own.end() || theirs == other.end()) continue;
    if (mine->second.length_source != theirs->second.length_source) data.lengths.clear();
  }
}

// Stored alternatives that can be compared: not the claimed model itself, and taken under the same
// conditions.
std::vector<Candidate> UsableAlternatives(const Fingerprint& fingerprint, const VerifyOptions& options,
                                          std::vector<std::string>& warnings) {
  std::vector<Candidate> usable;
  const SampleSet reference = fingerprint.Pooled();
  for (const Fingerprint* alternative : options.alternatives) {
    if (alternative->model == fingerprint.model) continue;
    if (!ConditionDifferences(*alternative, reference).empty()) {
      warnings.push_back("alternative \"" + alternative->model +
                         "\" was enrolled under other conditions and was left out");
      continue;
    }
    SampleSet sample = alternative->Pooled();
    RemoveOtherLengths(fingerprint.plan, alternative->plan, sample);
    if (UsableShared(sample, reference) == 0) {
      warnings.push_back("alternative \"" + alternative->model + "\" shares no probe and was left out");
      continue;
    }
    usable.push_back({alternative->model, std::move(sample)});
  }
  return usable;
}

// The honest servings of the composite null: each variant, and their pooled mixture.
std::vector<Candidate> References(const Fingerprint& fingerprint, Claim claim) {
  std::vector<Candidate> references;
  if (claim == Claim::kWeights) {
    for (auto& [name, sample] : fingerprint.Variants()) references.push_back({name, std::move(sample)});
  }
  if (references.size() != 1) references.push_back({"all variants pooled", fingerprint.Pooled()});
  return references;
}

// Is decision a closer to agreement than decision b?
bool AgreesBetter(const Decision& a, const Decision& b) {
  if (a.any_differs != b.any_differs) return !a.any_differs;
  if (a.any_rejected != b.any_rejected) return !a.any_rejected;
  return a.p_value.value_or(1) > b.p_value.value_or(1);
}

// A logprob difference that is certain but inside the margin is what honest servings show too; with one
// variant the margin is a default, so the signal says nothing either way.
void MarkWithinMargin(std::vector<SignalReport>& signals, const Report& report) {
  for (SignalReport& signal : signals) {
    SignalEvidence& evidence = signal.evidence;
    if (signal.status != SignalStatus::kConsistent || !evidence.equality_p_value) continue;
    if (*evidence.equality_p_value > report.alpha) continue;
    if (report.claim == Claim::kWeights && report.variants < 2) signal.status = SignalStatus::kInconclusive;
    evidence.notes.emplace_back("not equal, but within the margin that honest servings are granted");
  }
}

// Data that contradict themselves may be made up: no evidence of agreement. They do not accuse by themselves
// either; what was measured on them keeps its own p-value.
void MarkIncoherent(std::vector<SignalReport>& signals) {
  for (SignalReport& signal : signals) {
    if (signal.evidence.incoherent && signal.status == SignalStatus::kConsistent)
      signal.status = SignalStatus::kInconclusive;
  }
}

bool AnyIncoherent(const std::vector<SignalReport>& signals) {
  return std::any_of(signals.begin(), signals.end(),
                     [](const SignalReport& signal) { return signal.evidence.incoherent; });
}

// Log-probabilities that may be made up rule nothing out: power is judged without them.
SampleSet WithoutLogprobs(SampleSet sample) {
  for (auto& [id, probe] : sample.probes) probe.logprobs.clear();
  return sample;
}

// The stored model that a difference points to, in words.
void NameClosest(const std::vector<Candidate>& alternatives, std::vector<SignalReport>& signals) {
  for (SignalReport& signal : signals) {
    if (const auto closest = signal.evidence.closest_alternative)
      signal.evidence.notes.push_back("the difference points to \"" + alternatives[*closest].model + "\"");
  }
}

// Reported log-probabilities that agree with the reference's this closely come from the claimed weights (or
// from somebody who runs them): then other answers mean another configuration. Far below what even 4-bit
// weights show.
constexpr double kSameWeightsNats = 0.02;

// True where log-probabilities show the claimed weights although other signals differ. The signals that
// differ are marked, and the verdict is left open rather than accusing: sampling settings or a hidden prompt
// explain them.
bool MarkConfiguration(Report& report) {
  if (report.claim != Claim::kWeights) return false;
  const auto logprob =
      std::find_if(report.signals.begin(), report.signals.end(),
                   [](const SignalReport& signal) { return signal.evidence.signal == "logprob"; });
  const SignalEvidence& evidence = logprob->evidence;
  const bool same_weights = evidence.measurable && evidence.detectable_effect && evidence.effect &&
                            logprob->status != SignalStatus::kDiffers && !evidence.incoherent &&
                            evidence.effect_high.value_or(*evidence.effect) < kSameWeightsNats;
  if (!same_weights) return false;
  for (SignalReport& signal : report.signals) {
    if (signal.status != SignalStatus::kDiffers) continue;
    signal.status = SignalStatus::kConfigurationDiffers;
    signal.evidence.notes.emplace_back(
        "log-probabilities agree with the claimed weights: other sampling settings, template or system "
        "prompt");
  }
  return true;
}

// Lengths and times say which stored model they are nearest to; no test stands behind that.
void NoteBestAlternatives(const std::vector<Candidate>& alternatives, std::vector<SignalReport>& signals) {
  for (SignalReport& signal : signals) {
    if (const auto& best = signal.evidence.closest_alternative) {
      signal.evidence.notes.push_back("of the stored models these fit \"" + alternatives[*best].model +
                                      "\" best, better than the claimed one");
    }
  }
}

bool OnlyLatencyDiffers(const std::vector<SignalReport>& signals) {
  return std::all_of(signals.begin(), signals.end(), [](const SignalReport& signal) {
    return signal.status != SignalStatus::kDiffers || signal.evidence.signal == "latency";
  });
}

bool Powered(const SignalEvidence& evidence) {
  return evidence.detectable_effect && *evidence.detectable_effect <= evidence.default_effect;
}

bool PoweredAgainstDefaults(const std::vector<SignalReport>& signals) {
  return std::any_of(signals.begin(), signals.end(), [](const SignalReport& signal) {
    return signal.evidence.measurable && signal.evidence.counted && !signal.evidence.incoherent &&
           Powered(signal.evidence);
  });
}

// A signal that did not reject agrees only if it could have noticed a typical substitution.
void MarkPowerless(std::vector<SignalReport>& signals) {
  for (SignalReport& signal : signals) {
    if (signal.status != SignalStatus::kConsistent || !signal.evidence.counted || Powered(signal.evidence))
      continue;
    signal.status = SignalStatus::kInconclusive;
    signal.evidence.notes.emplace_back("too few answers for this signal to notice a typical substitute");
  }
}

// Observed answers after which some signal could find its default effect; more answers do not help a test
// over probes.
std::optional<std::int64_t> AnswersForDefaults(const Report& report) {
  std::optional<double> factor;
  for (const SignalReport& signal : report.signals) {
    const SignalEvidence& evidence = signal.evidence;
    if (!evidence.measurable || !evidence.counted || !evidence.size_factor) continue;
    factor = std::min(factor.value_or(*evidence.size_factor), *evidence.size_factor);
  }
  if (!factor) return std::nullopt;
  return static_cast<std::int64_t>(
      std::ceil(std::max(1.0, *factor) * static_cast<double>(report.n_observed)));
}

// Sets consistent or inconclusive for a sample that nothing rejects.
void JudgePower(const DecisionInput& input, const std::vector<Candidate>& alternatives,
                const VerifyOptions& options, Report& report) {
  report.verdict = Verdict::kConsistent;
  if (alternatives.empty()) {
    report.power_against = "the default effect of each signal";
    if (PoweredAgainstDefaults(report.signals)) return;
    report.n_observed_needed = AnswersForDefaults(report);
  } else {
    report.power_against = "stored alternatives";
    std::optional<double> factor;
    for (const Candidate& alternative : alternatives) {
      const double power = internal::PowerAgainst(alternative.sample, input, options, 1);
      if (power >= internal::kRequiredPower) continue;
      report.not_ruled_out.push_back({alternative.model, power});
    }
    if (report.not_ruled_out.size() < alternatives.size()) return;
    for (const Candidate& alternative : alternatives) {
      const auto settles = internal::FactorToSettle(alternative.sample, input, options);
      if (settles) factor = std::min(factor.value_or(*settles), *settles);
    }
    if (factor) {
      report.n_observed_needed =
          static_cast<std::int64_t>(std::ceil(*factor * static_cast<double>(report.n_observed)));
    }
  }
  report.verdict = Verdict::kInconclusive;
  report.reason = AnyIncoherent(report.signals) ? "incoherent_log_probabilities" : "too_few_observations";
}

void AddLargestShares(const SampleSet& reference, const SampleSet& observed,
                      const std::vector<Candidate>& alternatives, Report& report) {
  for (const Candidate& alternative : alternatives) {
    const auto estimate = EstimateChoiceMixture(reference, observed, alternative.sample);
    if (estimate) report.largest_shares.push_back({alternative.model, estimate->high});
  }
}

// Names the stored model that the answers fit, if it is itself accepted by the same tests.
void Attribute(const SampleSet& reference, const SampleSet& observed,
               const std::vector<Candidate>& alternatives, const VerifyOptions& options, Report& report) {
  if (alternatives.empty()) return;
  std::vector<const SampleSet*> candidates = Samples(alternatives);
  candidates.push_back(&reference);
  const internal::ModelScores scores = internal::ModelIndex(candidates).Score(observed, true);
  const Eigen::ArrayXd marginals = scores.log_marginal;
  const bool scored = scores.scored_cells > 0;
  const Eigen::ArrayXd likelihoods = (marginals - marginals.maxCoeff()).exp();
  const Eigen::ArrayXd posterior = likelihoods / likelihoods.sum();
  std::optional<std::size_t> best_mixture;
  for (std::size_t i = 0; i < alternatives.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    if (scored && (!best_mixture || marginals(row) > marginals(static_cast<Eigen::Index>(*best_mixture)))) {
      best_mixture = i;
    }
    // The claimed model is the alternative of the named one, so that a mixture of both is not taken for
    // either.
    const DecisionInput input{.reference = &alternatives[i].sample,
                              .observed = &observed,
                              .alternatives = {&reference},
                              .spread = nullptr,
                              .counted_only = true};
    const Decision decision = internal::Decide(input, options);
    if (!decision.p_value || *decision.p_value <= options.alpha) continue;
    const Attribution found{alternatives[i].model, scored ? std::optional(posterior(row)) : std::nullopt,
                            *decision.p_value};
    const bool better =
        !report.attribution || found.posterior.value_or(0) > report.attribution->posterior.value_or(0) ||
        (found.posterior == report.attribution->posterior && found.p_value > report.attribution->p_value);
    if (better) report.attribution = found;
  }
  if (!best_mixture) return;
  const Candidate& partner = alternatives[*best_mixture];
  if (const auto estimate = EstimateChoiceMixture(reference, observed, partner.sample)) {
    report.mixture = Mixture{partner.model, estimate->fraction, estimate->low, estimate->high};
  }
}

void WarnAboutSize(Report& report) {
  if (report.n_observed * 2 > report.n_reference) {
    report.warnings.push_back("the reference holds " + std::to_string(report.n_reference) + " answers for " +
                              std::to_string(report.n_observed) +
                              " observed ones; its own sampling error limits the test, enrol more");
  }
}

// A recording of other probes than the fingerprint's, where those are somebody else's prompts: says how to
// get them.
void ExplainOtherPrompts(const Fingerprint& fingerprint, std::int64_t unplanned, Report& report) {
  if (report.reason != "nothing_comparable" || unplanned == 0) return;
  if (!fingerprint.provenance || fingerprint.provenance->prompts.empty()) return;
  const Provenance& provenance = *fingerprint.provenance;
  report.reason = "other_prompts";
  std::string where = provenance.source;
  if (provenance.prompts.front().file) where = *provenance.prompts.front().file + " of " + where;
  if (provenance.commit) where += " at " + *provenance.commit;
  report.warnings.push_back("the fingerprint was made with prompts of " + provenance.source +
                            ", which the recording does not hold; get " + where +
                            ", make a battery with `pinchbeck fingerprints prompt`, and record with "
                            "`pinchbeck collect --battery`");
}

void WarnAboutAge(const Fingerprint& fingerprint, const std::optional<std::string>& last_observed,
                  Report& report) {
  constexpr absl::Duration kMaxAge = absl::Hours(24 * 90);
  const std::optional<std::string> enrolled = fingerprint.LastTime();
  absl::Time from, to;
  if (!enrolled || !last_observed || !absl::ParseTime(absl::RFC3339_full, *enrolled, &from, nullptr) ||
      !absl::ParseTime(absl::RFC3339_full, *last_observed, &to, nullptr)) {
    return;
  }
  if (to - from > kMaxAge) {
    report.warnings.push_back("the fingerprint is " + std::to_string((to - from) / absl::Hours(24)) +
                              " days older than the recording; vendors update models, enrol again");
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
  report.n_reference = UsableShared(pooled, observed);
  report.n_observed = UsableShared(observed, pooled);
  report.condition_differences = ConditionDifferences(fingerprint, observed);
  if (!report.condition_differences.empty() && !options.ranking_only) {
    return CheckConditions(report.condition_differences);
  }
  const std::size_t family = internal::FamilySize(pooled, observed, options.latency);
  VerifyOptions raised = options;
  raised.permutations =
      std::max(options.permutations,
               static_cast<std::int64_t>(std::ceil(20 * static_cast<double>(family) / options.alpha)));
  report.permutations = raised.permutations;
  const std::vector<Candidate> alternatives = UsableAlternatives(fingerprint, raised, report.warnings);

  const std::vector<Candidate> references = References(fingerprint, raised.claim);
  report.variants = fingerprint.Variants().size();
  const auto& spread =
      raised.claim == Claim::kWeights ? fingerprint.variant_spread : fingerprint.session_spread;
  Decision decision;
  const Candidate* reference = nullptr;
  for (const Candidate& candidate : references) {
    const DecisionInput input{.reference = &candidate.sample,
                              .observed = &observed,
                              .alternatives = Samples(alternatives),
                              .spread = &spread,
                              .counted_only = false};
    Decision next = internal::Decide(input, raised);
    if (reference != nullptr && !AgreesBetter(next, decision)) continue;
    decision = std::move(next);
    reference = &candidate;
  }
  report.variant = reference->model;
  report.p_value = decision.p_value;
  report.signals = std::move(decision.signals);
  NoteBestAlternatives(alternatives, report.signals);
  MarkWithinMargin(report.signals, report);
  MarkPowerless(report.signals);
  MarkIncoherent(report.signals);
  NameClosest(alternatives, report.signals);
  WarnAboutSize(report);

  if (!report.p_value) {
    report.verdict = Verdict::kNotMeasurable;
    report.reason =
        observed.usable == 0 && report.n_failed > 0 ? "no_usable_observation" : "nothing_comparable";
    return report;
  }
  const std::optional<SampleSet> trusted =
      AnyIncoherent(report.signals) ? std::optional(WithoutLogprobs(observed)) : std::nullopt;
  const DecisionInput input{.reference = &reference->sample,
                            .observed = trusted ? &*trusted : &observed,
                            .alternatives = Samples(alternatives),
                            .spread = &spread,
                            .counted_only = true};
  if (decision.any_differs && MarkConfiguration(report)) {
    report.verdict = Verdict::kInconclusive;
    report.reason = "configuration";
  } else if (decision.any_differs) {
    report.verdict = Verdict::kDiffers;
    // How fast an answer comes says nothing about which model gave it.
    if (!OnlyLatencyDiffers(report.signals)) {
      Attribute(reference->sample, observed, alternatives, raised, report);
    }
  } else if (decision.any_rejected) {
    report.verdict = Verdict::kInconclusive;
    report.reason = "effect_below_gate";
    AddLargestShares(reference->sample, observed, alternatives, report);
  } else {
    JudgePower(input, alternatives, raised, report);
    AddLargestShares(reference->sample, observed, alternatives, report);
  }
  const bool for_ranking =
      fingerprint.provenance && fingerprint.provenance->use == FingerprintUse::kRankingOnly;
  if (for_ranking) {
    report.warnings.push_back("the fingerprint is for ranking only: " +
                              fingerprint.provenance->use_note.value_or("its answers allow no verdict"));
  }
  if (for_ranking || (raised.ranking_only && !report.condition_differences.empty())) {
    report.verdict = Verdict::kInconclusive;
    report.reason = "ranking_only";
  }
  return report;
}

absl::StatusOr<Report> VerifyRecordings(const Fingerprint& fingerprint,
                                        const std::vector<std::string>& recordings,
                                        const VerifyOptions& options) {
  PINCHBECK_ASSIGN_OR_RETURN(const ObservedSample observed, ReadObserved(recordings, fingerprint.plan));
  PINCHBECK_ASSIGN_OR_RETURN(Report report, Verify(fingerprint, observed.sample, options));
  report.warnings.insert(report.warnings.begin(), observed.recordings.warnings.begin(),
                         observed.recordings.warnings.end());
  if (observed.unplanned > 0) {
    report.warnings.push_back(
        std::to_string(observed.unplanned) +
        " observations belong to probes that the fingerprint does not hold and were left out");
  }
  ExplainOtherPrompts(fingerprint, observed.unplanned, report);
  std::int64_t not_asked = 0;
  for (const auto& entry : fingerprint.plan) not_asked += observed.sample.probes.count(entry.first) == 0;
  if (not_asked > 0) {
    report.warnings.push_back(std::to_string(not_asked) + " of the fingerprint's " +
                              std::to_string(fingerprint.plan.size()) +
                              " probes are not in the recording; nothing is said about them");
  }
  if (report.n_failed > 0) {
    report.warnings.push_back(std::to_string(report.n_failed) +
                              " requests failed; failures are counted, not compared");
  }
  WarnAboutAge(fingerprint, observed.last_time, report);
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
