#include "src/client/server_error.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/numbers.h"
#include "src/client/lenient_json.h"
#include "src/client/text_guard.h"

namespace pinchbeck::internal {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxCodeBytes = 80;

std::string TextOfCode(const json& error) {
  for (const char* key : {"code", "type", "status"}) {
    if (std::optional<std::string> text = FindString(error, key); text.has_value() && !text->empty()) {
      return *text;
    }
  }
  return {};
}

std::optional<double> RetryDelay(const json& error) {
  const json* details = FindArray(error, "details");
  if (details == nullptr) return std::nullopt;
  for (const json& detail : *details) {
    std::string text = FindString(detail, "retryDelay").value_or("");
    if (text.size() < 2 || text.back() != 's') continue;
    text.pop_back();
    double seconds = 0.0;
    if (absl::SimpleAtod(text, &seconds) && std::isfinite(seconds) && seconds >= 0.0) return seconds;
  }
  return std::nullopt;
}

// Values that servers put under "error" to say that there is none.
bool IsNoError(const json& error) {
  return error == json(false) || error == json("") || error == json(0) ||
         (error.is_structured() && error.empty());
}

// The value that describes the error; null when the document is none.
const json* FindError(const json& document, bool strict) {
  if (const json* error = FindMember(document, "error")) return IsNoError(*error) ? nullptr : error;
  const bool has_message = FindString(document, "message").has_value();
  if (has_message && FindString(document, "object") == "error") return &document;
  if (strict) return nullptr;
  if (const json* detail = FindMember(document, "detail")) return IsNoError(*detail) ? nullptr : detail;
  return has_message ? &document : nullptr;
}

}  // namespace

std::optional<ServerError> ReadServerError(const json& document, bool strict) {
  const bool wrapped = document.is_array() && document.size() == 1;
  const json* error = FindError(wrapped ? document.front() : document, strict);
  if (error == nullptr) return std::nullopt;
  ServerError result;
  if (error->is_string()) {
    result.message = CleanLine(error->get_ref<const std::string&>());
  } else if (error->is_object()) {
    result.message = CleanLine(FindString(*error, "message").value_or(""));
    result.code = CleanLine(TextOfCode(*error), kMaxCodeBytes);
    result.param = CleanLine(FindString(*error, "param").value_or(""), kMaxCodeBytes);
    const std::optional<std::int64_t> status = FindInteger(*error, "code");
    if (status.has_value() && *status >= 400 && *status <= 599) result.status = static_cast<int>(*status);
    result.retry_delay_s = RetryDelay(*error);
  }
  if (result.message.empty()) {
    result.message = CleanLine(error->dump(-1, ' ', false, json::error_handler_t::replace));
  }
  return result;
}

}  // namespace pinchbeck::internal
