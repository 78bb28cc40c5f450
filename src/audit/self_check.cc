#include "pinchbeck/audit/self_check.h"

#include <set>

#include "pinchbeck/core/recording_set.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck {
namespace {

struct HeldOutSessions {
  // Enrolled ones that are checked again: not independent.
  std::set<std::string> shared;
  bool unnamed = false;
};

absl::StatusOr<HeldOutSessions> SessionsOf(const Fingerprint& fingerprint,
                                           const std::vector<std::string>& recordings) {
  std::set<std::string> enrolled;
  for (const FingerprintPart& part : fingerprint.parts) enrolled.insert(part.session);
  HeldOutSessions sessions;
  const auto read = ReadRecordings(recordings, [&](const Observation& observation) {
    const std::string session = observation.session.value_or("");
    sessions.unnamed = sessions.unnamed || session.empty();
    if (!session.empty() && enrolled.count(session) > 0) sessions.shared.insert(session);
    return absl::OkStatus();
  });
  if (!read.ok()) return read.status();
  return sessions;
}

// Why the held-out session speaks against the fingerprint, or for nothing.
std::string FailureOf(const Report& weights, const std::set<std::string>& shared) {
  if (!shared.empty()) {
    return "session \"" + *shared.begin() +
           "\" is in the fingerprint too; a check needs a session that was not enrolled";
  }
  if (weights.verdict == Verdict::kDiffers) {
    return "the held-out session differs from the fingerprint; enrol more sessions, or --variants where it "
           "is "
           "another serving";
  }
  if (weights.reason == "configuration") {
    return "the held-out session was recorded with other settings than the fingerprint; enrol and check with "
           "the same";
  }
  if (weights.reason == "too_few_observations") {
    return "the held-out session is too small to notice a substitute; record more answers";
  }
  if (weights.reason == "answers_not_in_log") {
    return "the log of the held-out session lacks too many answers; have the tool log whole ones";
  }
  if (weights.reason == "answers_failed_after_text") {
    return "too many answers of the held-out session failed after text of them had come; record again";
  }
  return {};
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
  PINCHBECK_ASSIGN_OR_RETURN(const HeldOutSessions sessions, SessionsOf(fingerprint, recordings));
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
  check.failure = FailureOf(check.weights, sessions.shared);
  if (sessions.unnamed) {
    check.warnings.emplace_back(
        "the held-out answers name no session, so nobody can check that they were not enrolled");
  }
  if (check.passed() && check.serving.verdict == Verdict::kDiffers) {
    check.warnings.push_back("this serving is not stable between sessions (" +
                             DifferingSignals(check.serving) +
                             "); enrol more sessions before it is used with --claim serving");
  }
  if (check.passed() && check.weights.verdict == Verdict::kInconclusive) {
    check.warnings.push_back("the held-out session differs from the fingerprint, though not beyond doubt (" +
                             check.weights.reason.value_or("") + ")");
  }
  return check;
}

}  // namespace pinchbeck
