// From evidence to decisions: the family of counted signals, Holm's adjustment, the effect gate.
#ifndef PINCHBECK_SRC_AUDIT_DECISION_H_
#define PINCHBECK_SRC_AUDIT_DECISION_H_

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pinchbeck/audit/report.h"
#include "pinchbeck/audit/verify.h"

namespace pinchbeck::internal {

// One comparison of a reference with an observed sample, before power and attribution.
struct Decision {
  std::vector<SignalReport> signals;
  // Counted signals whose adjusted p-value is at most alpha.
  bool any_rejected = false;
  // ... and whose effect is beyond what honest servings show.
  bool any_differs = false;
  // Smallest adjusted p-value: of the signals that pass their gates if any rejects there, else of all counted
  // ones.
  std::optional<double> p_value;
};

struct DecisionInput {
  const SampleSet* reference = nullptr;
  const SampleSet* observed = nullptr;
  std::vector<const SampleSet*> alternatives;
  // Leave-one-out effects known for the claim, by signal.
  const std::map<std::string, double>* spread = nullptr;
  // Only signals that are counted are evaluated (for power simulations).
  bool counted_only = false;
  // Identification: the answers may come from no model at all, and only p-values and effects are needed.
  bool identification = false;
};

// Number of signals that the reference and the request design provide data for, whatever the responses hold.
// Latency is one of them where the mode counts it, and for the serving claim only: honest servings of one
// model run at any speed.
[[nodiscard]] std::size_t FamilySize(const SampleSet& reference, const SampleSet& observed,
                                     const VerifyOptions& options = {});

[[nodiscard]] Decision Decide(const DecisionInput& input, const VerifyOptions& options);

// Would some counted signal alone reject, at the Bonferroni level? Stops at the first that does: a cheap
// lower bound for the power of Decide().
[[nodiscard]] bool Detects(const DecisionInput& input, const VerifyOptions& options);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_DECISION_H_
