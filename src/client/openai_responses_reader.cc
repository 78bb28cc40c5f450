#include "src/client/openai_responses_reader.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "src/client/answer_fields.h"
#include "src/client/lenient_json.h"
#include "src/client/text_guard.h"

namespace pinchbeck::internal {
namespace {

using nlohmann::json;

bool IsToolCall(const json& item) {
  const std::string type = FindString(item, "type").value_or("");
  return type.size() >= 5 && type.compare(type.size() - 5, 5, "_call") == 0;
}

std::string_view ReasonOfIncomplete(std::string_view word) {
  if (word == "max_output_tokens" || word == "max_tokens") return "length";
  if (word == "content_filter") return "content_filter";
  return {};
}

}  // namespace

void OpenAiResponsesReader::ReadDocument(const json& document) {
  // Some proxies send the last event of the stream as the document.
  const json* wrapped = FindObject(document, "response");
  (void)ReadFinal(wrapped != nullptr ? *wrapped : document);
}

void OpenAiResponsesReader::ReadEvent(std::string_view type, const json& event, double arrival_s) {
  if (const json* response = FindObject(event, "response")) {
    const bool last =
        type == "response.completed" || type == "response.incomplete" || type == "response.failed";
    if (!last) {
      ReadEnvelope(*response);
      return;
    }
    AddEvent(ReadFinal(*response), arrival_s);
    ended_ = true;
    return;
  }
  AddEvent(ReadDelta(type, event), arrival_s);
}

AnswerReader::Added OpenAiResponsesReader::ReadDelta(std::string_view type, const json& event) {
  const std::string delta = FindString(event, "delta").value_or("");
  Added added;
  if (type == "response.output_text.delta") {
    saw_answer_ = true;
    saw_text_ = true;
    added = AddText(delta);
    if (const json* list = FindArray(event, "logprobs")) {
      added.logprob_entries = ReadPositions(*list, logprobs_);
    }
  } else if (type == "response.refusal.delta") {
    saw_answer_ = true;
    saw_refusal_ = true;
    added = AddRefusal(delta);
  } else if (type == "response.reasoning_text.delta") {
    saw_answer_ = true;
    added = AddReasoning(delta);
  } else if (type == "response.reasoning_summary_text.delta") {
    saw_answer_ = true;
    summary_ += delta;
    added.content = !delta.empty();
  }
  return added;
}

AnswerReader::Added OpenAiResponsesReader::ReadFinal(const json& response) {
  ReadEnvelope(response);
  Output output = ReadOutput(response);
  NoteToolCalls(response);
  Added added;
  if (!saw_text_ && output.has_text) {
    added += AddText(output.text);
    added.logprob_entries = static_cast<std::int64_t>(output.logprobs.size());
  }
  if (!saw_refusal_) added += AddRefusal(output.refusal);
  // Not an arrival of its own: with the text before it, its time says nothing.
  if (!response_.reasoning_text.has_value()) (void)AddReasoning(output.reasoning);
  if (summary_.empty()) summary_ = std::move(output.summary);
  // Deltas have no bytes, so broken pieces of characters are only whole here.
  if (!output.logprobs.empty() && output.logprobs.size() >= logprobs_.size()) {
    logprobs_ = std::move(output.logprobs);
  }
  ReadStatus(response);
  return added;
}

OpenAiResponsesReader::Output OpenAiResponsesReader::ReadOutput(const json& response) {
  Output output;
  const json* items = FindArray(response, "output");
  if (items == nullptr) return output;
  for (const json& item : *items) {
    const std::string type = FindString(item, "type").value_or("");
    if (type == "message") {
      ReadMessageItem(item, output);
    } else if (type == "reasoning") {
      output.reasoning += TextOfParts(item, "content", "reasoning_text");
      output.summary += TextOfParts(item, "summary", "summary_text");
    }
  }
  return output;
}

void OpenAiResponsesReader::ReadMessageItem(const json& item, Output& output) {
  const json* content = FindArray(item, "content");
  if (content == nullptr) return;
  for (const json& part : *content) {
    const std::string type = FindString(part, "type").value_or("");
    if (type == "refusal") output.refusal += FindString(part, "refusal").value_or("");
    if (type != "output_text") continue;
    output.has_text = true;
    output.text += FindString(part, "text").value_or("");
    if (const json* list = FindArray(part, "logprobs")) (void)ReadPositions(*list, output.logprobs);
  }
}

void OpenAiResponsesReader::ReadEnvelope(const json& response) {
  ReadId(response, "id");
  ReadModel(response, "model");
  if (FindArray(response, "output") != nullptr) saw_answer_ = true;
  if (const json* usage = FindObject(response, "usage")) ReadUsage(*usage);
}

void OpenAiResponsesReader::ReadUsage(const json& usage) {
  ReadCount(usage, "input_tokens", usage_.input_tokens);
  ReadCount(usage, "output_tokens", usage_.output_tokens);
  if (const json* details = FindObject(usage, "input_tokens_details")) {
    ReadCount(*details, "cached_tokens", usage_.cached_input_tokens);
  }
  if (const json* details = FindObject(usage, "output_tokens_details")) {
    ReadCount(*details, "reasoning_tokens", usage_.reasoning_tokens);
  }
}

void OpenAiResponsesReader::NoteToolCalls(const json& response) {
  const json* items = FindArray(response, "output");
  if (items == nullptr) return;
  for (const json& item : *items) {
    if (IsToolCall(item)) saw_tool_call_ = true;
  }
}

void OpenAiResponsesReader::ReadStatus(const json& response) {
  const std::string status = FindString(response, "status").value_or("");
  if (status == "incomplete") {
    const json* details = FindObject(response, "incomplete_details");
    const std::string reason = details == nullptr ? "" : FindString(*details, "reason").value_or("");
    SetFinish(reason.empty() ? status : reason, ReasonOfIncomplete(reason));
  } else if (status == "completed") {
    SetFinish(status, saw_tool_call_ ? "tool_calls" : "stop");
  } else if (!status.empty()) {
    // An error object inside the response says more than its status.
    if (const auto error = ReadServerError(response, /*strict=*/true)) {
      SetServerError(*error, 0);
    }
    SetError(ErrorKind::kProtocol, std::nullopt,
             "the server ended the response with status \"" + CleanLine(status, 80) + "\"");
  }
}

void OpenAiResponsesReader::Complete() {
  if (!response_.reasoning_text.has_value()) (void)AddReasoning(summary_);
}

}  // namespace pinchbeck::internal
