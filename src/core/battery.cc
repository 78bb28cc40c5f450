// Battery files: parsing, validation, serialisation and identity.
#include "pinchbeck/core/battery.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <utility>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/digest.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/internal/json_text.h"
#include "src/internal/json_value.h"
#include "src/internal/posix_file.h"

namespace pinchbeck {
namespace {

using internal::AppendJsonInteger;
using internal::AppendJsonNumber;
using internal::AppendJsonString;
using internal::JsonValue;

constexpr std::size_t kMaxBatteryBytes = std::size_t{16} << 20;
constexpr std::array<std::string_view, 4> kGroups = {"choice", "logprob", "text", "tokenizer"};
constexpr std::array<std::string_view, 7> kSignals = {"choice", "logprob",   "token_length", "latency",
                                                      "text",   "tokenizer", "reasoning"};
constexpr std::array<std::string_view, 3> kRoles = {"system", "user", "assistant"};
// Reasoning effort is no field: recordings do not keep it, so that answers at two efforts could be taken for
// answers to one probe. Generated probes have it in their ids.
constexpr std::array<std::string_view, 7> kSamplingFields = {"temperature", "top_p",        "top_k", "min_p",
                                                             "max_tokens",  "top_logprobs", "stream"};

// Ranges that every known server accepts; values beyond them are typing errors.
constexpr double kMaxTemperature = 2.0;
constexpr std::int64_t kMaxTopK = 1'000'000;
constexpr std::int64_t kMaxTokens = 1'000'000;
constexpr std::int64_t kMaxTopLogprobs = 1'000;

template <class Names>
std::string Join(const Names& names) {
  std::string text;
  for (const auto& name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

template <class Names>
bool Contains(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

template <class Names>
absl::StatusOr<std::string> OneOf(const JsonValue& value, const Names& names) {
  PINCHBECK_ASSIGN_OR_RETURN(std::string text, value.String());
  if (Contains(names, text)) return text;
  std::string quoted;
  AppendJsonString(text, &quoted);
  return value.Error(quoted + " is unknown; use one of: " + Join(names));
}

absl::StatusOr<std::vector<std::string>> ParseSignals(const JsonValue& value) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<JsonValue> elements, value.List());
  if (elements.empty()) return value.Error("must name at least one of: " + Join(kSignals));
  std::vector<std::string> signals;
  for (const JsonValue& element : elements) {
    PINCHBECK_ASSIGN_OR_RETURN(std::string signal, OneOf(element, kSignals));
    if (Contains(signals, signal)) return element.Error("\"" + signal + "\" is named twice");
    signals.push_back(std::move(signal));
  }
  return signals;
}

absl::StatusOr<std::vector<ChatMessage>> ParseMessages(const JsonValue& value) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<JsonValue> elements, value.List());
  if (elements.empty()) return value.Error("must hold at least one message");
  std::vector<ChatMessage> messages;
  for (const JsonValue& element : elements) {
    PINCHBECK_ASSIGN_OR_RETURN(const JsonValue role, element.Member("role"));
    PINCHBECK_ASSIGN_OR_RETURN(const JsonValue content, element.Member("content"));
    ChatMessage message;
    PINCHBECK_ASSIGN_OR_RETURN(message.role, OneOf(role, kRoles));
    PINCHBECK_ASSIGN_OR_RETURN(message.content, content.NonEmptyString());
    messages.push_back(std::move(message));
  }
  return messages;
}

absl::Status ReadNumber(const JsonValue& object, std::string_view name, double low, double high,
                        std::optional<double>* out) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<JsonValue> member, object.OptionalMember(name));
  if (!member.has_value()) return absl::OkStatus();
  PINCHBECK_ASSIGN_OR_RETURN(*out, member->Number(low, high));
  return absl::OkStatus();
}

absl::Status ReadInteger(const JsonValue& object, std::string_view name, std::int64_t low, std::int64_t high,
                         std::optional<std::int64_t>* out) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<JsonValue> member, object.OptionalMember(name));
  if (!member.has_value()) return absl::OkStatus();
  PINCHBECK_ASSIGN_OR_RETURN(*out, member->Integer(low, high));
  return absl::OkStatus();
}

absl::StatusOr<SamplingParameters> ParseSampling(const JsonValue& value) {
  PINCHBECK_RETURN_IF_ERROR(value.ExpectObject());
  // A misspelt parameter would silently change what is measured.
  for (const auto& member : value.json().items()) {
    if (Contains(kSamplingFields, member.key())) continue;
    return JsonValue(member.value(), value.path() + "." + member.key())
        .Error("is no sampling parameter; use one of: " + Join(kSamplingFields));
  }
  SamplingParameters sampling;
  std::optional<double> temperature = sampling.temperature;
  std::optional<std::int64_t> max_tokens = sampling.max_tokens;
  PINCHBECK_RETURN_IF_ERROR(ReadNumber(value, "temperature", 0.0, kMaxTemperature, &temperature));
  PINCHBECK_RETURN_IF_ERROR(ReadNumber(value, "top_p", 0.0, 1.0, &sampling.top_p));
  PINCHBECK_RETURN_IF_ERROR(ReadNumber(value, "min_p", 0.0, 1.0, &sampling.min_p));
  // Servers switch the limit off with 0 or -1.
  PINCHBECK_RETURN_IF_ERROR(ReadInteger(value, "top_k", -1, kMaxTopK, &sampling.top_k));
  PINCHBECK_RETURN_IF_ERROR(ReadInteger(value, "max_tokens", 1, kMaxTokens, &max_tokens));
  PINCHBECK_RETURN_IF_ERROR(ReadInteger(value, "top_logprobs", 0, kMaxTopLogprobs, &sampling.top_logprobs));
  sampling.temperature = *temperature;
  sampling.max_tokens = *max_tokens;
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<JsonValue> stream, value.OptionalMember("stream"));
  if (stream.has_value()) {
    PINCHBECK_ASSIGN_OR_RETURN(sampling.stream, stream->Boolean());
  }
  return sampling;
}

absl::StatusOr<Probe> ParseProbe(const JsonValue& value) {
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue id, value.Member("id"));
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue group, value.Member("group"));
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue signals, value.Member("signals"));
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue messages, value.Member("messages"));
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<JsonValue> sampling, value.OptionalMember("sampling"));
  Probe probe;
  PINCHBECK_ASSIGN_OR_RETURN(probe.id, id.NonEmptyString());
  PINCHBECK_ASSIGN_OR_RETURN(probe.group, OneOf(group, kGroups));
  PINCHBECK_ASSIGN_OR_RETURN(probe.signals, ParseSignals(signals));
  PINCHBECK_ASSIGN_OR_RETURN(probe.messages, ParseMessages(messages));
  if (sampling.has_value()) {
    PINCHBECK_ASSIGN_OR_RETURN(probe.sampling, ParseSampling(*sampling));
  }
  return probe;
}

absl::Status CheckSchema(const JsonValue& document) {
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue schema, document.Member("schema"));
  PINCHBECK_ASSIGN_OR_RETURN(const std::string name, schema.String());
  if (name == kBatterySchema) return absl::OkStatus();
  std::string quoted;
  AppendJsonString(name, &quoted);
  return schema.Error("expected \"" + std::string(kBatterySchema) + "\", got " + quoted);
}

void AppendMember(std::string_view name, std::string* out) {
  if (out->back() != '{') *out += ',';
  AppendJsonString(name, out);
  *out += ':';
}

void AppendMessages(const std::vector<ChatMessage>& messages, std::string* out) {
  *out += '[';
  for (const ChatMessage& message : messages) {
    if (&message != &messages.front()) *out += ',';
    *out += '{';
    AppendMember("role", out);
    AppendJsonString(message.role, out);
    AppendMember("content", out);
    AppendJsonString(message.content, out);
    *out += '}';
  }
  *out += ']';
}

void AppendSampling(const SamplingParameters& sampling, std::string* out) {
  const auto number = [out](std::string_view name, const std::optional<double>& value) {
    if (!value.has_value()) return;
    AppendMember(name, out);
    AppendJsonNumber(*value, out);
  };
  const auto integer = [out](std::string_view name, const std::optional<std::int64_t>& value) {
    if (!value.has_value()) return;
    AppendMember(name, out);
    AppendJsonInteger(*value, out);
  };
  *out += '{';
  number("temperature", sampling.temperature);
  number("top_p", sampling.top_p);
  integer("top_k", sampling.top_k);
  number("min_p", sampling.min_p);
  integer("max_tokens", sampling.max_tokens);
  integer("top_logprobs", sampling.top_logprobs);
  AppendMember("stream", out);
  *out += sampling.stream ? "true" : "false";
  // Left out where absent, so that the hashes of batteries without it stay as they were.
  if (sampling.reasoning_effort.has_value()) {
    AppendMember("reasoning_effort", out);
    AppendJsonString(*sampling.reasoning_effort, out);
  }
  *out += '}';
}

void AppendProbe(const Probe& probe, std::string* out) {
  *out += '{';
  AppendMember("id", out);
  AppendJsonString(probe.id, out);
  AppendMember("group", out);
  AppendJsonString(probe.group, out);
  AppendMember("signals", out);
  *out += '[';
  for (std::size_t i = 0; i < probe.signals.size(); ++i) {
    if (i > 0) *out += ',';
    AppendJsonString(probe.signals[i], out);
  }
  *out += ']';
  AppendMember("messages", out);
  AppendMessages(probe.messages, out);
  AppendMember("sampling", out);
  AppendSampling(probe.sampling, out);
  *out += '}';
}

}  // namespace

std::string Battery::Sha256() const {
  std::vector<const Probe*> sorted;
  sorted.reserve(probes.size());
  for (const Probe& probe : probes) sorted.push_back(&probe);
  std::ranges::sort(sorted, {}, [](const Probe* probe) -> const std::string& { return probe->id; });
  std::string text = "[";
  for (const Probe* probe : sorted) {
    if (text.size() > 1) text += ',';
    text += '[';
    AppendJsonString(probe->id, &text);
    text += ',';
    AppendMessages(probe->messages, &text);
    text += ',';
    AppendSampling(probe->sampling, &text);
    text += ']';
  }
  text += ']';
  return internal::Sha256Hex(text);
}

absl::StatusOr<Battery> ParseBattery(std::string_view json) {
  PINCHBECK_ASSIGN_OR_RETURN(const nlohmann::json parsed, internal::ParseJsonDocument(json));
  const JsonValue document(parsed);
  PINCHBECK_RETURN_IF_ERROR(CheckSchema(document));
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue name, document.Member("name"));
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue version, document.Member("version"));
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue probes, document.Member("probes"));
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<JsonValue> elements, probes.List());
  if (elements.empty()) return probes.Error("must hold at least one probe");
  Battery battery;
  PINCHBECK_ASSIGN_OR_RETURN(battery.name, name.NonEmptyString());
  PINCHBECK_ASSIGN_OR_RETURN(battery.version, version.NonEmptyString());
  std::set<std::string> ids;
  for (const JsonValue& element : elements) {
    PINCHBECK_ASSIGN_OR_RETURN(Probe probe, ParseProbe(element));
    if (!ids.insert(probe.id).second) {
      std::string quoted;
      AppendJsonString(probe.id, &quoted);
      return JsonValue(element.json(), element.path() + ".id").Error(quoted + " is used by another probe");
    }
    battery.probes.push_back(std::move(probe));
  }
  return battery;
}

absl::StatusOr<Battery> LoadBattery(const std::string& path) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::string text, internal::ReadFile(path, kMaxBatteryBytes));
  absl::StatusOr<Battery> battery = ParseBattery(text);
  if (!battery.ok()) return internal::Annotate(battery.status(), path);
  return battery;
}

std::string SerializeBattery(const Battery& battery) {
  std::string text = "{";
  AppendMember("schema", &text);
  AppendJsonString(kBatterySchema, &text);
  AppendMember("name", &text);
  AppendJsonString(battery.name, &text);
  AppendMember("version", &text);
  AppendJsonString(battery.version, &text);
  AppendMember("probes", &text);
  // One probe a line, so that versions of a battery can be compared line by line.
  text += "[\n";
  for (std::size_t i = 0; i < battery.probes.size(); ++i) {
    if (i > 0) text += ",\n";
    AppendProbe(battery.probes[i], &text);
  }
  text += "\n]}\n";
  return text;
}

absl::StatusOr<Battery> SelectGroups(const Battery& battery, const std::vector<std::string>& groups) {
  std::vector<std::string> present;
  for (const Probe& probe : battery.probes) {
    if (!Contains(present, probe.group)) present.push_back(probe.group);
  }
  if (groups.empty()) return absl::InvalidArgumentError("no group given; use some of: " + Join(present));
  for (const std::string& group : groups) {
    if (Contains(present, group)) continue;
    std::string quoted;
    AppendJsonString(group, &quoted);
    return absl::InvalidArgumentError("group " + quoted + " is not in battery \"" + battery.name +
                                      "\"; use some of: " + Join(present));
  }
  Battery selected{battery.name, battery.version, {}};
  for (const Probe& probe : battery.probes) {
    if (Contains(groups, probe.group)) selected.probes.push_back(probe);
  }
  return selected;
}

}  // namespace pinchbeck
