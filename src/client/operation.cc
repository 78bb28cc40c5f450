#include "src/client/operation.h"

#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>

#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck::internal {
namespace {

// Longer ones before those they end in.
constexpr std::array<std::pair<std::string_view, Api>, 5> kOperations = {{
    {"/chat/completions", Api::kOpenAiChat},
    {"/completions", Api::kOpenAiCompletions},
    {"/responses", Api::kOpenAiResponses},
    {"/messages", Api::kAnthropic},
    {"/api/chat", Api::kOllama},
}};

constexpr std::array<std::string_view, 2> kGeminiMethods = {":generateContent", ":streamGenerateContent"};

}  // namespace

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

SplitPath SplitOperation(std::string_view path) {
  while (EndsWith(path, "/")) path.remove_suffix(1);
  for (const auto& [operation, api] : kOperations) {
    if (!EndsWith(path, operation)) continue;
    path.remove_suffix(operation.size());
    while (EndsWith(path, "/")) path.remove_suffix(1);
    return {std::string(path), api};
  }
  for (const std::string_view method : kGeminiMethods) {
    if (!EndsWith(path, method)) continue;
    // The model belongs to the operation: .../models/NAME:generateContent.
    const std::size_t collection = std::min(path.rfind("/models/"), path.rfind("/tunedModels/"));
    return {std::string(path.substr(0, collection)), Api::kGemini};
  }
  return {std::string(path), std::nullopt};
}

bool EndsInVersion(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view segment = path.substr(slash + 1);
  return segment.size() >= 2 && segment[0] == 'v' &&
         std::isdigit(static_cast<unsigned char>(segment[1])) != 0;
}

absl::StatusOr<Url> OperationUrl(std::string_view base_url, std::string_view version,
                                 std::string_view operation) {
  PINCHBECK_ASSIGN_OR_RETURN(Url url, ParseUrl(base_url));
  url.path = SplitOperation(url.path).base;
  if (!EndsInVersion(url.path)) url.path += version;
  url.path += operation;
  return url;
}

std::string EncodeSegment(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        byte < 0x80 && (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~');
    if (plain) {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kHex[byte >> 4U];
      encoded += kHex[byte & 15U];
    }
  }
  return encoded;
}

}  // namespace pinchbeck::internal
