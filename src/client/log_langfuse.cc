// Observations of Langfuse.
#include <algorithm>
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
  return value == "inf" || value == "Infinity" || value == "None" || value == json(std::string());
}

// Numbers may be stored as text.
json NumberOf(const json& value) {
  if (!value.is_string()) return value;
  LenientJson parsed = ParseLenient(value.get_ref<const std::string&>());
  if (!parsed.value.is_number() && !parsed.value.is_boolean()) return value;
  return std::move(parsed.value);
}

// The messages; and what stands beside them (tools, functions) was part of the request.
void ReadInput(json input, json& request) {
  if (input.is_object() && input.contains("messages")) {
    request = std::move(input);
  } else if (input.is_object() && input.contains("role")) {
    request["messages"] = json::array({std::move(input)});
  } else if (input.is_array()) {
    request["messages"] = std::move(input);
  }
}

// A text or another object may be a part of the prompt, or a template's variables: nobody knows what was
// sent.
bool HoldsMessages(const json& request) {
  const json* messages = FindArray(request, "messages");
  return messages != nullptr && !messages->empty() &&
         std::all_of(messages->begin(), messages->end(), [](const json& m) { return m.is_object(); });
}

bool IsCompletion(const json& output) {
  return output.is_object() && (output.contains("choices") || output.contains("role"));
}

// A text is the answer's, whatever it looks like, unless it holds a whole message or completion.
json FindOutput(const json& record) {
  const json* member = FindMember(record, "output");
  if (member == nullptr) return nullptr;
  json output = FindJson(record, "output");
  if (output.is_array() && output.size() == 1 && output.front().is_object()) output = json(output.front());
  const bool whole = IsCompletion(output) && (output.contains("choices") || output.contains("content"));
  return member->is_string() && !whole ? *member : output;
}

json LangfuseRequest(const json& record, bool parameters_complete) {
  json request = json::object();
  ReadInput(FindJson(record, "input"), request);
  const json parameters = FindJson(record, "modelParameters");
  if (!parameters.is_object() || !parameters_complete) request[kUnrecordedParameters] = true;
  if (!parameters.is_object()) return request;
  for (const auto& [key, value] : parameters.items()) {
    if (!IsUnset(value) && key != "messages") request[key] = NumberOf(value);
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
}

// The answer out of the forms that integrations write. An answer without text (a refusal, a call of a tool)
// is an answer too; null when there is none.
json LangfuseResponse(const json& record, json output, bool usage_reported) {
  if (output.is_object() && output.contains("choices")) {
    if (!usage_reported) output.erase("usage");
    return output;
  }
  AnswerParts parts;
  if (output.is_string()) {
    parts.text = output.get<std::string>();
  } else if (IsCompletion(output)) {
    const json* content = FindMember(output, "content");
    // Parts of a content may be anything; only a text is known to be one.
    if (content != nullptr && !content->is_string()) return nullptr;
    parts.text = FindString(output, "content");
    parts.reasoning = FindString(output, "reasoning_content");
    parts.refusal = FindString(output, "refusal");
    const json* calls = FindArray(output, "tool_calls");
    if (calls != nullptr && !calls->empty()) parts.finish_reason = "tool_calls";
  } else {
    return nullptr;
  }
  if (usage_reported) ReadUsage(record, parts);
  return ChatCompletion(parts);
}

}  // namespace

absl::StatusOr<LogItem> ConvertLangfuse(const json& record, const LogImportOptions& options) {
  LogItem item;
  item.api_known = false;
  item.id = FindString(record, "id").value_or("");
  if (FindString(record, "type").value_or("GENERATION") != "GENERATION") {
    item.skip = "not a generation";
    return item;
  }
  item.exchange["request"] = LangfuseRequest(record, options.parameters_complete);
  // Integrations overwrite it with the name in the answer.
  item.model = FindString(record, "model");
  const bool failed = FindString(record, "level") == "ERROR";
  if (!HoldsMessages(item.exchange["request"])) {
    item.skip = "no list of messages in the input";
    item.incomplete = true;
    return item;
  }
  json response = failed ? json() : LangfuseResponse(record, FindOutput(record), options.usage_reported);
  if (failed) {
    item.exchange["complete"] = false;
  } else if (response.is_null()) {
    item.unanswered = "no answer in the output, or one in a form that is not known";
  } else {
    item.exchange["response"] = std::move(response);
  }
  PINCHBECK_ASSIGN_OR_RETURN(const auto start, FindTime(record, "startTime"));
  PINCHBECK_ASSIGN_OR_RETURN(const auto first, FindTime(record, "completionStartTime"));
  PINCHBECK_ASSIGN_OR_RETURN(const auto end, FindTime(record, "endTime"));
  SetTimes(start, first, end, item.exchange);
  return item;
}

}  // namespace pinchbeck::internal
