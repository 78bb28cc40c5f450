#include "src/client/request_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pinchbeck/core/probe.h"
#include "pinchbeck/internal/digest.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/lenient_json.h"
#include "src/client/record_limits.h"
#include "src/client/text_guard.h"

namespace pinchbeck::internal {
namespace {

using nlohmann::json;

// How the answer is delivered, billed or filed; none of these moves the distribution of its text.
constexpr std::array<std::string_view, 14> kNeutral = {
    "model", "stream", "stream_options", "logprobs",         "top_logprobs",      "user",     "metadata",
    "store", "n",      "service_tier",   "prompt_cache_key", "safety_identifier", "messages", "system"};
// Read into the record of the request.
constexpr std::array<std::string_view, 7> kSampling = {
    "temperature", "top_p", "top_k", "min_p", "max_tokens", "max_completion_tokens", "seed"};

template <std::size_t N>
bool Holds(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

absl::Status WrongType(std::string_view field, std::string_view expected) {
  return absl::InvalidArgumentError("request." + std::string(field) + ": expected " + std::string(expected));
}

absl::Status ReadNumber(const json& body, const char* key, std::optional<double>& field) {
  const json* value = FindMember(body, key);
  if (value == nullptr) return absl::OkStatus();
  if (!value->is_number() || !std::isfinite(value->get<double>())) return WrongType(key, "a number");
  field = value->get<double>();
  return absl::OkStatus();
}

absl::Status ReadInteger(const json& body, const char* key, bool negative_allowed,
                         std::optional<std::int64_t>& field) {
  const json* value = FindMember(body, key);
  if (value == nullptr) return absl::OkStatus();
  const std::optional<std::int64_t> number = AsInteger(*value);
  if (!number.has_value() || (*number < 0 && !negative_allowed)) {
    return WrongType(key, negative_allowed ? "an integer" : "an integer of at least 0");
  }
  field = number;
  return absl::OkStatus();
}

absl::Status ReadFlag(const json& body, const char* key, std::optional<bool>& field) {
  const json* value = FindMember(body, key);
  if (value == nullptr) return absl::OkStatus();
  if (!value->is_boolean()) return WrongType(key, "true or false");
  field = value->get<bool>();
  return absl::OkStatus();
}

absl::Status ReadSampling(const json& body, RequestRecord& record) {
  PINCHBECK_RETURN_IF_ERROR(ReadNumber(body, "temperature", record.temperature));
  PINCHBECK_RETURN_IF_ERROR(ReadNumber(body, "top_p", record.top_p));
  PINCHBECK_RETURN_IF_ERROR(ReadInteger(body, "top_k", true, record.top_k));
  PINCHBECK_RETURN_IF_ERROR(ReadNumber(body, "min_p", record.min_p));
  PINCHBECK_RETURN_IF_ERROR(ReadInteger(body, "max_tokens", false, record.max_tokens));
  // The newer name of the same limit.
  PINCHBECK_RETURN_IF_ERROR(ReadInteger(body, "max_completion_tokens", false, record.max_tokens));
  PINCHBECK_RETURN_IF_ERROR(ReadInteger(body, "seed", true, record.seed));
  PINCHBECK_RETURN_IF_ERROR(ReadFlag(body, "stream", record.stream));
  PINCHBECK_RETURN_IF_ERROR(ReadInteger(body, "top_logprobs", false, record.top_logprobs));
  const json* logprobs = FindMember(body, "logprobs");
  if (logprobs != nullptr && *logprobs == true && !record.top_logprobs.has_value()) record.top_logprobs = 0;
  const json* model = FindMember(body, "model");
  if (model != nullptr && !model->is_string()) return WrongType("model", "a string");
  if (model != nullptr) record.model = model->get<std::string>().substr(0, kMaxLabelBytes);
  return absl::OkStatus();
}

// The text of a content that is a string, or one part of type text. Several parts are joined differently by
// different servers.
std::optional<std::string> PlainText(const json& content) {
  if (content.is_string()) return content.get<std::string>();
  if (!content.is_array() || content.size() != 1 || !content.front().is_object()) return std::nullopt;
  for (const auto& [key, value] : content.front().items()) {
    // A mark for the server's cache is no part of the prompt.
    if (key != "type" && key != "text" && key != "cache_control" && !value.is_null()) return std::nullopt;
  }
  if (FindString(content.front(), "type") != "text") return std::nullopt;
  return FindString(content.front(), "text");
}

std::optional<ChatMessage> PlainMessage(const json& message) {
  if (!message.is_object()) return std::nullopt;
  for (const auto& [key, value] : message.items()) {
    if (key != "role" && key != "content" && !value.is_null()) return std::nullopt;
  }
  const std::optional<std::string> role = FindString(message, "role");
  const json* content = FindMember(message, "content");
  if (!role.has_value() || content == nullptr) return std::nullopt;
  std::optional<std::string> text = PlainText(*content);
  if (!text.has_value()) return std::nullopt;
  return ChatMessage{*role, *std::move(text)};
}

std::optional<std::string> PromptDigest(Api api, const json& body) {
  Probe probe;
  if (const json* system = api == Api::kAnthropic ? FindMember(body, "system") : nullptr) {
    std::optional<std::string> text = PlainText(*system);
    if (!text.has_value()) return std::nullopt;
    if (!text->empty()) probe.messages.push_back({"system", *std::move(text)});
  }
  const json* messages = FindArray(body, "messages");
  if (messages == nullptr || messages->empty()) return std::nullopt;
  for (const json& message : *messages) {
    std::optional<ChatMessage> plain = PlainMessage(message);
    if (!plain.has_value()) return std::nullopt;
    probe.messages.push_back(*std::move(plain));
  }
  return probe.PromptSha256();
}

bool IsEmpty(const json& value) { return value.empty() && (value.is_object() || value.is_array()); }

// Whether a parameter that probes do not have is set to what every server of the API does without it. A
// penalty of 0 is no such value: servers take their default from the model's files. Nor is a model outside
// Anthropic's API known to think only when asked to.
bool IsOff(Api api, const std::string& key, const json& value) {
  if (value.is_null() || IsEmpty(value)) return true;
  if (key == "response_format") return value == json{{"type", "text"}};
  if (key == "thinking") return api == Api::kAnthropic && value == json{{"type", "disabled"}};
  if (key == "modalities") return value == json::array({"text"});
  return false;
}

void NoteObstacle(RequestObstacle obstacle, std::string_view field, RequestReading& reading) {
  if (reading.obstacle != RequestObstacle::kNone) return;
  reading.obstacle = obstacle;
  reading.obstacle_field = CleanLine(field, 60);
  // Bytes that are no UTF-8 grow when they are replaced.
  if (reading.obstacle_field.size() > 64) reading.obstacle_field = CleanLine(field, 20);
}

// What is not in the record but shapes the answer.
json OtherParameters(Api api, const json& body, RequestReading& reading) {
  json others = json::object();
  for (const auto& [key, value] : body.items()) {
    if (Holds(kSampling, key) || IsOff(api, key, value)) continue;
    // In chat completions `system` is no parameter; several answers to one request share its token counts.
    const bool odd = (key == "system" && api != Api::kAnthropic) || (key == "n" && value != 1);
    if (Holds(kNeutral, key) && !odd) continue;
    NoteObstacle(RequestObstacle::kOtherParameter, key, reading);
    others[key] = value;
  }
  return others;
}

// Without it, requests for different things would have one identity.
absl::Status CheckPrompt(const json& body) {
  const json* messages = FindMember(body, "messages");
  if (messages != nullptr && !messages->empty()) return absl::OkStatus();
  for (const char* key : {"prompt", "input", "contents"}) {
    if (FindMember(body, key) != nullptr) return absl::OkStatus();
  }
  return absl::InvalidArgumentError("request.messages: missing or empty; it is what was asked");
}

std::string IdentityOf(const json& body, const RequestRecord& record, json others) {
  json identity = {{"other", std::move(others)}};
  if (record.prompt_sha256.has_value()) {
    identity["prompt_sha256"] = *record.prompt_sha256;
  } else {
    for (const char* key : {"system", "messages"}) {
      if (const json* part = FindMember(body, key)) identity[key] = *part;
    }
  }
  if (record.temperature.has_value()) identity["temperature"] = *record.temperature;
  if (record.top_p.has_value()) identity["top_p"] = *record.top_p;
  if (record.top_k.has_value()) identity["top_k"] = *record.top_k;
  if (record.min_p.has_value()) identity["min_p"] = *record.min_p;
  if (record.max_tokens.has_value()) identity["max_tokens"] = *record.max_tokens;
  if (record.seed.has_value()) identity["seed"] = *record.seed;
  return Sha256Hex(identity.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace

absl::StatusOr<RequestReading> ReadRequest(Api api, const json& body) {
  if (api != Api::kOpenAiChat && api != Api::kAnthropic) {
    return absl::InvalidArgumentError("api: requests of " + std::string(ApiName(api)) +
                                      " cannot be read; give openai_chat or anthropic");
  }
  if (!body.is_object()) return absl::InvalidArgumentError("request: the body is not a JSON object");
  RequestReading reading;
  RequestRecord& record = reading.record;
  record.api = std::string(ApiName(api));
  PINCHBECK_RETURN_IF_ERROR(ReadSampling(body, record));
  PINCHBECK_RETURN_IF_ERROR(CheckPrompt(body));
  record.prompt_sha256 = PromptDigest(api, body);
  // The first one is kept, so those come first with which not even the identity says that two requests are
  // repeats of each other.
  if (body.contains(kUnrecordedParameters)) {
    NoteObstacle(RequestObstacle::kUnrecordedParameters, kUnrecordedParameters, reading);
  }
  if (record.seed.has_value() && record.temperature.value_or(1.0) > 0.0) {
    NoteObstacle(RequestObstacle::kSeed, "seed", reading);
  }
  if (!record.prompt_sha256.has_value()) {
    NoteObstacle(RequestObstacle::kPromptNotText, "messages", reading);
  }
  json others = OtherParameters(api, body, reading);
  reading.sha256 = IdentityOf(body, record, std::move(others));
  // What else shaped the answer has no field in a record. With the digest, a probe made of such records would
  // look like the plain prompt.
  if (reading.obstacle != RequestObstacle::kNone) record.prompt_sha256.reset();
  return reading;
}

}  // namespace pinchbeck::internal
