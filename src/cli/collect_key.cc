#include "src/cli/collect_key.h"

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "src/cli/process_limits.h"

namespace pinchbeck::cli {
namespace {

constexpr const char* kBearerVariable = "ANTHROPIC_AUTH_TOKEN";

// The variables that the vendors' own clients read, in their order.
std::vector<std::string> UsualVariables(Api api) {
  switch (api) {
    case Api::kOpenAiChat:
    case Api::kOpenAiCompletions:
    case Api::kOpenAiResponses:
      return {"OPENAI_API_KEY"};
    case Api::kAnthropic:
      return {"ANTHROPIC_API_KEY", kBearerVariable};
    case Api::kGemini:
      return {"GOOGLE_API_KEY", "GEMINI_API_KEY"};
    case Api::kOllama:
      break;
  }
  return {};
}

// Editors and shells like to leave a line break behind.
std::string TrimSpace(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::optional<EndpointKey> KeyIn(const std::string& variable) {
  std::string value = TrimSpace(Environment(variable.c_str()));
  if (value.empty()) return std::nullopt;
  ForbidCoreDumps();
  return EndpointKey{Secret(std::move(value)), variable, variable == kBearerVariable};
}

std::string NotSet(const std::string& variable) {
  // Whatever does not look like a name may be the key itself: do not repeat it.
  const bool looks_like_name =
      variable.size() <= 40 &&
      variable.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string::npos;
  return absl::StrCat(
      "no environment variable ", looks_like_name ? variable : "of that name",
      " is set; the flag takes the NAME of a variable that holds the key, never the key itself");
}

}  // namespace

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

absl::StatusOr<EndpointKey> ReadKey(const std::optional<std::string>& variable, Api api) {
  if (!variable.has_value()) {
    for (const std::string& usual : UsualVariables(api)) {
      if (std::optional<EndpointKey> key = KeyIn(usual)) return *std::move(key);
    }
    return EndpointKey{};
  }
  if (variable->empty()) return EndpointKey{};
  if (std::optional<EndpointKey> key = KeyIn(*variable)) return *std::move(key);
  return absl::InvalidArgumentError(
      absl::StrCat("--api-key-env: ", NotSet(*variable), " (\"\" for an endpoint without a key)"));
}

absl::StatusOr<Secret> ReadBatteryKey(const std::string& variable) {
  std::string value = TrimSpace(Environment(variable.c_str()));
  if (value.empty()) return absl::InvalidArgumentError(absl::StrCat("--battery-key-env: ", NotSet(variable)));
  ForbidCoreDumps();
  return Secret(std::move(value));
}

}  // namespace pinchbeck::cli
