// Does a recording agree with a fingerprint?
#ifndef PINCHBECK_AUDIT_VERIFY_H_
#define PINCHBECK_AUDIT_VERIFY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/audit/report.h"
#include "pinchbeck/fingerprint/builder.h"
#include "pinchbeck/fingerprint/fingerprint.h"

namespace pinchbeck {

struct VerifyOptions {
  Claim claim = Claim::kWeights;
  // With kShape and kStrict latency joins the counted signals of the claim `serving`. Under `weights` it is
  // reported only: honest servings of one model run at any speed.
  LatencyMode latency = LatencyMode::kAdvisory;
  // Chance of a false `differs`, over all signals together.
  double alpha = 0.01;
  std::uint64_t seed = 1;
  // Relabelings; raised to 20 k / alpha for k counted signals where that is more.
  std::int64_t permutations = 9999;
  int threads = 1;
  // Stored models that might be served instead. One with the fingerprint's own label is ignored.
  std::vector<const Fingerprint*> alternatives;
  // A fingerprint that is older than the recording by more than this many days is warned about.
  double max_age_days = 90;
  // Go on although conditions differ; the verdict is then never `consistent` or `differs`.
  bool ranking_only = false;
};

// Compares an observed sample (extracted with the fingerprint's plan) with the fingerprint.
//
// H0 of the weights claim: the answers come from the claimed weights under some honest serving. Holm's
// procedure at level alpha over the counted signals, each with its own exact or permutation p-value; a
// difference must also exceed what honest servings show (the effect gate). With several variants the p-value
// is the largest over the variants, over their pooled mixture and over a sample of the mixture whose weights
// fit the observed short answers best: fitted weights bring the reference's choices closer to the observed
// ones than the true weights do.
//
// Before it accuses, it asks whether other settings of the same model explain what differs
// (docs/design/0004-effect-gates.md); if they explain all of it, the verdict is `inconclusive` with the
// reason `configuration`.
//
// InvalidArgument: alpha outside (0, 0.5], permutations < 99. FailedPrecondition: conditions differ and
// ranking_only is off; the message lists the differences.
[[nodiscard]] absl::StatusOr<Report> Verify(const Fingerprint& fingerprint, const SampleSet& observed,
                                            const VerifyOptions& options = {});

// Reads recordings, verifies, and adds warnings about files, unplanned probes and the fingerprint's size.
[[nodiscard]] absl::StatusOr<Report> VerifyRecordings(const Fingerprint& fingerprint,
                                                      const std::vector<std::string>& recordings,
                                                      const VerifyOptions& options = {});

// The same for recordings that were read by the fingerprint's plan already, from files or from memory.
[[nodiscard]] absl::StatusOr<Report> VerifyObserved(const Fingerprint& fingerprint,
                                                    const ObservedSample& observed,
                                                    const VerifyOptions& options = {});

// Compares two recordings: A is enrolled in memory, B verified against it.
[[nodiscard]] absl::StatusOr<Report> CompareRecordings(const std::string& recording_a,
                                                       const std::string& recording_b,
                                                       const VerifyOptions& options = {});

}  // namespace pinchbeck

#endif  // PINCHBECK_AUDIT_VERIFY_H_
