// What the handles of the C interface hold.
#ifndef PINCHBECK_SRC_C_HANDLES_H_
#define PINCHBECK_SRC_C_HANDLES_H_

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/audit/monitor.h"
#include "pinchbeck/audit/observer.h"
#include "pinchbeck/audit/verify.h"
#include "pinchbeck/c/pinchbeck.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "pinchbeck/signal/sample_builder.h"

namespace pinchbeck::c {

using SharedFingerprint = std::shared_ptr<const Fingerprint>;

}  // namespace pinchbeck::c

// Fingerprints are shared with what is made from them, so that each may be freed at any time.
struct pinchbeck_fingerprint {
  pinchbeck::c::SharedFingerprint value;
};

struct pinchbeck_verifier {
  pinchbeck::c::SharedFingerprint fingerprint;
  std::vector<pinchbeck::c::SharedFingerprint> alternatives;
  pinchbeck::VerifyOptions options;
  mutable std::mutex mutex;
  // Below: guarded by the mutex.
  pinchbeck::SampleBuilder builder;
  std::int64_t observations = 0;
};

struct pinchbeck_monitor {
  explicit pinchbeck_monitor(pinchbeck::Monitor made) : monitor(std::move(made)) {}
  mutable std::mutex mutex;
  pinchbeck::Monitor monitor;
};

struct pinchbeck_observer {
  pinchbeck_observer(pinchbeck::c::SharedFingerprint of, pinchbeck::Observer made)
      : fingerprint(std::move(of)), observer(std::move(made)) {}
  pinchbeck::c::SharedFingerprint fingerprint;
  // Locks by itself; C has no const observer that a function could rely on.
  mutable pinchbeck::Observer observer;
};

namespace pinchbeck::c {

// The alternatives of a call; InvalidArgument: a NULL among them, or NULL with a count.
[[nodiscard]] absl::StatusOr<std::vector<SharedFingerprint>> Alternatives(
    const pinchbeck_fingerprint* const* alternatives, std::size_t count);
[[nodiscard]] std::vector<const Fingerprint*> Pointers(const std::vector<SharedFingerprint>& shared);

// A monitor as the C functions configure it.
[[nodiscard]] absl::StatusOr<Monitor> MakeMonitor(const Fingerprint& fingerprint,
                                                  const pinchbeck_fingerprint* const* alternatives,
                                                  std::size_t count, const char* options_json);

}  // namespace pinchbeck::c

#endif  // PINCHBECK_SRC_C_HANDLES_H_
