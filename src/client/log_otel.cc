// OpenTelemetry spans of the GenAI conventions, as OTLP/JSON.
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/lenient_json.h"
#include "src/client/log_fields.h"
#include "src/client/log_formats.h"

namespace pinchbeck::internal {
namespace {

using nlohmann::json;

// Attribute values nest; ordinary ones one or two levels.
constexpr int kMostLevels = 32;

// {"stringValue": ...} and the like as plain JSON. 64-bit integers come as strings.
json PlainValue(const json& value, int levels = 0) {
  if (!value.is_object() || levels > kMostLevels) return value;
  for (const char* key : {"stringValue", "doubleValue", "boolValue"}) {
    if (const json* plain = FindMember(value, key)) return *plain;
  }
  if (const json* number = FindMember(value, "intValue")) {
    if (!number->is_string()) return *number;
    const LenientJson parsed = ParseLenient(number->get_ref<const std::string&>());
    return parsed.value.is_number_integer() ? parsed.value : json();
  }
  if (const json* list = FindObject(value, "arrayValue")) {
    json plain = json::array();
    if (const json* values = FindArray(*list, "values")) {
      for (const json& entry : *values) plain.push_back(PlainValue(entry, levels + 1));
    }
    return plain;
  }
  if (const json* map = FindObject(value, "kvlistValue")) {
    json plain = json::object();
    if (const json* values = FindArray(*map, "values")) {
      for (const json& entry : *values) {
        const json* inner = FindMember(entry, "value");
        plain[FindString(entry, "key").value_or("")] =
            inner == nullptr ? json() : PlainValue(*inner, levels + 1);
      }
    }
    return plain;
  }
  return value;
}

// The attributes of a span by name, whichever way they are written.
json AttributesOf(const json& span) {
  const json* attributes = FindMember(span, "attributes");
  if (attributes == nullptr) return json::object();
  if (attributes->is_object()) return *attributes;
  json plain = json::object();
  if (!attributes->is_array()) return plain;
  for (const json& entry : *attributes) {
    const std::optional<std::string> key = FindString(entry, "key");
    const json* value = FindMember(entry, "value");
    if (key.has_value() && value != nullptr) plain[*key] = PlainValue(*value);
  }
  return plain;
}

// The parts of a message as a chat content: one text, or a list that counts as no plain text.
json ContentOf(const json& parts) {
  if (parts.size() == 1 && FindString(parts[0], "type") == "text") {
    if (std::optional<std::string> text = FindString(parts[0], "content")) return *std::move(text);
  }
  return parts;
}

json InputMessages(const json& attributes) {
  json messages = json::array();
  const json system = FindJson(attributes, "gen_ai.system_instructions");
  if (system.is_array()) messages.push_back({{"role", "system"}, {"content", ContentOf(system)}});
  const json input = FindJson(attributes, "gen_ai.input.messages");
  if (!input.is_array()) return nullptr;
  for (const json& message : input) {
    const json* parts = FindArray(message, "parts");
    if (parts == nullptr) {
      messages.push_back(message);
    } else {
      messages.push_back(
          {{"role", FindString(message, "role").value_or("")}, {"content", ContentOf(*parts)}});
    }
  }
  return messages;
}

json RequestOf(const json& attributes) {
  struct Name {
    const char* attribute;
    const char* parameter;
  };
  static constexpr Name kNames[] = {{"gen_ai.request.model", "model"},
                                    {"gen_ai.request.temperature", "temperature"},
                                    {"gen_ai.request.top_p", "top_p"},
                                    {"gen_ai.request.top_k", "top_k"},
                                    {"gen_ai.request.max_tokens", "max_tokens"},
                                    {"gen_ai.request.seed", "seed"},
                                    {"gen_ai.request.stream", "stream"},
                                    {"gen_ai.request.choice.count", "n"},
                                    {"gen_ai.request.frequency_penalty", "frequency_penalty"},
                                    {"gen_ai.request.presence_penalty", "presence_penalty"},
                                    {"gen_ai.request.stop_sequences", "stop"},
                                    {"gen_ai.request.reasoning.level", "reasoning_effort"},
                                    {"gen_ai.tool.definitions", "tools"}};
  json request = {{"messages", InputMessages(attributes)}};
  for (const Name& name : kNames) {
    if (const json* value = FindMember(attributes, name.attribute)) request[name.parameter] = *value;
  }
  if (FindString(attributes, "gen_ai.output.type").value_or("text") != "text") {
    request["response_format"] = attributes["gen_ai.output.type"];
  }
  const bool recorded = request.contains("temperature") || request.contains("max_tokens");
  if (!recorded) request[kUnrecordedParameters] = true;
  return request;
}

std::optional<std::int64_t> FirstInteger(const json& attributes, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const std::optional<std::int64_t> value = FindInteger(attributes, name)) return value;
  }
  return std::nullopt;
}

void ReadOutput(const json& attributes, AnswerParts& parts) {
  const json output = FindJson(attributes, "gen_ai.output.messages");
  if (!output.is_array() || output.empty()) return;
  const json& message = output.front();
  parts.finish_reason = FindString(message, "finish_reason");
  if (const std::optional<std::string> content = FindString(message, "content")) parts.text = content;
  const json* list = FindArray(message, "parts");
  if (list == nullptr) return;
  for (const json& part : *list) {
    const std::string type = FindString(part, "type").value_or("");
    const std::string content = FindString(part, "content").value_or("");
    if (type == "text") parts.text = parts.text.value_or("") + content;
    if (type == "reasoning") parts.reasoning = parts.reasoning.value_or("") + content;
  }
}

AnswerParts AnswerOf(const json& attributes) {
  AnswerParts parts;
  ReadOutput(attributes, parts);
  parts.id = FindString(attributes, "gen_ai.response.id");
  parts.model = FindString(attributes, "gen_ai.response.model");
  const json reasons = FindJson(attributes, "gen_ai.response.finish_reasons");
  if (reasons.is_array() && !reasons.empty() && reasons[0].is_string()) {
    parts.finish_reason = reasons[0].get<std::string>();
  }
  parts.system_fingerprint = FindString(attributes, "openai.response.system_fingerprint");
  if (!parts.system_fingerprint) {
    parts.system_fingerprint = FindString(attributes, "gen_ai.openai.response.system_fingerprint");
  }
  parts.input_tokens = FirstInteger(attributes, {"gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"});
  parts.output_tokens =
      FirstInteger(attributes, {"gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"});
  parts.cached_input_tokens = FindInteger(attributes, "gen_ai.usage.cache_read.input_tokens");
  parts.reasoning_tokens = FindInteger(attributes, "gen_ai.usage.reasoning.output_tokens");
  return parts;
}

// Nanoseconds since 1970, as a string or a number.
absl::StatusOr<std::optional<absl::Time>> UnixNano(const json& span, const char* key) {
  const json* value = FindMember(span, key);
  if (value == nullptr) return std::optional<absl::Time>();
  std::optional<std::int64_t> nanoseconds = AsInteger(*value);
  if (value->is_string()) {
    const LenientJson parsed = ParseLenient(value->get_ref<const std::string&>());
    if (parsed.value.is_number_integer()) nanoseconds = AsInteger(parsed.value);
  }
  if (nanoseconds.has_value() && *nanoseconds >= 0) return std::optional(absl::FromUnixNanos(*nanoseconds));
  return absl::InvalidArgumentError(std::string(key) + ": expected nanoseconds since 1970");
}

absl::Status ReadTimes(const json& span, const json& attributes, json& exchange) {
  PINCHBECK_ASSIGN_OR_RETURN(const auto start, UnixNano(span, "startTimeUnixNano"));
  PINCHBECK_ASSIGN_OR_RETURN(const auto end, UnixNano(span, "endTimeUnixNano"));
  SetTimes(start, std::nullopt, end, exchange);
  const json* first = FindMember(attributes, "gen_ai.response.time_to_first_chunk");
  if (first == nullptr || !exchange.contains("total_s")) return absl::OkStatus();
  if (!first->is_number()) {
    return absl::InvalidArgumentError("gen_ai.response.time_to_first_chunk: expected a number of seconds");
  }
  const double seconds = first->get<double>();
  if (seconds > 0 && seconds <= exchange["total_s"].get<double>()) exchange["first_token_s"] = seconds;
  return absl::OkStatus();
}

void SetFailure(const json& attributes, json& exchange) {
  const std::string type = FindString(attributes, "error.type").value_or("");
  const bool is_status = type.size() == 3 && type.find_first_not_of("0123456789") == std::string::npos;
  if (is_status && type[0] >= '4' && type[0] <= '5') {
    exchange["status"] = std::stoi(type);
  } else {
    exchange["complete"] = false;
  }
}

absl::Status ConvertSpan(const json& span, const std::string& place, const LogSink& sink) {
  const json attributes = AttributesOf(span);
  LogItem item;
  item.api_known = false;
  item.place = place;
  if (FindString(attributes, "gen_ai.operation.name") != "chat") {
    item.skip = "not a span of a chat";
    return sink(std::move(item));
  }
  item.exchange["request"] = RequestOf(attributes);
  const bool failed = FindMember(attributes, "error.type") != nullptr;
  const AnswerParts parts = AnswerOf(attributes);
  if (item.exchange["request"]["messages"].is_null()) {
    item.skip = "no gen_ai.input.messages (switch the recording of content on)";
  } else if (!failed && !parts.text.has_value()) {
    item.skip = "no text in gen_ai.output.messages";
  }
  if (!item.skip.empty()) return sink(std::move(item));
  if (failed) {
    SetFailure(attributes, item.exchange);
  } else {
    item.exchange["response"] = ChatCompletion(parts);
  }
  PINCHBECK_RETURN_IF_ERROR(ReadTimes(span, attributes, item.exchange));
  if (const json* session = FindMember(attributes, "gen_ai.conversation.id"))
    item.exchange["session"] = *session;
  return sink(std::move(item));
}

template <class Visit>
absl::Status ForEachIn(const json& object, const char* key, const std::string& place, Visit visit) {
  const json* list = FindArray(object, key);
  if (list == nullptr) return absl::OkStatus();
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string inner = place + (place.empty() ? "" : ".") + key + "[" + std::to_string(i) + "]";
    if (!(*list)[i].is_object()) return absl::InvalidArgumentError(inner + ": expected an object");
    PINCHBECK_RETURN_IF_ERROR(visit((*list)[i], inner));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ConvertOtel(const json& record, const LogSink& sink) {
  // A span by itself, as some back ends export them.
  if (!record.contains("resourceSpans")) return ConvertSpan(record, "", sink);
  return ForEachIn(record, "resourceSpans", "", [&](const json& resource, const std::string& in_resource) {
    return ForEachIn(
        resource, "scopeSpans", in_resource, [&](const json& scope, const std::string& in_scope) {
          return ForEachIn(scope, "spans", in_scope, [&](const json& span, const std::string& in_span) {
            return ConvertSpan(span, in_span, sink);
          });
        });
  });
}

}  // namespace pinchbeck::internal
