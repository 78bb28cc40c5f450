#include "src/client/ollama_reader.h"

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

bool IsTrue(const json& object, const char* key) {
  const json* value = FindMember(object, key);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

}  // namespace

void OllamaReader::ReadDocument(const json& document) { (void)ReadPiece(document); }

void OllamaReader::ReadEvent(std::string_view /*type*/, const json& event, double arrival_s) {
  AddEvent(ReadPiece(event), arrival_s);
}

AnswerReader::Added OllamaReader::ReadPiece(const json& piece) {
  ReadModel(piece, "model");
  if (std::optional<std::string> host = FindString(piece, "remote_host"); host && !host->empty()) {
    response_.provider = std::move(host);
  }
  Added added;
  if (const json* message = FindObject(piece, "message")) {
    saw_answer_ = true;
    added = ReadMessage(*message);
  } else if (const std::optional<std::string> text = FindString(piece, "response")) {
    // The shape of the older operation, which gateways in front of it may pass on.
    saw_answer_ = true;
    added = AddText(*text);
    added += AddReasoning(FindString(piece, "thinking").value_or(""));
  }
  if (const json* list = FindArray(piece, "logprobs"))
    added.logprob_entries = ReadPositions(*list, logprobs_);
  if (IsTrue(piece, "done")) ReadEnd(piece);
  return added;
}

AnswerReader::Added OllamaReader::ReadMessage(const json& message) {
  Added added;
  if (const std::optional<std::string> text = FindString(message, "content")) added += AddText(*text);
  added += AddReasoning(FindString(message, "thinking").value_or(""));
  const json* calls = FindArray(message, "tool_calls");
  if (calls != nullptr && !calls->empty()) saw_tool_call_ = true;
  return added;
}

void OllamaReader::ReadEnd(const json& piece) {
  ended_ = true;
  ReadCount(piece, "prompt_eval_count", usage_.input_tokens);
  ReadCount(piece, "eval_count", usage_.output_tokens);
  const std::string word = FindString(piece, "done_reason").value_or("");
  SetFinish(word, word == "stop" && saw_tool_call_ ? "tool_calls" : word);
}

}  // namespace pinchbeck::internal
