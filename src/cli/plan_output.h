// What `pinchbeck plan` prints.
#ifndef PINCHBECK_SRC_CLI_PLAN_OUTPUT_H_
#define PINCHBECK_SRC_CLI_PLAN_OUTPUT_H_

#include <string>

#include "pinchbeck/audit/plan.h"

namespace pinchbeck::cli {

[[nodiscard]] std::string PlanToText(const Plan& plan);
// One object of the schema "pinchbeck.plan/1".
[[nodiscard]] std::string PlanToJson(const Plan& plan);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_PLAN_OUTPUT_H_
