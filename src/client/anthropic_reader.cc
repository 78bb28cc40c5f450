#include "src/client/anthropic_reader.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "src/client/answer_fields.h"
#include "src/client/lenient_json.h"

namespace pinchbeck::internal {
namespace {

using nlohmann::json;

std::string_view ReasonOf(std::string_view stop_reason) {
  struct Entry {
    std::string_view word;
    std::string_view reason;
  };
  static constexpr std::array<Entry, 6> kReasons = {{{"end_turn", "stop"},
                                                     {"stop_sequence", "stop"},
                                                     {"max_tokens", "length"},
                                                     {"model_context_window_exceeded", "length"},
                                                     {"tool_use", "tool_calls"},
                                                     {"refusal", "refusal"}}};
  for (const Entry& entry : kReasons) {
    if (entry.word == stop_reason) return entry.reason;
  }
  return {};
}

}  // namespace

void AnthropicReader::ReadDocument(const json& document) {
  ReadId(document, "id");
  ReadModel(document, "model");
  if (const json* usage = FindObject(document, "usage")) ReadUsage(*usage, /*with_output=*/true);
  if (const json* content = FindArray(document, "content")) {
    saw_answer_ = true;
    for (const json& block : *content) (void)ReadBlock(block);
  }
  ReadStopReason(document);
}

bool AnthropicReader::HoldsAnswer(const json& object) const {
  if (FindObject(object, "delta") != nullptr) {
    return !FindString(*FindObject(object, "delta"), "text").value_or("").empty();
  }
  const json* content = FindArray(object, "content");
  if (content == nullptr || FindString(object, "stop_reason").value_or("").empty()) return false;
  return std::any_of(content->begin(), content->end(), [](const json& block) {
    return FindString(block, "type") == "text" && !FindString(block, "text").value_or("").empty();
  });
}

void AnthropicReader::ReadEvent(std::string_view type, const json& event, double arrival_s) {
  if (type == "message_start") {
    saw_answer_ = true;
    const json* message = FindObject(event, "message");
    if (message == nullptr) return;
    ReadId(*message, "id");
    ReadModel(*message, "model");
    if (const json* usage = FindObject(*message, "usage")) ReadUsage(*usage, /*with_output=*/false);
  } else if (type == "content_block_start") {
    saw_answer_ = true;
    if (const json* block = FindObject(event, "content_block")) AddEvent(ReadBlock(*block), arrival_s);
  } else if (type == "content_block_delta") {
    saw_answer_ = true;
    if (const json* delta = FindObject(event, "delta")) AddEvent(ReadDelta(*delta), arrival_s);
  } else if (type == "message_delta") {
    if (const json* delta = FindObject(event, "delta")) ReadStopReason(*delta);
    if (const json* usage = FindObject(event, "usage")) ReadUsage(*usage, /*with_output=*/true);
  } else if (type == "message_stop") {
    ended_ = true;
  }
}

AnswerReader::Added AnthropicReader::ReadBlock(const json& block) {
  const std::string type = FindString(block, "type").value_or("");
  if (type == "text") return AddText(FindString(block, "text").value_or(""));
  if (type == "thinking") return AddReasoning(FindString(block, "thinking").value_or(""));
  return {};
}

AnswerReader::Added AnthropicReader::ReadDelta(const json& delta) {
  const std::string type = FindString(delta, "type").value_or("");
  if (type == "text_delta") return AddText(FindString(delta, "text").value_or(""));
  if (type == "thinking_delta") return AddReasoning(FindString(delta, "thinking").value_or(""));
  return {};
}

void AnthropicReader::ReadStopReason(const json& object) {
  const std::string word = FindString(object, "stop_reason").value_or("");
  SetFinish(word, ReasonOf(word));
}

void AnthropicReader::ReadUsage(const json& usage, bool with_output) {
  ReadCount(usage, "input_tokens", fresh_input_);
  ReadCount(usage, "cache_creation_input_tokens", cache_writes_);
  ReadCount(usage, "cache_read_input_tokens", cache_reads_);
  if (!with_output) return;
  ReadCount(usage, "output_tokens", usage_.output_tokens);
  if (const json* details = FindObject(usage, "output_tokens_details")) {
    ReadCount(*details, "thinking_tokens", usage_.reasoning_tokens);
  }
}

void AnthropicReader::Complete() {
  usage_.cached_input_tokens = cache_reads_;
  // Servers without a cache leave its two counts out: then there is nothing to add.
  usage_.input_tokens =
      AddCounts(fresh_input_, AddCounts(cache_writes_.value_or(0), cache_reads_.value_or(0)));
}

}  // namespace pinchbeck::internal
