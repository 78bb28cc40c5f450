// Observations of Langfuse.
#include <cstdint>
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

// Integrations write words such as "inf" for parameters that were not set.
bool IsUnset(const json& value) {
  if (value.is_null()) return true;
  return value == "inf" || value == "Infinity" || value == "None" || value == "";
}

// Numbers may be stored as text.
json NumberOf(const json& value) {
  if (!value.is_string()) return value;
  LenientJson parsed = ParseLenient(value.get_ref<const std::string&>());
  return parsed.value.is_number() || parsed.value.is_boolean() ? std::move(parsed.value) : value;
}

json LangfuseRequest(const json& record) {
  json request = json::object();
  if (const json* model = FindMember(record, "model")) request["model"] = *model;
  json input = FindJson(record, "input");
  if (input.is_object() && input.contains("messages")) input = input["messages"];
  if (input.is_object() && input.contains("role")) input = json::array({input});
  if (input.is_array()) request["messages"] = std::move(input);
  const json parameters = FindJson(record, "modelParameters");
  if (!parameters.is_object()) {
    request[kUnrecordedParameters] = true;
    return request;
  }
  for (const auto& [key, value] : parameters.items()) {
    if (!IsUnset(value) && key != "messages" && key != "model") request[key] = NumberOf(value);
  }
  return request;
}

// Buckets are exclusive: what is cached is not part of `input`, nor reasoning of `output`.
std::optional<std::int64_t> SumOf(const json& usage, std::string_view prefix) {
  std::optional<std::int64_t> sum;
  for (const auto& [key, value] : usage.items()) {
    const std::optional<std::int64_t> count = AsInteger(value);
    const bool counts = key == prefix || key.starts_with(std::string(prefix) + "_");
    if (!counts || !count.has_value() || *count < 0 || *count > (std::int64_t{1} << 40)) continue;
    sum = sum.value_or(0) + *count;
  }
  return sum;
}

void ReadUsage(const json& record, AnswerParts& parts) {
  json usage = FindJson(record, "usageDetails");
  if (!usage.is_object()) usage = FindJson(record, "usage");
  if (usage.is_object()) {
    parts.input_tokens = FindInteger(usage, "prompt_tokens");
    parts.output_tokens = FindInteger(usage, "completion_tokens");
    if (!parts.input_tokens.has_value()) parts.input_tokens = SumOf(usage, "input");
    if (!parts.output_tokens.has_value()) parts.output_tokens = SumOf(usage, "output");
    parts.cached_input_tokens = FindInteger(usage, "input_cached_tokens");
    if (!parts.cached_input_tokens) parts.cached_input_tokens = FindInteger(usage, "cache_read_input_tokens");
    parts.reasoning_tokens = FindInteger(usage, "output_reasoning_tokens");
  }
  const json costs = FindJson(record, "costDetails");
  if (const json* total = FindMember(costs, "total"); total != nullptr && total->is_number()) {
    parts.cost = total->get<double>();
  }
}

// The answer's text out of the forms that integrations write.
json LangfuseResponse(const json& record, const json& output) {
  if (output.is_object() && output.contains("choices")) return output;
  AnswerParts parts;
  if (output.is_string()) {
    parts.text = output.get<std::string>();
  } else if (const json* content = FindMember(output, "content");
             content != nullptr && content->is_string()) {
    parts.text = content->get<std::string>();
    parts.reasoning = FindString(output, "reasoning_content");
  }
  ReadUsage(record, parts);
  return parts.text.has_value() ? ChatCompletion(parts) : json();
}

}  // namespace

absl::Status ConvertLangfuse(const json& record, const LogSink& sink) {
  LogItem item;
  item.api_known = false;
  if (FindString(record, "type").value_or("GENERATION") != "GENERATION") {
    item.skip = "not a generation";
    return sink(std::move(item));
  }
  item.exchange["request"] = LangfuseRequest(record);
  const bool failed = FindString(record, "level") == "ERROR";
  json output = FindJson(record, "output");
  if (output.is_array() && output.size() == 1) output = output.front();
  json response = failed ? json() : LangfuseResponse(record, output);
  if (!failed && response.is_null()) {
    item.skip = "no text in the output";
    return sink(std::move(item));
  }
  if (failed) {
    item.exchange["complete"] = false;
  } else {
    item.exchange["response"] = std::move(response);
  }
  PINCHBECK_ASSIGN_OR_RETURN(const auto start, FindTime(record, "startTime"));
  PINCHBECK_ASSIGN_OR_RETURN(const auto first, FindTime(record, "completionStartTime"));
  PINCHBECK_ASSIGN_OR_RETURN(const auto end, FindTime(record, "endTime"));
  SetTimes(start, first, end, item.exchange);
  if (const json* session = FindMember(record, "sessionId")) item.exchange["session"] = *session;
  return sink(std::move(item));
}

}  // namespace pinchbeck::internal
