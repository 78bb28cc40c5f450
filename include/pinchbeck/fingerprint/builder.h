// Builds fingerprints from recordings.
#ifndef PINCHBECK_FINGERPRINT_BUILDER_H_
#define PINCHBECK_FINGERPRINT_BUILDER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/core/observation.h"
#include "pinchbeck/core/recording_set.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "pinchbeck/signal/sample_builder.h"

namespace pinchbeck {

struct EnrollOptions {
  // Label of the model.
  std::string model = {};
  // Treat each recording as another honest serving of the same weights (variant) instead of one reference.
  bool variant_per_recording = false;
  // Keep the answers' texts in the fingerprint.
  bool keep_text = false;
  // Keep nothing readable of longer answers: hashed 3-grams and style only. Comparisons then do without the
  // answers' beginnings. Answers to choices stay as they are.
  bool private_texts = false;
  // RFC 3339 time of creation, from the caller's clock.
  std::optional<std::string> created = std::nullopt;
  std::optional<std::string> endpoint_kind = std::nullopt;
  std::optional<std::string> battery_sha256 = std::nullopt;
  // Seed of the relabelings behind the stored spreads.
  std::uint64_t seed = 1;
};

class FingerprintBuilder {
 public:
  explicit FingerprintBuilder(EnrollOptions options) : options_(std::move(options)) {}

  // Adds one observation of the named variant. InvalidArgument when a probe was asked under two conditions.
  [[nodiscard]] absl::Status Add(const Observation& observation, const std::string& variant);
  // FailedPrecondition: no usable observation, with the failures counted by kind; a log that lacks more than
  // 1 in 100 answers. InvalidArgument: keep_text together with private_texts.
  [[nodiscard]] absl::StatusOr<Fingerprint> Build() &&;

 private:
  struct Part {
    std::string variant, session;
    std::unique_ptr<SampleBuilder> builder;
  };
  EnrollOptions options_;
  std::vector<Part> parts_;
  std::map<std::pair<std::string, std::string>, std::size_t> index_;
  std::vector<std::string> requested_models_;
  std::map<std::string, std::vector<std::string>> texts_;
};

struct EnrollResult {
  Fingerprint fingerprint;
  RecordingSetSummary recordings;
};

// Reads recordings and builds their fingerprint. InvalidArgument: one file is given as two variants.
[[nodiscard]] absl::StatusOr<EnrollResult> Enroll(const std::vector<std::string>& recordings,
                                                  const EnrollOptions& options);

struct ObservedSample {
  SampleSet sample;
  RecordingSetSummary recordings;
  // Observations of probes that the fingerprint does not hold.
  std::int64_t unplanned = 0;
  std::optional<std::string> first_time;
  std::optional<std::string> last_time;
};

// Reads the recordings under test, keeping what the fingerprint's plan asks for.
[[nodiscard]] absl::StatusOr<ObservedSample> ReadObserved(const std::vector<std::string>& recordings,
                                                          const SignalPlan& plan);

}  // namespace pinchbeck

#endif  // PINCHBECK_FINGERPRINT_BUILDER_H_
