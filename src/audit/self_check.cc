#include "pinchbeck/audit/self_check.h"

#include <set>

#include "pinchbeck/core/recording_set.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck {
namespace {

// Sessions that were enrolled and are checked again: not independent.
absl::StatusOr<std::set<std::string>> SharedSessions(const Fingerprint& fingerprint,
                                                     const std::vector<std::string>& recordings) {
  std::set<std::string> enrolled, shared;
  for (const FingerprintPart& part : fingerprint.parts) {
    if (!part.session.empty()) enrolled.insert(part.session);
  }
  const auto read = ReadRecordings(recordings, [&](const Observation& observation) {
    if (observation.session && enrolled.count(*observation.session) > 0) shared.insert(*observation.session);
    return absl::OkStatus();
  });
  if (!read.ok()) return read.status();
  return shared;
}

std::string DifferingSignals(const Report& report) {
  std::string names;
  for (const SignalReport& signal : report.signals) {
    if (signal.status == SignalStatus::kDiffers && signal.evidence.counted)
      names += (names.empty() ? "" : ", ") + signal.evidence.signal;
  }
  return names;
}

}  // namespace

absl::StatusOr<SelfCheck> CheckFingerprint(const Fingerprint& fingerprint,
                                           const std::vector<std::string>& recordings,
                                           VerifyOptions options) {
  SelfCheck check;
  PINCHBECK_ASSIGN_OR_RETURN(const std::set<std::string> shared, SharedSessions(fingerprint, recordings));
  options.alternatives.clear();
  options.claim = Claim::kWeights;
  PINCHBECK_ASSIGN_OR_RETURN(check.weights, VerifyRecordings(fingerprint, recordings, options));
  if (check.weights.verdict == Verdict::kNotMeasurable) {
    return absl::FailedPreconditionError(
        "the held-out recording shares nothing with the fingerprint that can be compared; record the same "
        "battery from the same endpoint");
  }
  options.claim = Claim::kServing;
  PINCHBECK_ASSIGN_OR_RETURN(check.serving, VerifyRecordings(fingerprint, recordings, options));
  check.passed = check.weights.verdict != Verdict::kDiffers;
  for (const std::string& session : shared) {
    check.warnings.push_back("session \"" + session +
                             "\" is in the fingerprint too; a check needs a session that was not enrolled");
  }
  if (check.passed && check.serving.verdict == Verdict::kDiffers) {
    check.warnings.push_back("this serving is not stable between sessions (" +
                             DifferingSignals(check.serving) +
                             "); enrol more sessions before it is used with --claim serving");
  }
  if (check.weights.reason == "too_few_observations") {
    check.warnings.emplace_back(
        "the held-out session is too small to notice much; the check proves little, record more answers");
  } else if (check.passed && check.weights.verdict == Verdict::kInconclusive) {
    check.warnings.push_back("the held-out session differs from the fingerprint, though not beyond doubt (" +
                             check.weights.reason.value_or("") + ")");
  }
  return check;
}

}  // namespace pinchbeck
