// How far apart are two fingerprints?
#ifndef PINCHBECK_FINGERPRINT_DIFF_H_
#define PINCHBECK_FINGERPRINT_DIFF_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "pinchbeck/signal/evidence.h"

namespace pinchbeck {

struct FingerprintDiffOptions {
  // Relabelings behind each p-value and behind the null mean that effects are corrected by.
  std::int64_t permutations = 999;
  std::uint64_t seed = 1;
  int threads = 1;
};

// One signal in one probe, or in all shared probes together (`probe` empty).
struct CellDiff {
  std::string probe;
  // Effect (corrected for its null mean), its 95 % interval, p-value of equality, sizes.
  SignalEvidence evidence;
};

struct FingerprintDiff {
  std::vector<std::string> shared_probes;
  std::vector<std::string> only_in_a;
  std::vector<std::string> only_in_b;
  // One line a probe and field; comparing across them says nothing about the models.
  std::vector<std::string> condition_differences;
  // The signals over all shared probes, then probe by probe, measurable ones only.
  std::vector<CellDiff> totals;
  std::vector<CellDiff> cells;
};

// Compares two fingerprints cell by cell with the tests that verify() uses, A as the reference and no stored
// alternatives. Effects are descriptive: no level is spent on the cells, and the p-values are not adjusted
// for their number.
//
// InvalidArgument: permutations below 99. Cost: one evaluation of each signal per probe.
[[nodiscard]] absl::StatusOr<FingerprintDiff> DiffFingerprints(const Fingerprint& a, const Fingerprint& b,
                                                               const FingerprintDiffOptions& options = {});

}  // namespace pinchbeck

#endif  // PINCHBECK_FINGERPRINT_DIFF_H_
