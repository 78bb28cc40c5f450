#include "src/client/log_fields.h"

#include "pinchbeck/internal/absl_strings.h"
#include "src/client/lenient_json.h"

namespace pinchbeck::internal {

using nlohmann::json;

json FindJson(const json& object, const char* key) {
  const json* member = FindMember(object, key);
  if (member == nullptr || member->empty()) return nullptr;
  if (!member->is_string()) return *member;
  const std::string& text = member->get_ref<const std::string&>();
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string::npos || (text[start] != '{' && text[start] != '[')) return *member;
  LenientJson parsed = ParseLenient(text);
  if (parsed.value.is_discarded()) return *member;
  if (parsed.value.empty()) return nullptr;
  return std::move(parsed.value);
}

absl::StatusOr<std::optional<absl::Time>> FindTime(const json& object, const char* key) {
  const json* member = FindMember(object, key);
  if (member == nullptr) return std::optional<absl::Time>();
  absl::Time time;
  if (member->is_string()) {
    const absl::string_view text = ToAbsl(member->get_ref<const std::string&>());
    for (const char* form :
         {absl::RFC3339_full, "%Y-%m-%d%ET%H:%M:%E*S", "%Y-%m-%d %H:%M:%E*S%Ez", "%Y-%m-%d %H:%M:%E*S"}) {
      if (absl::ParseTime(form, text, absl::UTCTimeZone(), &time, nullptr)) return std::optional(time);
    }
  }
  return absl::InvalidArgumentError(std::string(key) +
                                    ": expected a time such as 2026-01-31T12:00:00.5Z, as a string");
}

void SetTimes(std::optional<absl::Time> start, std::optional<absl::Time> first, std::optional<absl::Time> end,
              json& exchange) {
  if (!start.has_value()) return;
  exchange["time"] = absl::FormatTime(absl::RFC3339_full, *start, absl::UTCTimeZone());
  if (!end.has_value() || *end <= *start) return;
  exchange["total_s"] = absl::ToDoubleSeconds(*end - *start);
  if (first.has_value() && *first > *start && *first < *end) {
    exchange["first_token_s"] = absl::ToDoubleSeconds(*first - *start);
  }
}

void SetEndpoint(const std::optional<std::string>& text, json& exchange) {
  if (!text.has_value() || !(text->starts_with("http://") || text->starts_with("https://"))) return;
  exchange["endpoint"] = *text;
}

json ChatCompletion(const AnswerParts& parts) {
  const auto set = [](const auto& field, const char* key, json& object) {
    if (field.has_value()) object[key] = *field;
  };
  json message = {{"role", "assistant"}};
  set(parts.text, "content", message);
  set(parts.refusal, "refusal", message);
  set(parts.reasoning, "reasoning_content", message);
  json choice = {{"index", 0}, {"message", std::move(message)}};
  set(parts.finish_reason, "finish_reason", choice);
  json usage = json::object();
  set(parts.input_tokens, "prompt_tokens", usage);
  set(parts.output_tokens, "completion_tokens", usage);
  set(parts.reasoning_tokens, "reasoning_tokens", usage);
  if (parts.cached_input_tokens.has_value()) {
    usage["prompt_tokens_details"] = {{"cached_tokens", *parts.cached_input_tokens}};
  }
  set(parts.cost, "cost", usage);
  json completion = {{"choices", json::array({std::move(choice)})}, {"usage", std::move(usage)}};
  set(parts.id, "id", completion);
  set(parts.model, "model", completion);
  set(parts.system_fingerprint, "system_fingerprint", completion);
  return completion;
}

}  // namespace pinchbeck::internal
