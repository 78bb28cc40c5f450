// The demo's recordings and battery, embedded in the command.
#ifndef PINCHBECK_SRC_CLI_DEMO_DATA_H_
#define PINCHBECK_SRC_CLI_DEMO_DATA_H_

#include <span>
#include <string_view>

namespace pinchbeck::cli {

// The battery whose prompts the recordings answer.
inline constexpr std::string_view kDemoBattery = "battery.json";
// The claimed model's own answers: what the reference fingerprint is enrolled from.
inline constexpr std::string_view kDemoReference = "reference.jsonl.gz";
// Answers of a smaller sibling: the known alternative.
inline constexpr std::string_view kDemoAlternative = "alternative.jsonl.gz";
// A second, honest run of the claimed model.
inline constexpr std::string_view kDemoHonestRelay = "honest-relay.jsonl.gz";
// The sibling under the claimed name.
inline constexpr std::string_view kDemoSwapRelay = "swap-relay.jsonl.gz";
// The two sides of a relay that mixes.
inline constexpr std::string_view kDemoMixRelayClaimed = "mix-relay-claimed.jsonl.gz";
inline constexpr std::string_view kDemoMixRelaySubstitute = "mix-relay-substitute.jsonl.gz";

// Names of all files, in the order above. No recorded answer is in two of them.
[[nodiscard]] std::span<const std::string_view> DemoFileNames();

// The bytes of the file; empty for an unknown name.
[[nodiscard]] std::string_view DemoFile(std::string_view name);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_DEMO_DATA_H_
