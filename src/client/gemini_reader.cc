#include "src/client/gemini_reader.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "src/client/answer_fields.h"
#include "src/client/lenient_json.h"
#include "src/client/server_error.h"

namespace pinchbeck::internal {
namespace {

using nlohmann::json;

std::string_view ReasonOf(std::string_view finish_reason, bool tool_call) {
  struct Entry {
    std::string_view word;
    std::string_view reason;
  };
  static constexpr std::array<Entry, 11> kReasons = {{{"MAX_TOKENS", "length"},
                                                      {"SAFETY", "content_filter"},
                                                      {"RECITATION", "content_filter"},
                                                      {"LANGUAGE", "content_filter"},
                                                      {"BLOCKLIST", "content_filter"},
                                                      {"PROHIBITED_CONTENT", "content_filter"},
                                                      {"SPII", "content_filter"},
                                                      {"IMAGE_SAFETY", "content_filter"},
                                                      {"MALFORMED_FUNCTION_CALL", "tool_calls"},
                                                      {"UNEXPECTED_TOOL_CALL", "tool_calls"},
                                                      {"TOO_MANY_TOOL_CALLS", "tool_calls"}}};
  if (finish_reason == "STOP") return tool_call ? "tool_calls" : "stop";
  for (const Entry& entry : kReasons) {
    if (entry.word == finish_reason) return entry.reason;
  }
  return {};
}

TokenLogprob ReadCandidateToken(const json& entry) {
  TokenLogprob token;
  token.token = FindString(entry, "token").value_or("");
  token.id = FindInteger(entry, "tokenId");
  token.logprob = AsLogprob(FindMember(entry, "logProbability"));
  return token;
}

}  // namespace

void GeminiReader::ReadDocument(const json& document) { (void)ReadResponse(document); }

void GeminiReader::ReadEvent(std::string_view /*type*/, const json& event, double arrival_s) {
  AddEvent(ReadResponse(event), arrival_s);
}

bool GeminiReader::ReadList(const json& list) {
  for (const json& response : list) {
    if (!response.is_object()) return false;
    if (const auto error = ReadServerError(response, /*strict=*/true)) {
      SetServerError(*error, 0);
      return true;
    }
    (void)ReadResponse(response);
  }
  return !list.empty();
}

AnswerReader::Added GeminiReader::ReadResponse(const json& response) {
  ReadId(response, "responseId");
  ReadModel(response, "modelVersion");
  if (const json* usage = FindObject(response, "usageMetadata")) ReadUsage(*usage);
  if (const json* feedback = FindObject(response, "promptFeedback")) {
    const std::string block = FindString(*feedback, "blockReason").value_or("");
    if (!block.empty()) saw_answer_ = true;
    SetFinish(block, "content_filter");
  }
  Added added;
  const json* candidates = FindArray(response, "candidates");
  if (candidates == nullptr) return added;
  for (const json& candidate : *candidates) {
    if (!candidate.is_object() || FindInteger(candidate, "index").value_or(0) != 0) continue;
    added += ReadCandidate(candidate);
  }
  return added;
}

AnswerReader::Added GeminiReader::ReadCandidate(const json& candidate) {
  saw_answer_ = true;
  Added added;
  const json* content = FindObject(candidate, "content");
  const json* parts = content == nullptr ? nullptr : FindArray(*content, "parts");
  if (parts != nullptr) {
    for (const json& part : *parts) added += ReadPart(part);
  }
  if (const json* result = FindObject(candidate, "logprobsResult")) {
    added.logprob_entries = ReadLogprobs(*result);
  }
  const std::string finish = FindString(candidate, "finishReason").value_or("");
  if (finish != "FINISH_REASON_UNSPECIFIED") SetFinish(finish, ReasonOf(finish, saw_tool_call_));
  return added;
}

AnswerReader::Added GeminiReader::ReadPart(const json& part) {
  if (FindObject(part, "functionCall") != nullptr) saw_tool_call_ = true;
  const std::optional<std::string> text = FindString(part, "text");
  if (!text.has_value()) return {};
  const json* thought = FindMember(part, "thought");
  const bool is_thought = thought != nullptr && thought->is_boolean() && thought->get<bool>();
  return is_thought ? AddReasoning(*text) : AddText(*text);
}

std::int64_t GeminiReader::ReadLogprobs(const json& result) {
  const json* chosen = FindArray(result, "chosenCandidates");
  const json* tops = FindArray(result, "topCandidates");
  if (chosen == nullptr) return 0;
  std::int64_t entries = 0;
  for (std::size_t i = 0; i < chosen->size(); ++i) {
    if (!(*chosen)[i].is_object()) continue;
    PositionLogprobs position;
    position.sampled = ReadCandidateToken((*chosen)[i]);
    const json* top = tops != nullptr && i < tops->size() ? FindArray((*tops)[i], "candidates") : nullptr;
    if (top != nullptr) {
      for (const json& entry : *top) {
        if (entry.is_object()) position.top.push_back(ReadCandidateToken(entry));
      }
    }
    logprobs_.push_back(std::move(position));
    ++entries;
  }
  return entries;
}

void GeminiReader::ReadUsage(const json& usage) {
  ReadCount(usage, "promptTokenCount", usage_.input_tokens);
  ReadCount(usage, "cachedContentTokenCount", usage_.cached_input_tokens);
  ReadCount(usage, "candidatesTokenCount", candidate_tokens_);
  ReadCount(usage, "thoughtsTokenCount", usage_.reasoning_tokens);
}

void GeminiReader::Complete() {
  usage_.output_tokens = AddCounts(candidate_tokens_, usage_.reasoning_tokens.value_or(0));
}

}  // namespace pinchbeck::internal
