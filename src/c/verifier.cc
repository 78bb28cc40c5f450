// The C functions for verifiers.
#include <memory>
#include <mutex>
#include <utility>

#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/report/report_writers.h"
#include "src/audit/warnings.h"
#include "src/c/guard.h"
#include "src/c/handles.h"
#include "src/c/options.h"

namespace pinchbeck::c {
namespace {

absl::StatusOr<std::unique_ptr<pinchbeck_verifier>> MakeVerifier(
    const pinchbeck_fingerprint& fingerprint, const pinchbeck_fingerprint* const* alternatives,
    std::size_t alternative_count, const char* options_json) {
  auto made = std::make_unique<pinchbeck_verifier>();
  made->fingerprint = fingerprint.value;
  PINCHBECK_ASSIGN_OR_RETURN(made->alternatives, Alternatives(alternatives, alternative_count));
  PINCHBECK_ASSIGN_OR_RETURN(made->options, ReadVerifyOptions(options_json));
  made->options.alternatives = Pointers(made->alternatives);
  made->builder = SampleBuilder(made->fingerprint->plan);
  return made;
}

// Tests a copy, so that adding can go on meanwhile and afterwards.
absl::StatusOr<std::string> Verdict(const pinchbeck_verifier& verifier) {
  const Fingerprint& fingerprint = *verifier.fingerprint;
  SampleBuilder builder;
  ObservedSample observed;
  {
    const std::lock_guard<std::mutex> lock(verifier.mutex);
    builder = verifier.builder;
    observed.recordings.observations = verifier.observations;
  }
  observed.unplanned = builder.unplanned();
  observed.first_time = builder.first_time();
  observed.last_time = builder.last_time();
  observed.sample = std::move(builder).Finish(fingerprint.plan);
  PINCHBECK_ASSIGN_OR_RETURN(Report report, Verify(fingerprint, observed.sample, verifier.options));
  internal::WarnAboutRecordings(fingerprint, observed, verifier.options.max_age_days, report);
  return ReportToJson(report);
}

}  // namespace
}  // namespace pinchbeck::c

using pinchbeck::c::Guarded;
using pinchbeck::c::NullArgument;

extern "C" {

pinchbeck_code pinchbeck_verifier_new(const pinchbeck_fingerprint* fingerprint,
                                      const pinchbeck_fingerprint* const* alternatives,
                                      size_t alternative_count, const char* options_json,
                                      pinchbeck_verifier** verifier, pinchbeck_error** error) {
  return Guarded(error, [&]() -> absl::Status {
    if (verifier == nullptr) return NullArgument("verifier");
    *verifier = nullptr;
    if (fingerprint == nullptr) return NullArgument("fingerprint");
    PINCHBECK_ASSIGN_OR_RETURN(
        auto made, pinchbeck::c::MakeVerifier(*fingerprint, alternatives, alternative_count, options_json));
    *verifier = made.release();
    return absl::OkStatus();
  });
}

pinchbeck_code pinchbeck_verifier_add(pinchbeck_verifier* verifier, const char* lines, size_t length,
                                      pinchbeck_error** error) {
  return Guarded(error, [&]() -> absl::Status {
    if (verifier == nullptr) return NullArgument("verifier");
    if (lines == nullptr) return NullArgument("lines");
    const std::lock_guard<std::mutex> lock(verifier->mutex);
    return pinchbeck::c::ForEachObservation({lines, length}, [&](const pinchbeck::Observation& observation) {
      const absl::Status status = verifier->builder.Add(observation);
      if (status.ok()) ++verifier->observations;
      return status;
    });
  });
}

pinchbeck_code pinchbeck_verifier_report(const pinchbeck_verifier* verifier, char** json,
                                         pinchbeck_error** error) {
  return Guarded(error, [&]() -> absl::Status {
    if (json == nullptr) return NullArgument("json");
    *json = nullptr;
    if (verifier == nullptr) return NullArgument("verifier");
    PINCHBECK_ASSIGN_OR_RETURN(const std::string report, pinchbeck::c::Verdict(*verifier));
    *json = pinchbeck::c::CopyText(report);
    return absl::OkStatus();
  });
}

void pinchbeck_verifier_free(pinchbeck_verifier* verifier) { delete verifier; }

}  // extern "C"
