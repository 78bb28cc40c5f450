#include "pinchbeck/fingerprint/builder.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/fingerprint/limits.h"
#include "src/fingerprint/parts.h"
#include "src/fingerprint/variant_files.h"
#include "src/signal/failure_kind.h"

namespace pinchbeck {
namespace {

std::string DescribeFailures(const SampleSet& sample) {
  std::string text;
  for (const auto& [kind, count] : sample.failures) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " x " + kind;
  }
  return text.empty() ? "none was recorded" : "failed: " + text;
}

}  // namespace

absl::Status internal::CheckVariantFiles(const std::vector<std::string>& paths) {
  std::map<std::string, std::string> seen;
  for (const std::string& path : paths) {
    std::error_code error;
    const std::string file = std::filesystem::canonical(path, error).string();
    // What cannot be resolved is reported when it is opened.
    const auto [it, is_new] = seen.emplace(error ? path : file, path);
    if (is_new) continue;
    const std::string other = it->second == path ? "" : " (first as " + it->second + ")";
    return absl::InvalidArgumentError(path + " is given twice" + other +
                                      "; give each variant's recording once");
  }
  return absl::OkStatus();
}

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
  PINCHBECK_RETURN_IF_ERROR(internal::CheckSameConditions(fingerprint.parts));
  const SampleSet pooled = fingerprint.Pooled();
  if (internal::IsSelectedByLog(pooled)) {
    return absl::FailedPreconditionError(
        "the log that the recording was made of lacks " + std::to_string(internal::CountNotInLog(pooled)) +
        " of " + std::to_string(pooled.usable + internal::CountNotInLog(pooled)) +
        " answers; the others may be a selection and no reference. Have the tool log whole answers (LiteLLM: "
        "raise MAX_STRING_LENGTH_PROMPT_IN_DB), or import fewer kinds of requests");
  }
  if (pooled.usable == 0) {
    return absl::FailedPreconditionError("no usable observation to enrol (" + DescribeFailures(pooled) +
                                         "); record answers first, e.g. with `pinchbeck collect`");
  }
  internal::MeasureSpreads(options_.seed, fingerprint);
  return fingerprint;
}

absl::StatusOr<EnrollResult> Enroll(const std::vector<std::string>& recordings,
                                    const EnrollOptions& options) {
  FingerprintBuilder builder(options);
  EnrollResult result;
  // Read file by file where each is a variant; otherwise as one set, so that duplicates across files are
  // seen.
  if (options.variant_per_recording) {
    PINCHBECK_RETURN_IF_ERROR(internal::CheckVariantFiles(recordings));
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
