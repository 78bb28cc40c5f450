// Answers to generated probes, sorted by check.
#ifndef PINCHBECK_SRC_AUDIT_CHECK_ANSWERS_H_
#define PINCHBECK_SRC_AUDIT_CHECK_ANSWERS_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/core/check_battery.h"
#include "pinchbeck/core/observation.h"

namespace pinchbeck::internal {

// One needle or one line to be repeated.
struct Trial {
  // Lost or changed.
  bool event = false;
  double depth = 0;
  std::string change;
};

struct CacheAnswers {
  bool asked = false;
  // Answers by prompt ("SEED-I"), in the order of the recording.
  std::map<std::string, std::vector<std::string>> same, nonce;
  std::int64_t repeated_ids = 0;
};

struct StreamAnswers {
  bool asked = false;
  // Answers by choice ("SEED-I"), spaces at the ends cut.
  std::map<std::string, std::vector<std::string>> whole, streamed;
  // Usable answers whose requests asked the other way than the probe says.
  std::int64_t asked_otherwise = 0;
};

struct ReasoningLength {
  std::int64_t tokens = 0;
  // The output limit ended the answer: the length is at least this.
  bool cut = false;
};

struct EffortAnswers {
  bool asked = false;
  // By problem ("SEED-I").
  std::map<std::string, ReasoningLength> low, high;
  // Usable answers whose usage does not count reasoning tokens.
  std::int64_t without_count = 0;
};

struct CheckAnswers {
  CacheAnswers cache;
  StreamAnswers stream;
  EffortAnswers effort;
  // By rung in tokens, and by kind ("echo/url"); in the order of the recording.
  std::map<std::int64_t, std::vector<Trial>> rungs;
  std::map<std::string, std::vector<Trial>> echoes;
  // By check: the APIs of its answers, and in words the manners in which they were asked.
  std::map<std::string, std::set<std::string>> apis, deviations;
  std::int64_t failed = 0;
  // Usable answers to probes of other kinds.
  std::int64_t other = 0;
};

// Why the answers of a check cannot be judged: requests that differ from the probes, or with a reference from
// its requests; several APIs. Empty when they can.
[[nodiscard]] std::string ConditionObstacle(const std::string& check, const CheckAnswers& observed,
                                            const CheckAnswers* reference);

// Errors: see EvaluateChecks().
[[nodiscard]] absl::StatusOr<CheckAnswers> ReadCheckAnswers(const std::vector<Observation>& observations,
                                                            const CheckProbes& probes);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_CHECK_ANSWERS_H_
