// Exchanges from one JSON object.
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pinchbeck/client/exchange.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/lenient_json.h"
#include "src/client/text_guard.h"

namespace pinchbeck {
namespace {

using internal::FindMember;
using nlohmann::json;

absl::Status Expected(std::string_view member, std::string_view what) {
  return absl::InvalidArgumentError(std::string(member) + ": expected " + std::string(what));
}

absl::StatusOr<std::optional<std::string>> ReadString(const json& object, const char* key) {
  const json* value = FindMember(object, key);
  if (value == nullptr) return std::optional<std::string>();
  if (!value->is_string()) return Expected(key, "a string");
  return std::optional<std::string>(value->get<std::string>());
}

absl::StatusOr<std::optional<double>> ReadSeconds(const json& object, const char* key) {
  const json* value = FindMember(object, key);
  if (value == nullptr) return std::optional<double>();
  if (!value->is_number()) return Expected(key, "a number of seconds");
  return std::optional<double>(value->get<double>());
}

std::string Dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

// A body as a document or as text that holds one.
absl::StatusOr<std::string> ReadBody(const json& value, std::string_view member) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() || value.is_array()) return Dump(value);
  return Expected(member, "an object or a string");
}

absl::Status FeedChunks(const json& chunks, ExchangeReader& reader) {
  if (!chunks.is_array()) return Expected("chunks", "a list");
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const std::string at = "chunks[" + std::to_string(i) + "]";
    const json& chunk = chunks[i];
    if (!chunk.is_array() || chunk.size() != 2 || !chunk[0].is_number() ||
        (!chunk[1].is_object() && !chunk[1].is_string())) {
      return Expected(at, "a pair of the arrival in seconds and an object or a string");
    }
    const double arrival_s = chunk[0].get<double>();
    const absl::Status status = chunk[1].is_object()
                                    ? reader.OnEvent(Dump(chunk[1]), arrival_s)
                                    : reader.OnBytes(chunk[1].get_ref<const std::string&>(), arrival_s);
    if (!status.ok()) return internal::Annotate(status, at);
  }
  return absl::OkStatus();
}

absl::Status FeedAnswer(const json& object, ExchangeReader& reader) {
  const json* response = FindMember(object, "response");
  const json* chunks = FindMember(object, "chunks");
  if (response != nullptr && chunks != nullptr) {
    return absl::InvalidArgumentError("chunks: give either chunks or a response");
  }
  if (chunks != nullptr) return FeedChunks(*chunks, reader);
  if (response == nullptr) return absl::OkStatus();
  PINCHBECK_ASSIGN_OR_RETURN(const std::string body, ReadBody(*response, "response"));
  return reader.OnBytes(body);
}

absl::StatusOr<ExchangeEnd> ReadEnd(const json& object) {
  ExchangeEnd end;
  if (const json* status = FindMember(object, "status")) {
    const std::optional<std::int64_t> value = internal::AsInteger(*status);
    if (!value.has_value() || *value < 100 || *value > 599) return Expected("status", "an HTTP status");
    end.status = static_cast<int>(*value);
  }
  if (const json* complete = FindMember(object, "complete")) {
    if (!complete->is_boolean()) return Expected("complete", "true or false");
    end.complete = complete->get<bool>();
  }
  PINCHBECK_ASSIGN_OR_RETURN(end.total_s, ReadSeconds(object, "total_s"));
  PINCHBECK_ASSIGN_OR_RETURN(end.first_token_s, ReadSeconds(object, "first_token_s"));
  return end;
}

absl::StatusOr<Api> ReadApi(const json& object) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<std::string> name, ReadString(object, "api"));
  if (!name.has_value()) return Api::kOpenAiChat;
  const std::optional<Api> api = ApiFromName(*name);
  if (api.has_value()) return *api;
  return absl::InvalidArgumentError("api: " + internal::Quoted(*name, 20) +
                                    " is not known; give openai_chat or anthropic");
}

}  // namespace

absl::StatusOr<Exchange> ReadExchangeJson(std::string_view text, const ExchangeLimits& limits) {
  constexpr std::size_t kAround = std::size_t{64} << 10;
  // Text inside JSON strings may be escaped.
  if (text.size() / 2 > limits.max_request_bytes + limits.max_response_bytes + kAround) {
    return absl::InvalidArgumentError("the exchange is too long: " + std::to_string(text.size()) + " bytes");
  }
  const internal::LenientJson parsed = internal::ParseLenient(text);
  if (!parsed.value.is_object()) return absl::InvalidArgumentError("the exchange is not a JSON object");
  const json& object = parsed.value;
  const json* request_body = FindMember(object, "request");
  if (request_body == nullptr) return absl::InvalidArgumentError("request: missing; it is the body as sent");
  PINCHBECK_ASSIGN_OR_RETURN(const std::string body, ReadBody(*request_body, "request"));
  ExchangeRequest request;
  request.body = body;
  PINCHBECK_ASSIGN_OR_RETURN(request.api, ReadApi(object));
  PINCHBECK_ASSIGN_OR_RETURN(request.endpoint, ReadString(object, "endpoint"));
  PINCHBECK_ASSIGN_OR_RETURN(request.session, ReadString(object, "session"));
  PINCHBECK_ASSIGN_OR_RETURN(request.time, ReadString(object, "time"));
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<std::string> redact, ReadString(object, "redact"));
  PINCHBECK_ASSIGN_OR_RETURN(ExchangeEnd end, ReadEnd(object));
  if (redact.has_value()) end.redact = *redact;
  PINCHBECK_ASSIGN_OR_RETURN(ExchangeReader reader, ExchangeReader::Create(request, limits));
  PINCHBECK_RETURN_IF_ERROR(FeedAnswer(object, reader));
  return std::move(reader).Finish(end);
}

}  // namespace pinchbeck
