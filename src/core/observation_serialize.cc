// Observation -> one line of JSON.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "pinchbeck/core/observation.h"
#include "src/core/observation_fields.h"
#include "src/internal/json_text.h"

namespace pinchbeck {
namespace {

using internal::AppendJsonInteger;
using internal::AppendJsonNumber;
using internal::AppendJsonString;
using internal::FieldOf;
using internal::FieldRule;

// Writes the members of one object and the commas between them.
class ObjectText {
 public:
  explicit ObjectText(std::string* out) : out_(out) { *out_ += '{'; }
  void Key(std::string_view name) {
    if (!empty_) *out_ += ',';
    empty_ = false;
    *out_ += '"';
    *out_ += name;  // names are plain ASCII
    *out_ += "\":";
  }
  void End() { *out_ += '}'; }
  std::string* out() { return out_; }
  bool empty() const { return empty_; }

 private:
  std::string* out_;
  bool empty_ = true;
};

void AppendValue(const std::string& value, std::string* out) { AppendJsonString(value, out); }
void AppendValue(std::int64_t value, std::string* out) { AppendJsonInteger(value, out); }
void AppendValue(double value, std::string* out) { AppendJsonNumber(value, out); }
void AppendValue(bool value, std::string* out) { *out += value ? "true" : "false"; }

// Whether a value can be written; what cannot is left out, as a field that was not reported.
bool IsWritable(const std::string& value, FieldRule rule) {
  return !value.empty() || rule == FieldRule::kKeepEmpty;
}
bool IsWritable(double value, FieldRule) { return std::isfinite(value); }
bool IsWritable(std::int64_t, FieldRule) { return true; }
bool IsWritable(bool, FieldRule) { return true; }

template <class Record, std::size_t N>
void WriteFields(const FieldOf<Record> (&fields)[N], const Record& record, ObjectText* object) {
  for (const FieldOf<Record>& field : fields) {
    std::visit(
        [&](auto member) {
          const auto& value = record.*member;
          if (!value.has_value() || !IsWritable(*value, field.rule)) return;
          object->Key(field.name);
          AppendValue(*value, object->out());
        },
        field.member);
  }
}

template <class T>
void WriteList(std::string_view name, const std::vector<T>& values, ObjectText* object) {
  object->Key(name);
  std::string* out = object->out();
  *out += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) *out += ',';
    AppendValue(values[i], out);
  }
  *out += ']';
}

// Writes "name":{...} with the members that `write_members` adds; nothing when it adds none.
template <class WriteMembers>
void WriteObject(std::string_view name, ObjectText* parent, WriteMembers write_members) {
  std::string text;
  ObjectText object(&text);
  write_members(&object);
  if (object.empty()) return;
  object.End();
  parent->Key(name);
  *parent->out() += text;
}

void WriteTiming(const TimingRecord& timing, ObjectText* object) {
  WriteFields(internal::kTimingFields, timing, object);
  const bool finite = std::ranges::all_of(timing.event_s, [](double value) { return std::isfinite(value); });
  if (!timing.event_s.empty() && finite) WriteList("event_s", timing.event_s, object);
  if (!timing.event_tokens.empty() && finite) WriteList("event_tokens", timing.event_tokens, object);
}

void WriteTokenMembers(const TokenLogprob& token, ObjectText* object) {
  object->Key("token");
  AppendJsonString(token.token, object->out());
  if (token.id.has_value()) {
    object->Key("id");
    AppendJsonInteger(*token.id, object->out());
  }
  if (token.logprob.has_value() && std::isfinite(*token.logprob)) {
    object->Key("logprob");
    AppendJsonNumber(*token.logprob, object->out());
  }
}

void WriteTop(const std::vector<TokenLogprob>& top, ObjectText* position) {
  position->Key("top");
  std::string* out = position->out();
  *out += '[';
  for (std::size_t i = 0; i < top.size(); ++i) {
    if (i > 0) *out += ',';
    ObjectText entry(out);
    WriteTokenMembers(top[i], &entry);
    entry.End();
  }
  *out += ']';
}

void WriteLogprobs(const std::vector<PositionLogprobs>& positions, ObjectText* root) {
  root->Key("logprobs");
  std::string* out = root->out();
  *out += '[';
  for (std::size_t i = 0; i < positions.size(); ++i) {
    if (i > 0) *out += ',';
    ObjectText position(out);
    WriteTokenMembers(positions[i].sampled, &position);
    if (!positions[i].top.empty()) WriteTop(positions[i].top, &position);
    position.End();
  }
  *out += ']';
}

void WriteError(const ErrorRecord& error, ObjectText* object) {
  for (const internal::ErrorKindName& entry : internal::kErrorKindNames) {
    if (entry.kind != error.kind) continue;
    object->Key("kind");
    AppendJsonString(entry.name, object->out());
  }
  if (error.status.has_value()) {
    object->Key("status");
    AppendJsonInteger(*error.status, object->out());
  }
  if (!error.message.empty()) {
    object->Key("message");
    AppendJsonString(error.message, object->out());
  }
}

}  // namespace

std::string SerializeObservation(const Observation& observation) {
  std::string line;
  line.reserve(512);
  ObjectText root(&line);
  root.Key("schema");
  AppendJsonString(kObservationSchema, &line);
  root.Key("probe");
  AppendJsonString(observation.probe, &line);
  if (!observation.signals.empty()) WriteList("signals", observation.signals, &root);
  WriteFields(internal::kObservationFields, observation, &root);
  WriteObject("request", &root, [&](ObjectText* object) {
    WriteFields(internal::kRequestFields, observation.request, object);
  });
  WriteObject("response", &root, [&](ObjectText* object) {
    WriteFields(internal::kResponseFields, observation.response, object);
    const auto& token_ids = observation.response.token_ids;
    if (token_ids.has_value()) WriteList("token_ids", *token_ids, object);
  });
  WriteObject("usage", &root,
              [&](ObjectText* object) { WriteFields(internal::kUsageFields, observation.usage, object); });
  WriteObject("timing", &root, [&](ObjectText* object) { WriteTiming(observation.timing, object); });
  if (!observation.logprobs.empty()) WriteLogprobs(observation.logprobs, &root);
  if (observation.error.has_value()) {
    WriteObject("error", &root, [&](ObjectText* object) { WriteError(*observation.error, object); });
  }
  root.End();
  return line;
}

}  // namespace pinchbeck
