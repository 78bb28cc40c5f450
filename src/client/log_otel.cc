// OpenTelemetry spans of the GenAI conventions, as OTLP/JSON.
#include <algorithm>
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
#include "src/client/url.h"

namespace pinchbeck::internal {
namespace {

using nlohmann::json;

// Attribute values nest; ordinary ones one or two levels.
constexpr int kMostLevels = 32;

// Of one import; and how far a chain of parents is followed.
constexpr std::size_t kMostSpans = 5'000'000;
constexpr std::size_t kMostNameBytes = 256;
constexpr int kMostAncestors = 64;

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
  if (!parts.is_array()) return json::array({parts});
  if (parts.size() == 1 && FindString(parts[0], "type") == "text") {
    if (std::optional<std::string> text = FindString(parts[0], "content")) return *std::move(text);
  }
  return parts;
}

json InputMessages(const json& attributes) {
  json messages = json::array();
  const json system = FindJson(attributes, "gen_ai.system_instructions");
  // Instructions in a form that is not known still shaped the answer.
  if (!system.is_null()) messages.push_back({{"role", "system"}, {"content", ContentOf(system)}});
  const json input = FindJson(attributes, "gen_ai.input.messages");
  if (!input.is_array()) return nullptr;
  for (const json& message : input) {
    json plain = message;
    if (const json* parts = FindMember(message, "parts")) {
      plain["content"] = ContentOf(*parts);
      plain.erase("parts");
    }
    messages.push_back(std::move(plain));
  }
  return messages;
}

json RequestOf(const json& attributes, bool parameters_complete) {
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
  if (!recorded || !parameters_complete) request[kUnrecordedParameters] = true;
  return request;
}

std::optional<std::int64_t> FirstInteger(const json& attributes, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const std::optional<std::int64_t> value = FindInteger(attributes, name)) return value;
  }
  return std::nullopt;
}

// False: no answer was recorded. One without text (a call of a tool, a filtered one) is an answer.
bool ReadOutput(const json& attributes, AnswerParts& parts) {
  const json output = FindJson(attributes, "gen_ai.output.messages");
  if (!output.is_array() || output.empty() || !output.front().is_object()) return false;
  const json& message = output.front();
  parts.finish_reason = FindString(message, "finish_reason");
  if (const std::optional<std::string> content = FindString(message, "content")) parts.text = content;
  const json* list = FindArray(message, "parts");
  if (list == nullptr) return true;
  for (const json& part : *list) {
    const std::string type = FindString(part, "type").value_or("");
    const std::string content = FindString(part, "content").value_or("");
    if (type == "text") parts.text = parts.text.value_or("") + content;
    if (type == "reasoning") parts.reasoning = parts.reasoning.value_or("") + content;
  }
  return true;
}

// The conventions have a word of their own.
void TranslateFinishReason(AnswerParts& parts) {
  if (parts.finish_reason == "tool_call") parts.finish_reason = "tool_calls";
}

// Instrumentations may count with a tokenizer of their own.
void ReadUsage(const json& attributes, AnswerParts& parts) {
  parts.input_tokens = FirstInteger(attributes, {"gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"});
  parts.output_tokens =
      FirstInteger(attributes, {"gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"});
  parts.cached_input_tokens = FindInteger(attributes, "gen_ai.usage.cache_read.input_tokens");
  parts.reasoning_tokens = FindInteger(attributes, "gen_ai.usage.reasoning.output_tokens");
}

std::optional<AnswerParts> AnswerOf(const json& attributes, bool usage_reported) {
  AnswerParts parts;
  if (!ReadOutput(attributes, parts)) return std::nullopt;
  parts.id = FindString(attributes, "gen_ai.response.id");
  parts.model = FindString(attributes, "gen_ai.response.model");
  const json reasons = FindJson(attributes, "gen_ai.response.finish_reasons");
  if (reasons.is_array() && !reasons.empty() && reasons[0].is_string()) {
    parts.finish_reason = reasons[0].get<std::string>();
  }
  TranslateFinishReason(parts);
  parts.system_fingerprint = FindString(attributes, "openai.response.system_fingerprint");
  if (!parts.system_fingerprint) {
    parts.system_fingerprint = FindString(attributes, "gen_ai.openai.response.system_fingerprint");
  }
  if (usage_reported) ReadUsage(attributes, parts);
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
  if (seconds > 0 && seconds < exchange["total_s"].get<double>()) exchange["first_token_s"] = seconds;
  return absl::OkStatus();
}

// The address that a host and a port stand for.
std::string AddressOf(std::string host, std::int64_t port) {
  const auto colons = std::count(host.begin(), host.end(), ':');
  const bool has_port = colons == 1 || (host.front() == '[' && !host.ends_with(']'));
  if (colons > 1 && host.front() != '[') host = "[" + host + "]";
  if (has_port) return "https://" + host;
  std::string url = (port == 80 ? "http://" : "https://") + host;
  if (port != 80 && port != 443) url += ":" + std::to_string(port);
  return url;
}

// The conventions name host and port, and no path; some instrumentations write a whole address all the same.
// What is neither names no endpoint, and leaves the record as it is.
void ReadServer(const json& attributes, json& exchange) {
  const std::string given = FindString(attributes, "server.address").value_or("");
  const bool whole = given.find("://") != std::string::npos;
  // A host has no slash; a path is that of a socket.
  if (given.empty() || (!whole && given.find('/') != std::string::npos)) return;
  const std::string address =
      whole ? given : AddressOf(given, FindInteger(attributes, "server.port").value_or(443));
  const absl::StatusOr<Url> url = ParseUrl(address);
  if (url.ok()) exchange["endpoint"] = url->Public();
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

bool IsChat(const json& attributes) { return FindString(attributes, "gen_ai.operation.name") == "chat"; }

// Spans count within their trace.
std::string NameOf(const json& span, const char* key) {
  const std::string id = FindString(span, key).value_or("");
  return id.empty() ? id : FindString(span, "traceId").value_or("") + "/" + id;
}

template <class Visit>
absl::Status ForEachIn(const json& object, const char* key, const std::string& place, Visit visit) {
  const json* list = FindArray(object, key);
  if (list == nullptr) return absl::OkStatus();
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string inner = place + (place.empty() ? "" : ".") + key + "[" + std::to_string(i) + "]";
    PINCHBECK_RETURN_IF_ERROR(visit((*list)[i], inner));
  }
  return absl::OkStatus();
}

template <class Visit>
absl::Status ForEachSpan(const json& record, Visit visit) {
  // A span by itself, as some back ends export them.
  if (!record.contains("resourceSpans")) return visit(record, std::string());
  return ForEachIn(record, "resourceSpans", "", [&](const json& resource, const std::string& in_resource) {
    return ForEachIn(resource, "scopeSpans", in_resource,
                     [&](const json& scope, const std::string& in_scope) {
                       return ForEachIn(scope, "spans", in_scope, visit);
                     });
  });
}

}  // namespace

absl::Status OtelSpans::Note(const json& record) {
  return ForEachSpan(record, [&](const json& span, const std::string&) {
    const std::string name = NameOf(span, "spanId");
    if (name.empty()) return absl::OkStatus();
    if (spans_.size() >= kMostSpans || name.size() > kMostNameBytes) {
      return absl::ResourceExhaustedError("more spans than can be kept apart; split the file by traces");
    }
    Span& kept = spans_[name];
    kept.parent = NameOf(span, "parentSpanId");
    if (kept.parent.size() > kMostNameBytes) kept.parent.clear();
    kept.chat = kept.chat || IsChat(AttributesOf(span));
    return absl::OkStatus();
  });
}

bool OtelSpans::IsInsideAChat(const json& span) const {
  std::string name = NameOf(span, "parentSpanId");
  for (int level = 0; level < kMostAncestors && !name.empty(); ++level) {
    const auto found = spans_.find(name);
    if (found == spans_.end()) return false;
    if (found->second.chat) return true;
    name = found->second.parent;
  }
  return false;
}

absl::StatusOr<LogItem> OtelSpans::Item(const json& span, const LogImportOptions& options) const {
  LogItem item;
  item.api_known = false;
  const json attributes = AttributesOf(span);
  if (!IsChat(attributes)) {
    item.skip = "not a span of a chat";
    return item;
  }
  item.id = NameOf(span, "spanId");
  item.exchange["request"] = RequestOf(attributes, options.parameters_complete);
  const bool failed = FindMember(attributes, "error.type") != nullptr;
  const std::optional<AnswerParts> parts = AnswerOf(attributes, options.usage_reported);
  if (IsInsideAChat(span)) {
    item.skip = "inside the span of another chat (one request, instrumented twice)";
  } else if (item.exchange["request"]["messages"].is_null()) {
    item.skip = "no gen_ai.input.messages (switch the recording of content on)";
    item.incomplete = true;
  }
  if (!item.skip.empty()) return item;
  if (failed) {
    SetFailure(attributes, item.exchange);
  } else if (parts.has_value()) {
    item.exchange["response"] = ChatCompletion(*parts);
  } else {
    item.unanswered = "no answer in gen_ai.output.messages";
  }
  ReadServer(attributes, item.exchange);
  PINCHBECK_RETURN_IF_ERROR(ReadTimes(span, attributes, item.exchange));
  return item;
}

absl::Status OtelSpans::Convert(const json& record, const LogImportOptions& options,
                                const std::function<absl::Status(LogItem)>& sink) const {
  return ForEachSpan(record, [&](const json& span, const std::string& place) {
    LogItem item;
    if (span.is_object()) {
      absl::StatusOr<LogItem> read = Item(span, options);
      if (read.ok()) {
        item = *std::move(read);
      } else {
        item.fault = Message(read.status());
      }
    } else {
      item.fault = "expected an object";
    }
    item.place = place;
    return sink(std::move(item));
  });
}

}  // namespace pinchbeck::internal
