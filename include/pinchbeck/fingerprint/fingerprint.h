// A fingerprint: what verify needs to know of a trusted reference, with where it came from.
#ifndef PINCHBECK_FINGERPRINT_FINGERPRINT_H_
#define PINCHBECK_FINGERPRINT_FINGERPRINT_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/fingerprint/provenance.h"
#include "pinchbeck/signal/sample.h"

namespace pinchbeck {

// Major version of the file format; readers accept every file of this major version.
inline constexpr std::string_view kFingerprintSchema = "pinchbeck.fingerprint/1";

// The reference taken in one session from one honest serving.
struct FingerprintPart {
  // Name of the honest serving ("default" unless enrolled as one of several).
  std::string variant;
  // Run, day or batch as recorded; empty when the recording does not say.
  std::string session;
  std::optional<std::string> first_time;
  std::optional<std::string> last_time;
  SampleSet sample;
};

struct Fingerprint {
  // Label given at enrolment. Names asked for and returned are kept as recorded and never decide a verdict.
  std::string model;
  std::optional<std::string> created;
  std::optional<std::string> endpoint_kind;
  std::optional<std::string> battery_sha256;
  std::vector<std::string> requested_models;
  // Source, licence and attribution of answers that were published by somebody.
  std::optional<Provenance> provenance;
  // Which signals each probe feeds; its conditions are in the parts' samples.
  SignalPlan plan;
  std::vector<FingerprintPart> parts;
  // Largest leave-one-out effect among variants and among sessions, by signal, where there are at least two.
  std::map<std::string, double> variant_spread;
  std::map<std::string, double> session_spread;
  // Answers by probe, kept only on request.
  std::map<std::string, std::vector<std::string>> texts;

  // All parts pooled.
  [[nodiscard]] SampleSet Pooled() const;
  // The distinct variants, in order of first appearance, each with its parts pooled.
  [[nodiscard]] std::vector<std::pair<std::string, SampleSet>> Variants() const;
  // First and last time of any part.
  [[nodiscard]] std::optional<std::string> FirstTime() const;
  [[nodiscard]] std::optional<std::string> LastTime() const;
};

// Reads and checks a fingerprint file. InvalidArgument names the file and the field's path: not JSON or cut
// off, another major version, a missing or ill-typed field, counts that contradict each other.
[[nodiscard]] absl::StatusOr<Fingerprint> LoadFingerprint(const std::string& path);
[[nodiscard]] absl::StatusOr<Fingerprint> ParseFingerprint(std::string_view json);
[[nodiscard]] std::string SerializeFingerprint(const Fingerprint& fingerprint);
// Writes to a temporary file beside `path` and renames it, so that no reader sees half a fingerprint.
[[nodiscard]] absl::Status SaveFingerprint(const Fingerprint& fingerprint, const std::string& path);

// All fingerprints (*.json) of a folder and its subfolders, by path. Index files
// (pinchbeck/fingerprint/library.h) are left out.
[[nodiscard]] absl::StatusOr<std::vector<Fingerprint>> LoadFingerprints(const std::string& folder);

// How the recording's conditions differ from the fingerprint's, one line a probe and field; empty when they
// agree. Fields that one side did not record are not compared.
[[nodiscard]] std::vector<std::string> ConditionDifferences(const Fingerprint& fingerprint,
                                                            const SampleSet& observed);
[[nodiscard]] std::vector<std::string> ConditionDifferences(const SampleSet& reference,
                                                            const SampleSet& observed);
// The same for one probe.
[[nodiscard]] std::vector<std::string> ConditionDifferences(const std::string& probe,
                                                            const ProbeConditions& reference,
                                                            const ProbeConditions& observed);

}  // namespace pinchbeck

#endif  // PINCHBECK_FINGERPRINT_FINGERPRINT_H_
