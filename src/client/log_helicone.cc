// Request rows of Helicone.
#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pinchbeck/internal/status_macros.h"
#include "src/client/lenient_json.h"
#include "src/client/log_fields.h"
#include "src/client/log_formats.h"

namespace pinchbeck::internal {
namespace {

using nlohmann::json;

// "request_body", "requestBody" and "Request Body" are one name in the several exports.
std::string PlainName(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) plain += static_cast<char>(std::tolower(byte));
  }
  return plain;
}

json WithPlainNames(const json& record) {
  json plain = json::object();
  for (const auto& [key, value] : record.items()) plain[PlainName(key)] = value;
  return plain;
}

// Events without arrival times, as a stream's text.
json Streamed(const json& response) {
  const json* events = FindMember(response, "streamed_data");
  if (events == nullptr || response.contains("choices") || response.contains("content")) return response;
  if (events->is_string()) return *events;
  std::string text;
  if (events->is_array()) {
    for (const json& event : *events) {
      text += "data: " + event.dump(-1, ' ', false, json::error_handler_t::replace) + "\n\n";
    }
  }
  return text;
}

// What Helicone writes in place of a body that it does not have. A server may write the word beside its
// answer.
bool IsPlaceholder(const json& body) {
  if (!body.contains("helicone_message")) return false;
  for (const char* key : {"messages", "choices", "content", "streamed_data"}) {
    if (body.contains(key)) return false;
  }
  return true;
}

// Counts of Helicone's own tokenizer, where the server sent none, are not the server's.
void DropOwnCounts(json& response) {
  const json* usage = FindObject(response, "usage");
  const json* own = usage == nullptr ? nullptr : FindMember(*usage, "helicone_calculated");
  if (own != nullptr && *own != false) response.erase("usage");
}

// A reference of zeros only is none.
bool IsCached(const json& record) {
  const std::string reference = FindString(record, "cachereferenceid").value_or("");
  const bool refers = std::any_of(reference.begin(), reference.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) && c != '0';
  });
  const json* cached = FindMember(record, "cached");
  return refers || (cached != nullptr && *cached == true);
}

absl::StatusOr<std::optional<double>> Milliseconds(const json& record, const char* key) {
  const json* value = FindMember(record, key);
  if (value == nullptr) return std::optional<double>();
  if (value->is_number()) return std::optional<double>(value->get<double>());
  return absl::InvalidArgumentError(std::string(key) + ": expected a number of milliseconds");
}

absl::Status ReadTimes(const json& record, json& exchange) {
  PINCHBECK_ASSIGN_OR_RETURN(const auto start, FindTime(record, "requestcreatedat"));
  SetTimes(start, std::nullopt, std::nullopt, exchange);
  PINCHBECK_ASSIGN_OR_RETURN(std::optional<double> delay, Milliseconds(record, "delayms"));
  if (!delay.has_value()) {
    PINCHBECK_ASSIGN_OR_RETURN(delay, Milliseconds(record, "latency"));
  }
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<double> first, Milliseconds(record, "timetofirsttoken"));
  if (!delay.has_value() || !(*delay > 0)) return absl::OkStatus();
  exchange["total_s"] = *delay / 1000;
  if (first.has_value() && *first > 0 && *first < *delay) exchange["first_token_s"] = *first / 1000;
  return absl::OkStatus();
}

bool IsAnthropic(const json& record, const json& request, const json& response) {
  const std::string path =
      FindString(record, "requestpath").value_or(FindString(record, "targeturl").value_or(""));
  if (path.find("/messages") != std::string::npos) return true;
  if (path.find("/chat/completions") != std::string::npos) return false;
  return FindString(response, "type") == "message" || request.contains("system");
}

}  // namespace

absl::StatusOr<LogItem> ConvertHelicone(const json& record, const LogImportOptions& /*options*/) {
  const json plain = WithPlainNames(record);
  LogItem item;
  item.id = FindString(plain, "requestid").value_or(FindString(plain, "heliconeid").value_or(""));
  json request = FindJson(plain, "requestbody");
  json response = FindJson(plain, "responsebody");
  const bool answered = response.is_object() && !IsPlaceholder(response);
  std::optional<std::int64_t> status = FindInteger(plain, "responsestatus");
  const bool failed = status.has_value() && (*status < 100 || *status >= 300);
  if (!request.is_object() || IsPlaceholder(request)) {
    item.skip = "no request body (export with --include-body)";
    item.incomplete = true;
  } else if (!request.contains("messages")) {
    item.skip = "not a chat request";
  } else if (IsCached(plain)) {
    item.skip = "answered from a cache";
  }
  if (!item.skip.empty()) return item;
  if (!answered && !failed) item.unanswered = "no response body (export with --include-body)";
  if (IsAnthropic(plain, request, response)) item.exchange["api"] = "anthropic";
  item.exchange["request"] = std::move(request);
  if (answered) {
    DropOwnCounts(response);
    item.exchange["response"] = Streamed(response);
  }
  // Statuses below 100 are Helicone's own: cancelled, timed out.
  if (status.has_value() && *status >= 100 && *status <= 599) {
    item.exchange["status"] = *status;
  } else if (failed) {
    item.exchange["complete"] = false;
  }
  PINCHBECK_RETURN_IF_ERROR(ReadTimes(plain, item.exchange));
  SetEndpoint(FindString(plain, "targeturl"), item.exchange);
  return item;
}

}  // namespace pinchbeck::internal
