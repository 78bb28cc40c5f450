// What could this sample have shown? Power by resampling stored alternatives.
#ifndef PINCHBECK_SRC_AUDIT_POWER_H_
#define PINCHBECK_SRC_AUDIT_POWER_H_

#include <cstdint>
#include <optional>

#include "pinchbeck/audit/verify.h"
#include "src/audit/decision.h"

namespace pinchbeck::internal {

// Share of simulated audits that end in a rejection when the answers come from `alternative`, in the observed
// sample's design with `factor` times its answers. Stops early once power 0.9 is out of reach.
[[nodiscard]] double PowerAgainst(const SampleSet& alternative, const DecisionInput& input,
                                  const VerifyOptions& options, double factor);

// Smallest tried multiple of the observed sample that reaches power 0.9 (2, 4, 8 or 16), or nullopt.
[[nodiscard]] std::optional<double> FactorToSettle(const SampleSet& alternative, const DecisionInput& input,
                                                   const VerifyOptions& options);

inline constexpr double kRequiredPower = 0.9;

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_POWER_H_
