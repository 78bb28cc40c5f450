// The samples that an observed one is compared with: honest servings of the claimed model, and alternatives.
#ifndef PINCHBECK_SRC_AUDIT_CANDIDATES_H_
#define PINCHBECK_SRC_AUDIT_CANDIDATES_H_

#include <string>
#include <vector>

#include "pinchbeck/audit/verify.h"

namespace pinchbeck::internal {

// A stored model, or one honest serving of the claimed one, with its sessions pooled.
struct Candidate {
  std::string model;
  SampleSet sample;
};

[[nodiscard]] std::vector<const SampleSet*> Samples(const std::vector<Candidate>& candidates);

// Usable observations of the probes that both samples have, counted in the first.
[[nodiscard]] std::int64_t UsableShared(const SampleSet& counted, const SampleSet& other);

// Stored alternatives that can be compared: not the claimed model itself, and taken under the same
// conditions. Warns about those that are left out.
[[nodiscard]] std::vector<Candidate> UsableAlternatives(const Fingerprint& fingerprint,
                                                        const VerifyOptions& options,
                                                        std::vector<std::string>& warnings);

// The honest servings of the composite null: each variant, their pooled answers, and a sample of the mixture
// that fits the observed short answers best. What a variant has no data for is taken from the pooled ones, so
// that all are judged by the same signals and probes. The serving claim knows only the pooled reference.
[[nodiscard]] std::vector<Candidate> References(const Fingerprint& fingerprint, const SampleSet& observed,
                                                const VerifyOptions& options);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_CANDIDATES_H_
