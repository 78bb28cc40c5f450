// Whether a battery has the prompts that a fingerprint was made with.
#ifndef PINCHBECK_SRC_CLI_BATTERY_CHECK_H_
#define PINCHBECK_SRC_CLI_BATTERY_CHECK_H_

#include "absl/status/status.h"
#include "pinchbeck/core/battery.h"
#include "pinchbeck/fingerprint/fingerprint.h"

namespace pinchbeck::cli {

// Compares the hashes of the prompts that both have under one id; probes of one side only are no error.
// FailedPrecondition: a prompt differs. Found before the first request, this costs nothing.
[[nodiscard]] absl::Status CheckPrompts(const Fingerprint& fingerprint, const Battery& battery);

// Also demands that every probe of the fingerprint is in the battery.
[[nodiscard]] absl::Status CheckMadeWith(const Fingerprint& fingerprint, const Battery& battery);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_BATTERY_CHECK_H_
