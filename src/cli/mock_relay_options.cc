// Which options of the mock relay make sense, and its modes as texts.
#include <cmath>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "pinchbeck/internal/absl_strings.h"
#include "src/cli/mock_relay.h"

namespace pinchbeck::cli {
namespace {

// A file given twice would be served twice.
absl::Status RefuseRepeatedFiles(const MockRelayOptions& options) {
  std::set<std::string> seen;
  for (const std::vector<std::string>* paths : {&options.recordings, &options.substitutes}) {
    for (const std::string& path : *paths) {
      if (!seen.insert(path).second) return absl::InvalidArgumentError(absl::StrCat(path, ": given twice"));
    }
  }
  return absl::OkStatus();
}

// Splits "name:value" and parses the value where there is one.
struct ModeText {
  std::string name;
  std::optional<double> value;
  bool valid = true;
};

ModeText ParseModeText(std::string_view text) {
  ModeText mode;
  const std::size_t colon = text.find(':');
  mode.name = text.substr(0, colon);
  if (colon == std::string_view::npos) return mode;
  double value = 0.0;
  mode.valid = absl::SimpleAtod(internal::ToAbsl(text.substr(colon + 1)), &value) && std::isfinite(value);
  mode.value = value;
  return mode;
}

// The modes that take no value.
std::optional<MockRelayMode> PlainMode(const std::string& name) {
  if (name == "honest") return MockRelayMode::kHonest;
  if (name == "swap") return MockRelayMode::kSwap;
  if (name == "cache") return MockRelayMode::kCache;
  if (name == "swap_whole") return MockRelayMode::kSwapWhole;
  if (name == "ignore_effort") return MockRelayMode::kIgnoreEffort;
  return std::nullopt;
}

bool IsShare(double value) { return value >= 0.0 && value <= 1.0; }

bool IsCount(double value, double least) {
  return value >= least && value <= 1e9 && std::floor(value) == value;
}

// False when there is no such mode, or the value does not fit it.
bool SetModeWithValue(const ModeText& mode, MockRelayOptions* options) {
  const double value = mode.value.value_or(0.0);
  if (mode.name == "mix" && mode.value && IsShare(value)) {
    options->mode = MockRelayMode::kMix;
    options->substitute_share = value;
  } else if (mode.name == "temperature" && (!mode.value || value > 0.0)) {
    options->mode = MockRelayMode::kTemperature;
    if (mode.value) options->temperature_factor = value;
  } else if (mode.name == "inject" && (!mode.value || IsCount(value, 0.0))) {
    options->mode = MockRelayMode::kInject;
    if (mode.value) options->injected_tokens = static_cast<std::int64_t>(value);
  } else if (mode.name == "truncate" && (!mode.value || IsCount(value, 1.0))) {
    options->mode = MockRelayMode::kTruncate;
    if (mode.value) options->kept_tokens = static_cast<std::int64_t>(value);
  } else if (mode.name == "rewrite" && (!mode.value || IsShare(value))) {
    options->mode = MockRelayMode::kRewrite;
    if (mode.value) options->rewritten_share = value;
  } else {
    return false;
  }
  return true;
}

}  // namespace

absl::Status ValidateMockRelayOptions(const MockRelayOptions& options) {
  const bool uses_substitute = options.mode == MockRelayMode::kSwap || options.mode == MockRelayMode::kMix ||
                               options.mode == MockRelayMode::kSwapWhole;
  if (options.recordings.empty() && options.mode != MockRelayMode::kSwap) {
    return absl::InvalidArgumentError("no recording given: the relay has nothing to answer with");
  }
  if (uses_substitute && options.substitutes.empty()) {
    return absl::InvalidArgumentError("the modes swap, mix and swap_whole need a substitute's recording");
  }
  if (!uses_substitute && !options.substitutes.empty()) {
    return absl::InvalidArgumentError(
        "a substitute's recording is used by the modes swap, mix and swap_whole only");
  }
  if (!(options.substitute_share >= 0.0 && options.substitute_share <= 1.0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("substitute_share: expected 0 to 1, got ", options.substitute_share));
  }
  if (!(options.temperature_factor > 0.0 && std::isfinite(options.temperature_factor))) {
    return absl::InvalidArgumentError(
        absl::StrCat("temperature_factor: expected a number above 0, got ", options.temperature_factor));
  }
  if (!(options.rewritten_share >= 0.0 && options.rewritten_share <= 1.0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("rewritten_share: expected 0 to 1, got ", options.rewritten_share));
  }
  if (options.kept_tokens < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("kept_tokens: expected 1 or more, got ", options.kept_tokens));
  }
  if (options.injected_tokens < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("injected_tokens: expected 0 or more, got ", options.injected_tokens));
  }
  if (!(options.time_scale >= 0.0 && std::isfinite(options.time_scale))) {
    return absl::InvalidArgumentError(
        absl::StrCat("time_scale: expected 0 or more, got ", options.time_scale));
  }
  if (options.port < 0 || options.port > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("port: expected 0 to 65535, got ", options.port));
  }
  return RefuseRepeatedFiles(options);
}

absl::Status SetMockRelayMode(std::string_view text, MockRelayOptions* options) {
  const ModeText mode = ParseModeText(text);
  const absl::Status error = absl::InvalidArgumentError(absl::StrCat(
      "mode '", internal::ToAbsl(text), "': expected honest, swap, mix:Q (0 <= Q <= 1), temperature[:T] ",
      "(T > 0), inject[:N] (N >= 0, an integer), cache, truncate[:N] (N >= 1, an integer), rewrite[:Q] ",
      "(0 <= Q <= 1), swap_whole or ignore_effort"));
  if (!mode.valid) return error;
  if (const auto plain = PlainMode(mode.name); plain.has_value()) {
    if (mode.value.has_value()) return error;
    options->mode = *plain;
    return absl::OkStatus();
  }
  return SetModeWithValue(mode, options) ? absl::OkStatus() : error;
}

}  // namespace pinchbeck::cli
