// Which probe of a fingerprint could a request have been?
#ifndef PINCHBECK_SRC_AUDIT_PROBE_MATCHER_H_
#define PINCHBECK_SRC_AUDIT_PROBE_MATCHER_H_

#include <cstddef>
#include <set>
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

// The name that an imported request gets: "log/" and digits of its identity, so that requests share it only
// if all that shaped the answer was equal. Not for requests with kSeed or kUnrecordedParameters.
[[nodiscard]] std::string LogProbeName(const Exchange& exchange);

// Finds the probe that a request repeats. Probes with a name of LogProbeName() are compared by that identity
// alone. The others are compared by prompt digest and sampling parameters, where, unlike in
// ConditionDifferences(), a parameter that only one side has is a difference: the whole request is known
// here, so that an absent top_p means the server's default and not "not recorded".
//
// Of a reference that is not so sure. A probe can be matched only if all parts of the fingerprint record one
// prompt digest, temperature and max_tokens, as every battery has them; and if no other probe asks the same.
class ProbeMatcher {
 public:
  explicit ProbeMatcher(const Fingerprint& fingerprint);

  [[nodiscard]] ProbeMatchResult Match(const Exchange& exchange) const;
  // Why some probes can be matched with no request.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  void Add(const Fingerprint& fingerprint, const std::string& id);

  std::set<std::string> by_identity_;
  // By prompt digest: the probes with their conditions.
  std::unordered_map<std::string, std::vector<std::pair<std::string, ProbeConditions>>> by_prompt_;
  std::size_t unrecorded_ = 0;
  std::size_t ambiguous_ = 0;
  std::vector<std::string> warnings_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_PROBE_MATCHER_H_
