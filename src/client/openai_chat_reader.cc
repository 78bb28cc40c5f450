#include "src/client/openai_chat_reader.h"

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pinchbeck/internal/utf8.h"
#include "src/client/lenient_json.h"
#include "src/client/text_guard.h"

namespace pinchbeck::internal {
namespace {

using nlohmann::json;

constexpr std::string_view kReplacementText = "\xEF\xBF\xBD";

void Append(std::optional<std::string>& field, std::string_view text) {
  if (!field.has_value()) field.emplace();
  field->append(text);
}

// The bytes of a token as text; absent unless they are complete, valid UTF-8.
std::optional<std::string> TextOfBytes(const json& entry) {
  const json* bytes = FindArray(entry, "bytes");
  if (bytes == nullptr || bytes->empty()) return std::nullopt;
  std::string text;
  for (const json& value : *bytes) {
    const std::optional<std::int64_t> byte = AsInteger(value);
    if (!byte.has_value() || *byte < 0 || *byte > 255) return std::nullopt;
    text += static_cast<char>(*byte);
  }
  if (!IsValidUtf8(text)) return std::nullopt;
  return text;
}

TokenLogprob ReadToken(const json& entry) {
  TokenLogprob token;
  token.token = FindString(entry, "token").value_or("");
  if (token.token.empty() || token.token.find(kReplacementText) != std::string::npos) {
    if (std::optional<std::string> text = TextOfBytes(entry)) token.token = std::move(*text);
  }
  token.id = FindInteger(entry, "id");
  if (!token.id.has_value()) token.id = FindInteger(entry, "token_id");
  if (const json* logprob = FindMember(entry, "logprob"); logprob != nullptr && logprob->is_number()) {
    const double value = logprob->get<double>();
    if (std::isfinite(value)) token.logprob = value;
  }
  return token;
}

PositionLogprobs ReadPosition(const json& entry) {
  PositionLogprobs position;
  position.sampled = ReadToken(entry);
  if (const json* top = FindArray(entry, "top_logprobs")) {
    position.top.reserve(top->size());
    for (const json& alternative : *top) {
      if (alternative.is_object()) position.top.push_back(ReadToken(alternative));
    }
  }
  return position;
}

// Text of a `content` field: a string, or a list of parts of which those of type "text" count.
std::string TextOfContent(const json& message, const char* key) {
  const json* content = FindMember(message, key);
  if (content == nullptr) return {};
  if (content->is_string()) return content->get_ref<const std::string&>();
  std::string text;
  if (content->is_array()) {
    for (const json& part : *content) {
      if (FindString(part, "type").value_or("text") == "text") text += FindString(part, "text").value_or("");
    }
  }
  return text;
}

std::string TextOfCode(const json& error) {
  const json* code = FindMember(error, "code");
  if (code != nullptr && code->is_string()) return code->get_ref<const std::string&>();
  return FindString(error, "type").value_or("");
}

// Values that servers put under "error" to say that there is none.
bool IsNoError(const json& error) {
  return error == json(false) || error == json("") || error == json(0) ||
         (error.is_structured() && error.empty());
}

// Counts below zero are nonsense and treated as absent.
void ReadCount(const json& object, const char* key, std::optional<std::int64_t>& field) {
  const std::optional<std::int64_t> value = FindInteger(object, key);
  if (value.has_value() && *value >= 0) field = value;
}

}  // namespace

std::optional<ServerError> ReadServerError(const json& document, bool strict) {
  const json* error = FindMember(document, "error");
  if (error == nullptr && !strict) error = FindMember(document, "detail");
  if (error == nullptr && !strict && FindString(document, "message").has_value()) error = &document;
  if (error == nullptr || IsNoError(*error)) return std::nullopt;
  ServerError result;
  if (error->is_string()) {
    result.message = CleanLine(error->get_ref<const std::string&>());
  } else if (error->is_object()) {
    result.message = CleanLine(FindString(*error, "message").value_or(""));
    result.code = CleanLine(TextOfCode(*error), 80);
    const std::optional<std::int64_t> status = FindInteger(*error, "code");
    if (status.has_value() && *status >= 400 && *status <= 599) result.status = static_cast<int>(*status);
  }
  if (result.message.empty()) {
    result.message = CleanLine(error->dump(-1, ' ', false, json::error_handler_t::replace));
  }
  return result;
}

void ChatReader::ReadCompletion(const json& completion) {
  ReadEnvelope(completion);
  const json* choices = FindArray(completion, "choices");
  if (choices == nullptr) return;
  for (const json& choice : *choices) {
    if (FindInteger(choice, "index").value_or(0) == 0) {
      (void)ReadChoice(choice, "message");
      break;
    }
  }
}

void ChatReader::ReadChunk(const json& chunk, double arrival_s) {
  ReadEnvelope(chunk);
  const json* choices = FindArray(chunk, "choices");
  if (choices == nullptr) return;
  Added added;
  for (const json& choice : *choices) {
    if (FindInteger(choice, "index").value_or(0) != 0) continue;
    const Added part = ReadChoice(choice, "delta");
    added.content = added.content || part.content;
    added.logprob_entries += part.logprob_entries;
  }
  if (!added.content) return;
  if (!timing_.first_token_s.has_value()) timing_.first_token_s = arrival_s;
  timing_.event_s.push_back(arrival_s);
  timing_.event_tokens.push_back(added.logprob_entries);
  if (added.logprob_entries == 0) events_without_tokens_ = true;
}

void ChatReader::SetError(ErrorKind kind, std::optional<int> status, std::string message) {
  if (error_.has_value()) return;
  error_ = ErrorRecord{kind, status, std::move(message)};
}

void ChatReader::SetServerError(const ServerError& error, int http_status) {
  if (error_.has_value()) return;
  error_code_ = error.code;
  std::optional<int> status = error.status;
  if (http_status >= 300) status = http_status;
  // An error inside a good answer has no HTTP status of its own unless it names one.
  const ErrorKind kind = status.has_value() ? ErrorKind::kHttp : ErrorKind::kProtocol;
  if (!status.has_value()) status = http_status;
  SetError(kind, status,
           "server says: " + error.message + (error.code.empty() ? "" : " [" + error.code + "]"));
}

void ChatReader::MoveTo(Observation& observation) {
  if (!refusal_.empty()) {
    if (response_.text.value_or("").empty()) response_.text = refusal_;
    if (response_.finish_reason == "stop" || !response_.finish_reason.has_value()) {
      response_.finish_reason = "refusal";
    }
  }
  if (events_without_tokens_) timing_.event_tokens.clear();
  observation.response = std::move(response_);
  observation.usage = usage_;
  observation.timing.first_token_s = timing_.first_token_s;
  observation.timing.event_s = std::move(timing_.event_s);
  observation.timing.event_tokens = std::move(timing_.event_tokens);
  observation.logprobs = std::move(logprobs_);
  if (error_.has_value()) observation.error = std::move(error_);
}

void ChatReader::ReadEnvelope(const json& object) {
  if (const json* id = FindMember(object, "id");
      id != nullptr && (id->is_string() || id->is_number_integer())) {
    response_.id = id->is_string() ? id->get<std::string>() : id->dump();
  }
  if (std::optional<std::string> model = FindString(object, "model")) response_.model = std::move(model);
  if (std::optional<std::string> mark = FindString(object, "system_fingerprint")) {
    response_.system_fingerprint = std::move(mark);
  }
  if (const json* usage = FindObject(object, "usage")) ReadUsage(*usage);
}

void ChatReader::ReadUsage(const json& usage) {
  ReadCount(usage, "prompt_tokens", usage_.input_tokens);
  ReadCount(usage, "completion_tokens", usage_.output_tokens);
  ReadCount(usage, "prompt_cache_hit_tokens", usage_.cached_input_tokens);
  ReadCount(usage, "reasoning_tokens", usage_.reasoning_tokens);
  if (const json* details = FindObject(usage, "prompt_tokens_details")) {
    ReadCount(*details, "cached_tokens", usage_.cached_input_tokens);
  }
  if (const json* details = FindObject(usage, "completion_tokens_details")) {
    ReadCount(*details, "reasoning_tokens", usage_.reasoning_tokens);
  }
}

ChatReader::Added ChatReader::ReadChoice(const json& choice, const char* message_key) {
  Added added;
  if (!choice.is_object()) return added;
  saw_choice_ = true;
  const json* message = FindObject(choice, message_key);
  // Some servers put the last piece of a stream into `message`.
  if (message == nullptr) message = FindObject(choice, "message");
  if (message != nullptr) added.content = ReadMessage(*message);
  added.logprob_entries = ReadLogprobs(choice);
  ReadTokenIds(choice);
  if (std::optional<std::string> finish = FindString(choice, "finish_reason"); finish && !finish->empty()) {
    if (*finish == "error") {
      SetError(ErrorKind::kProtocol, std::nullopt,
               "the server ended the answer with finish_reason \"error\"");
    }
    response_.finish_reason = std::move(finish);
  }
  return added;
}

bool ChatReader::ReadMessage(const json& message) {
  const std::string text = TextOfContent(message, "content");
  // Proxies may repeat the same reasoning under both names; one of them is enough.
  std::string reasoning = TextOfContent(message, "reasoning_content");
  if (reasoning.empty()) reasoning = TextOfContent(message, "reasoning");
  const std::string refusal = FindString(message, "refusal").value_or("");
  const json* content = FindMember(message, "content");
  if (content != nullptr && (content->is_string() || content->is_array())) Append(response_.text, text);
  if (!reasoning.empty()) Append(response_.reasoning_text, reasoning);
  refusal_ += refusal;
  return !text.empty() || !reasoning.empty() || !refusal.empty();
}

std::int64_t ChatReader::ReadLogprobs(const json& choice) {
  const json* logprobs = FindObject(choice, "logprobs");
  if (logprobs == nullptr) return 0;
  const json* list = FindArray(*logprobs, "content");
  if (list == nullptr || list->empty()) list = FindArray(*logprobs, "refusal");
  if (list == nullptr) return 0;
  std::int64_t entries = 0;
  for (const json& entry : *list) {
    if (!entry.is_object()) continue;
    logprobs_.push_back(ReadPosition(entry));
    ++entries;
  }
  return entries;
}

void ChatReader::ReadTokenIds(const json& choice) {
  const json* ids = FindArray(choice, "token_ids");
  if (ids == nullptr) return;
  if (!response_.token_ids.has_value()) response_.token_ids.emplace();
  for (const json& value : *ids) {
    if (const std::optional<std::int64_t> id = AsInteger(value)) response_.token_ids->push_back(*id);
  }
}

}  // namespace pinchbeck::internal
