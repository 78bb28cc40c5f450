// One fingerprint of several, where the recordings are no longer at hand.
#ifndef PINCHBECK_FINGERPRINT_MERGE_H_
#define PINCHBECK_FINGERPRINT_MERGE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "pinchbeck/fingerprint/fingerprint.h"

namespace pinchbeck {

struct FingerprintMergeOptions {
  // Label of the result; empty: that of all fingerprints, which must then be the same.
  std::string model = {};
  // Each fingerprint is another honest serving of the same weights: its variants stay apart from those of the
  // others. Else parts of one variant are sessions of one reference.
  bool variant_per_fingerprint = false;
  // RFC 3339 time of creation, from the caller's clock.
  std::optional<std::string> created = std::nullopt;
  // Seed of the relabelings behind the stored spreads.
  std::uint64_t seed = 1;
};

// Puts the parts of several fingerprints together and measures the spreads among variants and sessions anew,
// as if their recordings had been enrolled together.
//
// Answers that were counted twice would make the reference look larger than it is, and a stored sample does
// not say which answers it holds. What can be told is refused: two fingerprints with a part of equal content
// and times, whatever its names; a session of one name in both, or unnamed sessions of one variant, unless
// `variant_per_fingerprint` keeps them apart. Recordings that only overlap, under other names of the session
// or as variants, are not noticed: enrol those together.
//
// InvalidArgument, naming the fingerprint by its position: none given; other labels, batteries or kinds of
// endpoint; a probe that was asked under other conditions or whose answers are read in another way (enrol
// the recordings together); answers that may be counted twice; a provenance, whose attribution belongs to one
// source; more than 256 sessions and variants.
//
// Cost: that of the spreads: one evaluation of each signal for each variant and session.
[[nodiscard]] absl::StatusOr<Fingerprint> MergeFingerprints(std::span<const Fingerprint* const> fingerprints,
                                                            const FingerprintMergeOptions& options = {});

}  // namespace pinchbeck

#endif  // PINCHBECK_FINGERPRINT_MERGE_H_
