// Is a fingerprint fit for release? An independent session of the same endpoint must agree with it.
#ifndef PINCHBECK_AUDIT_SELF_CHECK_H_
#define PINCHBECK_AUDIT_SELF_CHECK_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/audit/report.h"
#include "pinchbeck/audit/verify.h"
#include "pinchbeck/fingerprint/fingerprint.h"

namespace pinchbeck {

struct SelfCheck {
  // The held-out session against the fingerprint, for both claims.
  Report weights, serving;
  // The held-out session was not enrolled, is large enough to notice a substitute, and the weights claim
  // holds without the excuse of other settings: whoever uses the fingerprint does not start with a false
  // accusation.
  [[nodiscard]] bool passed() const { return failure.empty(); }
  // Why the fingerprint should not be used; empty where it passed.
  std::string failure;
  // What a user should know: a serving that is not stable between sessions, differences below the gates,
  // sessions without a name, whose independence nobody can check.
  std::vector<std::string> warnings;
};

// Verifies `recordings`, taken from the enrolled endpoint in another session, against the fingerprint. One
// reference draw is reused by everybody who gets the fingerprint, so its bad luck would be everybody's.
//
// `options` as for VerifyRecordings(); the claim is set here, alternatives are not used.
// InvalidArgument: as VerifyRecordings(). FailedPrecondition: other conditions, or nothing to compare.
[[nodiscard]] absl::StatusOr<SelfCheck> CheckFingerprint(const Fingerprint& fingerprint,
                                                         const std::vector<std::string>& recordings,
                                                         VerifyOptions options = {});

}  // namespace pinchbeck

#endif  // PINCHBECK_AUDIT_SELF_CHECK_H_
