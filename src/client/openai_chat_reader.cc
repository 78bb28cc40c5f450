#include "src/client/openai_chat_reader.h"

#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "src/client/answer_fields.h"
#include "src/client/lenient_json.h"

namespace pinchbeck::internal {
namespace {

using nlohmann::json;

// Reasoning as a list of {"text"} or {"summary"} entries.
std::string TextOfDetails(const json& message) {
  std::string text;
  const json* details = FindArray(message, "reasoning_details");
  if (details == nullptr) return text;
  for (const json& part : *details) {
    std::string piece = FindString(part, "text").value_or("");
    text += piece.empty() ? FindString(part, "summary").value_or("") : piece;
  }
  return text;
}

// Reasoning as parts of the content: {"type": "thinking", "thinking": [{"type": "text", "text": ...}]}.
std::string ThinkingParts(const json& message) {
  std::string text;
  const json* content = FindArray(message, "content");
  if (content == nullptr) return text;
  for (const json& part : *content) {
    if (FindString(part, "type") == "thinking") text += TextOfParts(part, "thinking");
  }
  return text;
}

// Proxies may repeat the same reasoning under several names; one of them is enough.
std::string ReasoningOf(const json& message) {
  for (const char* key : {"reasoning_content", "reasoning", "thinking"}) {
    if (std::string text = TextOfParts(message, key); !text.empty()) return text;
  }
  std::string text = TextOfDetails(message);
  return text.empty() ? ThinkingParts(message) : text;
}

// The first one by its number, or the only one whatever its number.
const json* FirstChoice(const json& choices) {
  for (const json& choice : choices) {
    if (choice.is_object() && FindInteger(choice, "index").value_or(0) == 0) return &choice;
  }
  return choices.size() == 1 && choices.front().is_object() ? &choices.front() : nullptr;
}

std::int64_t IndexOf(const json& choice) { return FindInteger(choice, "index").value_or(0); }

// The message of a choice: in a stream `delta`, or `message` in the last piece of some servers.
const json* MessageOf(const json& choice) {
  const json* message = FindObject(choice, "delta");
  return message == nullptr ? FindObject(choice, "message") : message;
}

std::string WordsOf(const json& choice) {
  const json* message = MessageOf(choice);
  return FindString(choice, "text").value_or("") +
         (message == nullptr ? std::string() : TextOfParts(*message, "content"));
}

// More than a role: the first event of many streams holds nothing else.
bool BringsSomething(const json& choice) {
  const json* message = MessageOf(choice);
  return FindString(choice, "finish_reason").has_value() || !WordsOf(choice).empty() ||
         (message != nullptr &&
          (!ReasoningOf(*message).empty() || FindString(*message, "refusal").has_value() ||
           FindArray(*message, "tool_calls") != nullptr));
}

bool IsBrokenOff(std::string_view finish_reason) {
  return finish_reason == "error" || finish_reason == "abort";
}

}  // namespace

void OpenAiChatReader::ReadDocument(const json& document) {
  ReadEnvelope(document);
  const json* choices = FindArray(document, "choices");
  if (choices == nullptr) return;
  if (const json* choice = FirstChoice(*choices)) (void)ReadChoice(*choice, "message");
}

bool OpenAiChatReader::HoldsAnswer(const json& object) const {
  const json* choices = FindArray(object, "choices");
  const json* choice = choices == nullptr ? nullptr : FirstChoice(*choices);
  if (choice == nullptr) return false;
  const std::string finish = FindString(*choice, "finish_reason").value_or("");
  if (IsBrokenOff(finish)) return false;
  if (const json* delta = FindObject(*choice, "delta")) return !TextOfParts(*delta, "content").empty();
  const json* message = FindObject(*choice, "message");
  // Without a reason for its end a document may be the half of an answer that came before the error.
  return message != nullptr && !finish.empty() && !TextOfParts(*message, "content").empty();
}

void OpenAiChatReader::ReadEvent(std::string_view /*type*/, const json& event, double arrival_s) {
  ReadEnvelope(event);
  const json* choices = FindArray(event, "choices");
  if (choices == nullptr) return;
  Added added;
  ChooseFrom(*choices);
  for (const json& choice : *choices) {
    if (!choice.is_object()) continue;
    if (IndexOf(choice) == choice_index_.value_or(IndexOf(choice))) {
      added += ReadChoice(choice, "delta");
    } else {
      KeepOther(choice);
    }
  }
  AddEvent(added, arrival_s);
}

void OpenAiChatReader::ChooseFrom(const json& choices) {
  if (choice_index_.has_value()) return;
  for (const json& choice : choices) {
    if (!choice.is_object() || !BringsSomething(choice)) continue;
    // Of several at once the one that whole answers count.
    if (!choice_index_.has_value() || IndexOf(choice) == 0) choice_index_ = IndexOf(choice);
  }
}

void OpenAiChatReader::KeepOther(const json& choice) {
  if (other_text_.empty()) other_text_ = WordsOf(choice);
}

// Of an answer that failed before any word the record has what an application may have read instead.
void OpenAiChatReader::Complete() {
  if (!has_error() || other_text_.empty() || !response_.text.value_or("").empty()) return;
  response_.text = other_text_;
}

void OpenAiChatReader::ReadEnvelope(const json& object) {
  ReadId(object, "id");
  ReadModel(object, "model");
  if (std::optional<std::string> mark = FindString(object, "system_fingerprint")) {
    response_.system_fingerprint = std::move(mark);
  }
  if (std::optional<std::string> provider = FindString(object, "provider")) {
    response_.provider = std::move(provider);
  }
  if (const json* usage = FindObject(object, "usage")) ReadUsage(*usage);
}

void OpenAiChatReader::ReadUsage(const json& usage) {
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
  const json* cost = FindMember(usage, "cost");
  if (cost == nullptr || !cost->is_number()) return;
  const double value = cost->get<double>();
  if (std::isfinite(value) && value >= 0.0) usage_.cost = value;
}

AnswerReader::Added OpenAiChatReader::ReadChoice(const json& choice, const char* message_key) {
  saw_answer_ = true;
  Added added;
  const json* message = FindObject(choice, message_key);
  // Some servers put the last piece of a stream into `message`.
  if (message == nullptr) message = FindObject(choice, "message");
  if (message != nullptr) added = ReadMessage(*message);
  if (const json* logprobs = FindObject(choice, "logprobs")) {
    added.logprob_entries = ReadChatLogprobs(*logprobs);
  }
  ReadEndOfChoice(choice);
  return added;
}

AnswerReader::Added OpenAiChatReader::ReadMessage(const json& message) {
  Added added;
  const json* content = FindMember(message, "content");
  if (content != nullptr && (content->is_string() || content->is_array())) {
    added += AddText(TextOfParts(message, "content"));
  }
  added += AddReasoning(ReasoningOf(message));
  added += AddRefusal(FindString(message, "refusal").value_or(""));
  return added;
}

std::int64_t OpenAiChatReader::ReadChatLogprobs(const json& logprobs) {
  const json* list = FindArray(logprobs, "content");
  if (list == nullptr || list->empty()) list = FindArray(logprobs, "refusal");
  return list == nullptr ? 0 : ReadPositions(*list, logprobs_);
}

void OpenAiChatReader::ReadEndOfChoice(const json& choice) {
  ReadTokenIds(choice);
  const std::string finish = FindString(choice, "finish_reason").value_or("");
  if (IsBrokenOff(finish)) {
    SetError(ErrorKind::kProtocol, std::nullopt,
             "the server ended the answer with finish_reason \"" + finish + "\"");
  }
  SetFinish(finish, finish);
  const std::string native = FindString(choice, "native_finish_reason").value_or("");
  if (!native.empty() && native != response_.finish_reason) response_.native_finish_reason = native;
}

void OpenAiChatReader::ReadTokenIds(const json& choice) {
  const json* ids = FindArray(choice, "token_ids");
  if (ids == nullptr) return;
  if (!response_.token_ids.has_value()) response_.token_ids.emplace();
  for (const json& value : *ids) {
    if (const std::optional<std::int64_t> id = AsInteger(value)) response_.token_ids->push_back(*id);
  }
}

}  // namespace pinchbeck::internal
