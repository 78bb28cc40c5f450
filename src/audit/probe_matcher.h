// Which probe of a fingerprint could a request have been?
#ifndef PINCHBECK_SRC_AUDIT_PROBE_MATCHER_H_
#define PINCHBECK_SRC_AUDIT_PROBE_MATCHER_H_

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pinchbeck/client/exchange.h"
#include "pinchbeck/fingerprint/fingerprint.h"

namespace pinchbeck::internal {

enum class ProbeMatch { kProbe, kUnknownPrompt, kOtherSettings, kObstacle };

struct ProbeMatchResult {
  ProbeMatch match = ProbeMatch::kUnknownPrompt;
  // Set for kProbe; lives as long as the matcher.
  const std::string* probe = nullptr;
};

// Compares by prompt digest and by sampling parameters. Unlike ConditionDifferences(), a parameter that only
// one side has is a difference: the whole request is known here, so that an absent temperature means the
// server's default and not "not recorded".
class ProbeMatcher {
 public:
  explicit ProbeMatcher(const Fingerprint& fingerprint);

  [[nodiscard]] ProbeMatchResult Match(const Exchange& exchange) const;
  // Probes of the plan whose prompt digest is not stored: no request can be matched with them.
  [[nodiscard]] std::size_t unmatchable() const { return unmatchable_; }
  [[nodiscard]] std::size_t matchable() const { return matchable_; }

 private:
  // By prompt digest: the probes with their conditions, in order of their names. Of two probes that ask the
  // same in the same way the first one is taken.
  std::unordered_map<std::string, std::vector<std::pair<std::string, ProbeConditions>>> by_prompt_;
  std::size_t matchable_ = 0;
  std::size_t unmatchable_ = 0;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_PROBE_MATCHER_H_
