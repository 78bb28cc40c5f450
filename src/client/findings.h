// Counts what a collection asked for and did not get.
#ifndef PINCHBECK_SRC_CLIENT_FINDINGS_H_
#define PINCHBECK_SRC_CLIENT_FINDINGS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/client/client.h"
#include "pinchbeck/core/observation.h"
#include "pinchbeck/core/probe.h"
#include "src/client/refusal.h"

namespace pinchbeck::internal {

class FindingsLog {
 public:
  // A good answer to a request that carried `sampling` (after adaptation).
  void AddAnswer(const Observation& observation, const SamplingParameters& sampling);
  // A parameter that requests leave out from now on, with the server's words.
  void AddAdaptation(RequestParameter parameter, const std::string& what, std::string_view server_words);
  // A parameter that was taken before and is refused now.
  void AddLateRefusal(RequestParameter parameter, std::string_view server_words);

  // In a fixed order; nothing where everything asked for was given.
  [[nodiscard]] std::vector<CollectFinding> Findings() const;

 private:
  struct Tally {
    std::int64_t asked = 0;
    std::int64_t missed = 0;
    std::string detail;
  };
  void Count(const std::string& name, bool missed, const std::string& detail);

  std::map<std::string, Tally> answers_;
  std::map<std::string, Tally> refusals_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_FINDINGS_H_
