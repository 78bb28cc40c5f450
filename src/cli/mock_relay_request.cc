// Reads the requests of the mock relay.
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/cli/mock_relay_wire.h"

namespace pinchbeck::cli {
namespace {

using Json = nlohmann::json;
using internal::ToAbsl;

// The most tokens that top_logprobs may ask for, as the API documents it.
constexpr std::int64_t kMaxTopLogprobs = 20;

absl::Status FieldError(std::string_view field, std::string_view wanted) {
  return absl::InvalidArgumentError(absl::StrCat(ToAbsl(field), ": expected ", ToAbsl(wanted)));
}

// The field, or nullptr when it is absent or null.
const Json* Member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

absl::Status ReadBool(const Json& object, const char* name, bool* value) {
  const Json* member = Member(object, name);
  if (member == nullptr) return absl::OkStatus();
  if (!member->is_boolean()) return FieldError(name, "true or false");
  *value = member->get<bool>();
  return absl::OkStatus();
}

absl::Status ReadInteger(const Json& object, const char* name, std::int64_t low, std::int64_t high,
                         std::optional<std::int64_t>* value) {
  const Json* member = Member(object, name);
  if (member == nullptr) return absl::OkStatus();
  if (!member->is_number_integer() || member->get<std::int64_t>() < low ||
      member->get<std::int64_t>() > high) {
    return FieldError(name, absl::StrCat("an integer from ", low, " to ", high));
  }
  *value = member->get<std::int64_t>();
  return absl::OkStatus();
}

// A message's content: a string, or a list of text parts, which are joined.
absl::StatusOr<std::string> ReadContent(const Json& message, std::string_view path) {
  const Json* content = Member(message, "content");
  const std::string field = absl::StrCat(ToAbsl(path), ".content");
  if (content == nullptr) return FieldError(field, "a text");
  if (content->is_string()) return content->get<std::string>();
  if (!content->is_array()) return FieldError(field, "a text or a list of text parts");
  std::string text;
  for (const Json& part : *content) {
    const Json* piece = part.is_object() ? Member(part, "text") : nullptr;
    if (piece == nullptr || !piece->is_string()) return FieldError(field, "text parts only");
    text += piece->get<std::string>();
  }
  return text;
}

absl::Status ReadMessages(const Json& object, ChatRequest* request) {
  const Json* messages = Member(object, "messages");
  if (messages == nullptr || !messages->is_array() || messages->empty()) {
    return FieldError("messages", "a list with at least one message");
  }
  for (const Json& message : *messages) {
    const std::string path = absl::StrCat("messages[", request->messages.size(), "]");
    const Json* role = message.is_object() ? Member(message, "role") : nullptr;
    if (role == nullptr || !role->is_string()) return FieldError(path, "an object with role and content");
    PINCHBECK_ASSIGN_OR_RETURN(std::string content, ReadContent(message, path));
    request->messages.push_back({role->get<std::string>(), std::move(content)});
  }
  return absl::OkStatus();
}

absl::Status ReadSampling(const Json& object, ChatRequest* request) {
  if (const Json* temperature = Member(object, "temperature")) {
    if (!temperature->is_number()) return FieldError("temperature", "a number from 0 to 2");
    request->temperature = temperature->get<double>();
    if (!(request->temperature >= 0.0 && request->temperature <= 2.0)) {
      return FieldError("temperature", "a number from 0 to 2");
    }
  }
  constexpr std::int64_t kMost = std::int64_t{1} << 40;
  PINCHBECK_RETURN_IF_ERROR(ReadInteger(object, "max_tokens", 0, kMost, &request->max_tokens));
  // The newer name of the same limit.
  PINCHBECK_RETURN_IF_ERROR(ReadInteger(object, "max_completion_tokens", 0, kMost, &request->max_tokens));
  std::optional<std::int64_t> choices, top;
  PINCHBECK_RETURN_IF_ERROR(ReadInteger(object, "n", 1, 1, &choices));
  PINCHBECK_RETURN_IF_ERROR(ReadBool(object, "logprobs", &request->logprobs));
  PINCHBECK_RETURN_IF_ERROR(ReadInteger(object, "top_logprobs", 0, kMaxTopLogprobs, &top));
  if (top && !request->logprobs) return FieldError("logprobs", "true, because top_logprobs is set");
  request->top_logprobs = top.value_or(0);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ChatRequest> ParseChatRequest(std::string_view body) {
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("the request body is not a JSON object");
  ChatRequest request;
  const Json* model = Member(json, "model");
  if (model == nullptr || !model->is_string()) return FieldError("model", "the name of a model");
  request.model = model->get<std::string>();
  PINCHBECK_RETURN_IF_ERROR(ReadMessages(json, &request));
  PINCHBECK_RETURN_IF_ERROR(ReadSampling(json, &request));
  PINCHBECK_RETURN_IF_ERROR(ReadBool(json, "stream", &request.stream));
  if (const Json* options = Member(json, "stream_options")) {
    if (!options->is_object()) return FieldError("stream_options", "an object");
    PINCHBECK_RETURN_IF_ERROR(ReadBool(*options, "include_usage", &request.include_usage));
  }
  return request;
}

}  // namespace pinchbeck::cli
