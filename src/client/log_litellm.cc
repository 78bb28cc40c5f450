// JSON Lines of pairs, and rows of LiteLLM's spend logs.
#include <algorithm>
#include <cstddef>
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

constexpr const char* kCutByLiteLlm = "strings were cut by LiteLLM (raise MAX_STRING_LENGTH_PROMPT_IN_DB)";

bool IsTrue(const json& record, const char* key) {
  const json* value = FindMember(record, key);
  if (value == nullptr) return false;
  return *value == true || *value == "True" || *value == "true";
}

// What the caller sent; else the messages alone, without the parameters.
json LiteLlmRequest(const json& record) {
  json request = FindJson(record, "proxy_server_request");
  // Some versions wrap it as {"url", "method", "headers", "body"}.
  if (request.is_object() && request.contains("body")) request = FindJson(request, "body");
  const bool whole = request.is_object() && request.contains("messages");
  if (!whole) request = json::object();
  if (!whole) request["messages"] = FindJson(record, "messages");
  if (!whole) request[kUnrecordedParameters] = true;
  if (!request.contains("model") && FindMember(record, "model") != nullptr) {
    request["model"] = record["model"];
  }
  return request;
}

// The proxy's mark in place of what it left out of a long string: "... (litellm_truncated skipped 900 chars".
bool IsCutText(std::string_view text) {
  constexpr std::string_view kMark = "... (litellm_truncated ", kWord = "skipped ";
  for (std::size_t at = text.find(kMark); at != std::string_view::npos; at = text.find(kMark, at + 1)) {
    std::string_view rest = text.substr(at + kMark.size());
    if (rest.starts_with(kWord)) rest.remove_prefix(kWord.size());
    const std::size_t digits = rest.find_first_not_of("0123456789");
    if (digits == 0 || digits == std::string_view::npos) continue;
    if (rest.substr(digits).starts_with(" chars")) return true;
  }
  return false;
}

bool HoldsCutText(const json& value) {
  if (value.is_string()) return IsCutText(value.get_ref<const std::string&>());
  if (!value.is_structured()) return false;
  return std::any_of(value.begin(), value.end(), [](const json& inner) { return HoldsCutText(inner); });
}

bool HoldsCutText(const json& object, const char* key) {
  const json* member = FindMember(object, key);
  return member != nullptr && HoldsCutText(*member);
}

// After a fallback the row names the model that answered, and the request still the one that was asked for.
// Names of deployments have the host in front ("azure/gpt-x"); the group is the name that callers use.
bool IsOfAnotherModel(const json& record, const json& request) {
  const std::optional<std::string> asked = FindString(request, "model");
  const std::string group = FindString(record, "model_group").value_or("");
  const std::string row = group.empty() ? FindString(record, "model").value_or("") : group;
  if (!asked.has_value() || row.empty() || row == *asked) return false;
  if (!group.empty()) return true;
  return !row.ends_with("/" + *asked) && !asked->ends_with("/" + row);
}

void SetFailure(const json& record, json& exchange) {
  const json* metadata = FindObject(record, "metadata");
  const json* information = metadata == nullptr ? nullptr : FindObject(*metadata, "error_information");
  std::optional<std::int64_t> code;
  if (information != nullptr) {
    code = FindInteger(*information, "error_code");
    const std::string text = FindString(*information, "error_code").value_or("");
    if (text.size() == 3 && text.find_first_not_of("0123456789") == std::string::npos) code = std::stoi(text);
  }
  if (code.has_value() && *code >= 400 && *code <= 599) {
    exchange["status"] = *code;
  } else {
    exchange["complete"] = false;
  }
}

// Whether a pair says that its request failed, so that no answer is missing.
bool SaysThatItFailed(const json& record) {
  const json* complete = FindMember(record, "complete");
  const bool broken = complete != nullptr && *complete == false;
  return broken || FindInteger(record, "status").value_or(200) >= 300;
}

// The answer, or why there is none.
void ReadAnswer(const json& record, bool failed, const LogImportOptions& options, LogItem& item) {
  json response = FindJson(record, "response");
  if (failed) {
    SetFailure(record, item.exchange);
  } else if (!response.is_object()) {
    item.unanswered = "no answer (set store_prompts_in_spend_logs)";
  } else {
    // Elsewhere the server may write the mark itself.
    if (HoldsCutText(response, "choices")) item.unanswered = kCutByLiteLlm;
    // Of streams the proxy counts tokens itself where the server sent no usage.
    if (!options.usage_reported) response.erase("usage");
    item.exchange["response"] = std::move(response);
  }
}

}  // namespace

absl::StatusOr<LogItem> ConvertOpenAiPair(const json& record, const LogImportOptions& /*options*/) {
  LogItem item;
  for (const char* key : {"api", "request", "response", "chunks", "status", "complete", "time", "endpoint",
                          "session", "total_s", "first_token_s"}) {
    if (const json* value = FindMember(record, key)) item.exchange[key] = *value;
  }
  // The answer of a batch: {"status_code", "request_id", "body"}.
  const json* response = FindObject(record, "response");
  if (response != nullptr && response->contains("body") && response->contains("status_code")) {
    item.exchange["status"] = (*response)["status_code"];
    item.exchange["response"] = (*response)["body"];
    item.id = FindString(*response, "request_id").value_or("");
    item.id_of_answer = true;
  }
  // Batches put what failed there, and no response.
  if (FindMember(record, "error") != nullptr && response == nullptr) item.exchange["complete"] = false;
  const bool answered = FindMember(item.exchange, "response") != nullptr || item.exchange.contains("chunks");
  if (!answered && !SaysThatItFailed(item.exchange)) item.unanswered = "no response, and nothing says why";
  return item;
}

absl::StatusOr<LogItem> ConvertLiteLlm(const json& record, const LogImportOptions& options) {
  LogItem item;
  // The proxy takes it from the answer.
  item.id = FindString(record, "request_id").value_or("");
  item.id_of_answer = true;
  const std::string call = FindString(record, "call_type").value_or("");
  const bool failed = FindString(record, "status") == "failure";
  item.exchange["request"] = LiteLlmRequest(record);
  if (!call.empty() && call != "completion" && call != "acompletion") {
    item.skip = "not a chat completion";
  } else if (IsTrue(record, "cache_hit")) {
    item.skip = "answered from a cache";
  } else if (HoldsCutText(record, "messages") || HoldsCutText(record, "proxy_server_request")) {
    item.skip = kCutByLiteLlm;
    item.incomplete = true;
  } else if (!item.exchange["request"]["messages"].is_array()) {
    item.skip = "no messages (set store_prompts_in_spend_logs)";
    item.incomplete = true;
  } else if (IsOfAnotherModel(record, item.exchange["request"])) {
    item.skip = "the row's model is not the one asked for (a fallback, or an alias in the request)";
  }
  if (!item.skip.empty()) return item;
  ReadAnswer(record, failed, options, item);
  PINCHBECK_ASSIGN_OR_RETURN(const auto start, FindTime(record, "startTime"));
  PINCHBECK_ASSIGN_OR_RETURN(const auto first, FindTime(record, "completionStartTime"));
  PINCHBECK_ASSIGN_OR_RETURN(const auto end, FindTime(record, "endTime"));
  SetTimes(start, first, end, item.exchange);
  SetEndpoint(FindString(record, "api_base"), item.exchange);
  return item;
}

}  // namespace pinchbeck::internal
