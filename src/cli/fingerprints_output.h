// What `pinchbeck fingerprints` prints.
#ifndef PINCHBECK_SRC_CLI_FINGERPRINTS_OUTPUT_H_
#define PINCHBECK_SRC_CLI_FINGERPRINTS_OUTPUT_H_

#include <string>

#include "pinchbeck/fingerprint/diff.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "pinchbeck/fingerprint/library.h"

namespace pinchbeck::cli {

[[nodiscard]] std::string IndexToText(const FingerprintIndex& index);
[[nodiscard]] std::string IndexToJson(const FingerprintIndex& index);

// Sizes, conditions and commonest answers; never whole texts.
[[nodiscard]] std::string FingerprintToText(const Fingerprint& fingerprint);
[[nodiscard]] std::string FingerprintToJson(const Fingerprint& fingerprint);

[[nodiscard]] std::string DiffToText(const Fingerprint& a, const Fingerprint& b, const FingerprintDiff& diff);
[[nodiscard]] std::string DiffToJson(const Fingerprint& a, const Fingerprint& b, const FingerprintDiff& diff);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_FINGERPRINTS_OUTPUT_H_
