// What could this sample have shown? Power by resampling stored alternatives.
#ifndef PINCHBECK_SRC_AUDIT_POWER_H_
#define PINCHBECK_SRC_AUDIT_POWER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "pinchbeck/audit/verify.h"
#include "src/audit/decision.h"

namespace pinchbeck::internal {

// Share of simulated audits that end in a rejection of every reference when the answers come from
// `alternative`, in the observed sample's design with `factor` times its answers. Half of its answers, split
// anew each time, are given; the other half is what the library knows of it, so that nothing is recognised by
// having been seen. Choices and log-probabilities are repeated where more are wanted than the half holds;
// texts and lengths, in which repeats would themselves be noticed, stop there. Of many references the two
// count that the first simulated answers are nearest to. Stops early once power 0.9 is out of reach.
[[nodiscard]] double PowerAgainst(const SampleSet& alternative, const DecisionInput& input,
                                  const std::vector<const SampleSet*>& references,
                                  const VerifyOptions& options, double factor);

// Smallest tried multiple of the observed sample that reaches power 0.9 (2, 4, 8 or 16), or nullopt.
[[nodiscard]] std::optional<double> FactorToSettle(const SampleSet& alternative, const DecisionInput& input,
                                                   const std::vector<const SampleSet*>& references,
                                                   const VerifyOptions& options);

inline constexpr double kRequiredPower = 0.9;

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_POWER_H_
