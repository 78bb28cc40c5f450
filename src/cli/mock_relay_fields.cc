#include "src/cli/mock_relay_fields.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck::cli {

using Json = nlohmann::json;
using internal::ToAbsl;

absl::Status FieldError(std::string_view field, std::string_view wanted) {
  return absl::InvalidArgumentError(absl::StrCat(ToAbsl(field), ": expected ", ToAbsl(wanted)));
}

absl::StatusOr<Json> ParseBody(std::string_view body) {
  Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("the request body is not a JSON object");
  return json;
}

const Json* Member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

absl::StatusOr<Json> ObjectMember(const Json& object, const char* name) {
  const Json* member = Member(object, name);
  if (member == nullptr) return Json::object();
  if (!member->is_object()) return FieldError(name, "an object");
  return *member;
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

absl::Status ReadText(const Json& object, const char* name, std::optional<std::string>* value) {
  const Json* member = Member(object, name);
  if (member == nullptr) return absl::OkStatus();
  if (!member->is_string()) return FieldError(name, "a text");
  *value = member->get<std::string>();
  return absl::OkStatus();
}

absl::Status ReadModel(const Json& object, ChatRequest* request) {
  const Json* model = Member(object, "model");
  if (model == nullptr || !model->is_string()) return FieldError("model", "the name of a model");
  request->model = model->get<std::string>();
  return absl::OkStatus();
}

absl::Status ReadTemperature(const Json& object, ChatRequest* request) {
  const Json* temperature = Member(object, "temperature");
  if (temperature == nullptr) return absl::OkStatus();
  constexpr std::string_view kWanted = "a number from 0 to 2";
  if (!temperature->is_number()) return FieldError("temperature", kWanted);
  request->temperature = temperature->get<double>();
  if (!(request->temperature >= 0.0 && request->temperature <= 2.0)) {
    return FieldError("temperature", kWanted);
  }
  return absl::OkStatus();
}

absl::Status ReadTokenLimit(const Json& object, const char* name, ChatRequest* request) {
  constexpr std::int64_t kMost = std::int64_t{1} << 40;
  return ReadInteger(object, name, 0, kMost, &request->max_tokens);
}

absl::StatusOr<std::string> JoinTexts(const Json* value, std::string_view path) {
  if (value == nullptr) return std::string();
  if (value->is_string()) return value->get<std::string>();
  if (!value->is_array()) return FieldError(path, "a text or a list of text parts");
  std::string text;
  for (const Json& part : *value) {
    const Json* piece = part.is_object() ? Member(part, "text") : nullptr;
    if (piece == nullptr || !piece->is_string()) return FieldError(path, "text parts only");
    text += piece->get<std::string>();
  }
  return text;
}

absl::Status ReadMessages(const Json& object, const char* name, ChatRequest* request) {
  const Json* messages = Member(object, name);
  if (messages == nullptr || !messages->is_array() || messages->empty()) {
    return FieldError(name, "a list with at least one message");
  }
  for (const Json& message : *messages) {
    const std::string path = absl::StrCat(name, "[", request->messages.size(), "]");
    const Json* role = message.is_object() ? Member(message, "role") : nullptr;
    if (role == nullptr || !role->is_string()) return FieldError(path, "an object with role and content");
    const Json* content = Member(message, "content");
    if (content == nullptr) return FieldError(path + ".content", "a text");
    PINCHBECK_ASSIGN_OR_RETURN(std::string text, JoinTexts(content, path + ".content"));
    request->messages.push_back({role->get<std::string>(), std::move(text)});
  }
  return absl::OkStatus();
}

}  // namespace pinchbeck::cli
