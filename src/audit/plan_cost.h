// Tokens and money of a planned audit.
#ifndef PINCHBECK_SRC_AUDIT_PLAN_COST_H_
#define PINCHBECK_SRC_AUDIT_PLAN_COST_H_

#include <optional>
#include <string>

#include "pinchbeck/audit/plan.h"

namespace pinchbeck::internal {

struct RequestTokens {
  std::optional<double> input;
  std::optional<double> output;
};

// Mean tokens of one request of a probe: as the claimed model's fingerprint recorded them, else the
// substitute's, else what the options state, else (output only, where a few tokens were asked for) the cap.
[[nodiscard]] RequestTokens TokensOfRequest(const std::string& probe, const Fingerprint& claimed,
                                            const Fingerprint& substitute, const PlanOptions& options);

// What ranks probes and designs: tokens, or requests where some tokens are unknown.
[[nodiscard]] double CostOfRequest(const PlanCell& cell, bool by_tokens);

// Sets requests, tokens and money for `answers` to each of the design's probes.
void SetCost(const std::vector<PlanCell>& cells, std::int64_t answers, const PlanOptions& options,
             PlanDesign& design);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_PLAN_COST_H_
