#include "pinchbeck/fingerprint/builder.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/signal/evidence.h"
#include "src/fingerprint/limits.h"
#include "src/signal/logprob_margin.h"

namespace pinchbeck {
namespace {

// Level of the limit that a new session's times must exceed.
constexpr double kLatencyLimitLevel = 0.01;

std::string DescribeFailures(const SampleSet& sample) {
  std::string text;
  for (const auto& [kind, count] : sample.failures) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " x " + kind;
  }
  return text.empty() ? "none was recorded" : "failed: " + text;
}

// Effects of the modes of latency by name, one for each group left out.
using LatencyEffects = std::map<std::string, std::vector<double>>;

void AddLatencyEffects(const SampleSet& reference, const SampleSet& left_out, SignalOptions options,
                       LatencyEffects& effects) {
  for (const LatencyMode mode : {LatencyMode::kShape, LatencyMode::kStrict}) {
    options.latency = mode;
    const SignalEvidence evidence = EvaluateLatency(reference, left_out, options);
    if (!evidence.measurable || !evidence.effect) continue;
    effects["latency_" + std::string(LatencyModeName(mode))].push_back(std::max(0.0, *evidence.effect));
  }
}

// The largest of S effects is exceeded by an honest session once in S + 1 times; what is stored is a limit
// that another session keeps within. No Cliff's delta is above 1.
void SetLatencySpread(const LatencyEffects& effects, std::map<std::string, double>& spread) {
  for (const auto& [name, of_groups] : effects) {
    const auto limit = internal::SessionLimit(of_groups, kLatencyLimitLevel);
    if (limit) spread[name] = std::min(1.0, *limit);
  }
}

// Largest effect between one group and the rest, per signal: what honest servings (or sessions) differ by.
std::map<std::string, double> LeaveOneOutSpread(const std::vector<SampleSet>& groups, std::uint64_t seed) {
  std::map<std::string, double> spread;
  if (groups.size() < 2) return spread;
  SignalOptions options;
  options.claim = Claim::kServing;
  options.permutations = 199;
  options.seed = seed;
  options.sampled_tokens = false;
  using Evaluate = SignalEvidence (*)(const SampleSet&, const SampleSet&, const SignalOptions&);
  constexpr Evaluate kSignals[] = {EvaluateChoice, EvaluateLogprob, EvaluateTokenLength, EvaluateText,
                                   EvaluateReasoning};
  LatencyEffects latency;
  for (std::size_t left_out = 0; left_out < groups.size(); ++left_out) {
    std::vector<const SampleSet*> rest;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (g != left_out) rest.push_back(&groups[g]);
    }
    const SampleSet reference = MergeSamples(rest);
    for (const Evaluate evaluate : kSignals) {
      const SignalEvidence evidence = evaluate(reference, groups[left_out], options);
      if (!evidence.measurable || !evidence.effect) continue;
      double& largest = spread[evidence.signal];
      largest = std::max(largest, std::abs(*evidence.effect));
    }
    AddLatencyEffects(reference, groups[left_out], options, latency);
  }
  SetLatencySpread(latency, spread);
  return spread;
}

std::vector<SampleSet> GroupBy(const std::vector<FingerprintPart>& parts,
                               const std::function<std::string(const FingerprintPart&)>& key) {
  std::map<std::string, std::vector<const SampleSet*>> groups;
  for (const FingerprintPart& part : parts) groups[key(part)].push_back(&part.sample);
  std::vector<SampleSet> merged;
  for (const auto& entry : groups) merged.push_back(MergeSamples(entry.second));
  return merged;
}

template <class T>
bool FieldContradicts(const std::optional<T>& a, const std::optional<T>& b) {
  return a && b && *a != *b;
}

// Fields that one side did not record are not compared.
bool Contradicts(const ProbeConditions& a, const ProbeConditions& b) {
  return FieldContradicts(a.temperature, b.temperature) || FieldContradicts(a.top_p, b.top_p) ||
         FieldContradicts(a.top_k, b.top_k) || FieldContradicts(a.min_p, b.min_p) ||
         FieldContradicts(a.max_tokens, b.max_tokens) || FieldContradicts(a.prompt_sha256, b.prompt_sha256);
}

absl::Status CheckSameConditions(const std::vector<FingerprintPart>& parts) {
  std::map<std::string, ProbeConditions> seen;
  for (const FingerprintPart& part : parts) {
    for (const auto& [id, probe] : part.sample.probes) {
      const auto [it, added] = seen.emplace(id, probe.conditions);
      if (!added && Contradicts(it->second, probe.conditions)) {
        return absl::InvalidArgumentError("probe \"" + id +
                                          "\" was asked under different conditions in different sessions or "
                                          "recordings; enrol each setting on its own");
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status FingerprintBuilder::Add(const Observation& observation, const std::string& variant) {
  std::string session = observation.session.value_or("");
  auto it = index_.find({variant, session});
  if (it == index_.end()) {
    if (parts_.size() >= internal::kMaxSessions) {
      session.clear();
      it = index_.find({variant, session});
    }
    if (it == index_.end()) {
      it = index_.emplace(std::pair(variant, session), parts_.size()).first;
      parts_.push_back({variant, session, std::make_unique<SampleBuilder>()});
    }
  }
  PINCHBECK_RETURN_IF_ERROR(parts_[it->second].builder->Add(observation));
  const auto& asked = observation.request.model;
  if (asked &&
      std::find(requested_models_.begin(), requested_models_.end(), *asked) == requested_models_.end()) {
    requested_models_.push_back(*asked);
  }
  if (options_.keep_text && !observation.error && observation.response.text) {
    texts_[observation.probe].push_back(*observation.response.text);
  }
  return absl::OkStatus();
}

absl::StatusOr<Fingerprint> FingerprintBuilder::Build() && {
  if (options_.keep_text && options_.private_texts) {
    return absl::InvalidArgumentError(
        "keep_text and private_texts contradict each other; choose whether the answers' texts are kept");
  }
  if (parts_.size() > internal::kMaxParts) {
    return absl::InvalidArgumentError("more than " + std::to_string(internal::kMaxParts) +
                                      " sessions and variants; enrol fewer recordings as variants");
  }
  std::vector<const SampleBuilder*> builders;
  for (const Part& part : parts_) builders.push_back(part.builder.get());
  Fingerprint fingerprint;
  fingerprint.model = options_.model;
  fingerprint.created = options_.created;
  fingerprint.endpoint_kind = options_.endpoint_kind;
  fingerprint.battery_sha256 = options_.battery_sha256;
  fingerprint.requested_models = std::move(requested_models_);
  fingerprint.plan = SampleBuilder::DecidePlan(builders);
  fingerprint.texts = std::move(texts_);
  for (Part& part : parts_) {
    FingerprintPart built{
        part.variant, part.session, part.builder->first_time(), part.builder->last_time(), {}};
    built.sample = std::move(*part.builder).Finish(fingerprint.plan);
    if (options_.private_texts) RemoveReadableText(built.sample);
    fingerprint.parts.push_back(std::move(built));
  }
  PINCHBECK_RETURN_IF_ERROR(CheckSameConditions(fingerprint.parts));
  const SampleSet pooled = fingerprint.Pooled();
  if (pooled.usable == 0) {
    return absl::FailedPreconditionError("no usable observation to enrol (" + DescribeFailures(pooled) +
                                         "); record answers first, e.g. with `pinchbeck collect`");
  }
  fingerprint.variant_spread = LeaveOneOutSpread(
      GroupBy(fingerprint.parts, [](const auto& part) { return part.variant; }), options_.seed);
  fingerprint.session_spread = LeaveOneOutSpread(
      GroupBy(fingerprint.parts, [](const auto& part) { return part.session; }), options_.seed);
  return fingerprint;
}

absl::StatusOr<EnrollResult> Enroll(const std::vector<std::string>& recordings,
                                    const EnrollOptions& options) {
  FingerprintBuilder builder(options);
  EnrollResult result;
  // Read file by file where each is a variant; otherwise as one set, so that duplicates across files are
  // seen.
  if (options.variant_per_recording) {
    for (const std::string& path : recordings) {
      PINCHBECK_ASSIGN_OR_RETURN(
          const RecordingSetSummary summary,
          ReadRecordings({path}, [&](const Observation& o) { return builder.Add(o, path); }));
      result.recordings.observations += summary.observations;
      result.recordings.duplicates += summary.duplicates;
      result.recordings.warnings.insert(result.recordings.warnings.end(), summary.warnings.begin(),
                                        summary.warnings.end());
    }
  } else {
    PINCHBECK_ASSIGN_OR_RETURN(result.recordings, ReadRecordings(recordings, [&](const Observation& o) {
                                 return builder.Add(o, "default");
                               }));
  }
  PINCHBECK_ASSIGN_OR_RETURN(result.fingerprint, std::move(builder).Build());
  return result;
}

absl::StatusOr<ObservedSample> ReadObserved(const std::vector<std::string>& recordings,
                                            const SignalPlan& plan) {
  SampleBuilder builder(plan);
  ObservedSample observed;
  PINCHBECK_ASSIGN_OR_RETURN(
      observed.recordings, ReadRecordings(recordings, [&](const Observation& o) { return builder.Add(o); }));
  observed.unplanned = builder.unplanned();
  observed.first_time = builder.first_time();
  observed.last_time = builder.last_time();
  observed.sample = std::move(builder).Finish(plan);
  return observed;
}

}  // namespace pinchbeck
