// JSON Lines of pairs, and rows of LiteLLM's spend logs.
#include <optional>
#include <string>
#include <utility>

#include "pinchbeck/internal/status_macros.h"
#include "src/client/lenient_json.h"
#include "src/client/log_fields.h"
#include "src/client/log_formats.h"

namespace pinchbeck::internal {
namespace {

using nlohmann::json;

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

}  // namespace

absl::Status ConvertOpenAiPair(const json& record, const LogSink& sink) {
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
  }
  return sink(std::move(item));
}

absl::Status ConvertLiteLlm(const json& record, const LogSink& sink) {
  LogItem item;
  const std::string call = FindString(record, "call_type").value_or("");
  const bool failed = FindString(record, "status") == "failure";
  item.exchange["request"] = LiteLlmRequest(record);
  const json response = FindJson(record, "response");
  if (!call.empty() && call != "completion" && call != "acompletion") {
    item.skip = "not a chat completion";
  } else if (IsTrue(record, "cache_hit")) {
    item.skip = "answered from a cache";
  } else if (!item.exchange["request"]["messages"].is_array()) {
    item.skip = "no messages (set store_prompts_in_spend_logs)";
  } else if (!response.is_object() && !failed) {
    item.skip = "no answer (set store_prompts_in_spend_logs)";
  }
  if (!item.skip.empty()) return sink(std::move(item));
  if (failed) {
    SetFailure(record, item.exchange);
  } else {
    item.exchange["response"] = response;
  }
  PINCHBECK_ASSIGN_OR_RETURN(const auto start, FindTime(record, "startTime"));
  PINCHBECK_ASSIGN_OR_RETURN(const auto first, FindTime(record, "completionStartTime"));
  PINCHBECK_ASSIGN_OR_RETURN(const auto end, FindTime(record, "endTime"));
  SetTimes(start, first, end, item.exchange);
  SetEndpoint(FindString(record, "api_base"), item.exchange);
  return sink(std::move(item));
}

}  // namespace pinchbeck::internal
