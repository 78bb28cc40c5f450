#include "src/client/openai_completions_reader.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "src/client/answer_fields.h"
#include "src/client/lenient_json.h"

namespace pinchbeck::internal {
namespace {

using nlohmann::json;

const json* ElementOf(const json* list, std::size_t index) {
  return list != nullptr && index < list->size() ? &(*list)[index] : nullptr;
}

// A map from the text of each alternative to its log-probability.
std::vector<TokenLogprob> ReadAlternatives(const json* map) {
  std::vector<TokenLogprob> top;
  if (map == nullptr || !map->is_object()) return top;
  for (const auto& [text, value] : map->items()) {
    TokenLogprob token;
    token.token = text;
    token.logprob = AsLogprob(&value);
    top.push_back(std::move(token));
  }
  const auto rank = [](const TokenLogprob& token) {
    return token.logprob.value_or(-std::numeric_limits<double>::infinity());
  };
  std::stable_sort(top.begin(), top.end(),
                   [&](const TokenLogprob& a, const TokenLogprob& b) { return rank(a) > rank(b); });
  return top;
}

}  // namespace

AnswerReader::Added OpenAiCompletionsReader::ReadChoice(const json& choice, const char* message_key) {
  const json* text = FindMember(choice, "text");
  // Relays may answer with a chat completion.
  if (text == nullptr && (FindObject(choice, message_key) != nullptr || FindObject(choice, "message"))) {
    return OpenAiChatReader::ReadChoice(choice, message_key);
  }
  saw_answer_ = true;
  Added added;
  if (text != nullptr && text->is_string()) added += AddText(text->get_ref<const std::string&>());
  // Servers that split the reasoning off put it beside the text.
  for (const char* key : {"reasoning_content", "reasoning"}) {
    const std::string reasoning = TextOfParts(choice, key);
    if (reasoning.empty()) continue;
    added += AddReasoning(reasoning);
    break;
  }
  if (const json* logprobs = FindObject(choice, "logprobs")) {
    const bool parallel = FindArray(*logprobs, "tokens") != nullptr;
    added.logprob_entries = parallel ? ReadParallelLogprobs(*logprobs) : ReadChatLogprobs(*logprobs);
  }
  ReadEndOfChoice(choice);
  return added;
}

std::int64_t OpenAiCompletionsReader::ReadParallelLogprobs(const json& logprobs) {
  const json& tokens = *FindArray(logprobs, "tokens");
  const json* values = FindArray(logprobs, "token_logprobs");
  const json* tops = FindArray(logprobs, "top_logprobs");
  std::int64_t entries = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    // Without its text a position cannot be told from another, but it keeps its place.
    PositionLogprobs position;
    if (tokens[i].is_string()) position.sampled.token = tokens[i].get_ref<const std::string&>();
    position.sampled.logprob = AsLogprob(ElementOf(values, i));
    position.top = ReadAlternatives(ElementOf(tops, i));
    logprobs_.push_back(std::move(position));
    ++entries;
  }
  return entries;
}

}  // namespace pinchbeck::internal
