// What a collection will cost, and the question before a large one.
#ifndef PINCHBECK_SRC_CLI_COLLECT_PLAN_H_
#define PINCHBECK_SRC_CLI_COLLECT_PLAN_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pinchbeck/client/client.h"
#include "src/cli/collect_flags.h"
#include "src/cli/command.h"

namespace pinchbeck::cli {

struct SelectedPrices {
  // With the prices filled in where they are known.
  CollectBudget budget;
  // Where they come from, e.g. "prices.json of 2026-11-20 (vendor's page)"; empty without prices.
  std::string source;
};

// The flags' prices, or those that the file has for this model at this endpoint; each of the two flags counts
// more than the file. Warns of a file that is old, dated in the future, or without the model.
// InvalidArgument: the file, one price without the other, or a limit on the cost without prices.
[[nodiscard]] absl::StatusOr<SelectedPrices> SelectPrices(const CollectFlags& flags,
                                                          const std::string& public_url, absl::Time now,
                                                          CommandContext& context);

// "12 probes x 20 samples = 240 requests; about ... tokens; at most about 0.1 USD"
[[nodiscard]] std::string PlanText(const CollectPlan& plan, const CollectFlags& flags,
                                   const SelectedPrices& prices);

// "both endpoints together: 480 requests; about ... tokens; at most about 0.2 USD"
[[nodiscard]] std::string TotalText(const CollectPlan& a, const CollectPlan& b);

// Asks before a plan that, within the limits that are set, may cost more than 5 US dollars; without prices,
// one of more than 2000 requests or 1,000,000 tokens, unless the endpoint is this machine. OK at once with
// --yes. Cancelled: declined. FailedPrecondition: there is no terminal to ask at.
[[nodiscard]] absl::Status ConfirmPlan(const CollectPlan& plan, const CollectFlags& flags,
                                       const SelectedPrices& prices, CommandContext& context);

// One of the endpoints of a plan.
struct PlannedEndpoint {
  const CollectPlan& plan;
  const std::string& base_url;
  const SelectedPrices& prices;
};

// The same for several endpoints (at least one) together; the limits of the first are those of all.
[[nodiscard]] absl::Status ConfirmPlans(const std::vector<PlannedEndpoint>& planned,
                                        const CollectFlags& flags, CommandContext& context);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_COLLECT_PLAN_H_
