#include "src/client/answer_reader.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/numbers.h"
#include "pinchbeck/internal/absl_strings.h"
#include "src/client/answer_fields.h"
#include "src/client/lenient_json.h"
#include "src/client/text_guard.h"

namespace pinchbeck::internal {

using nlohmann::json;

void AnswerReader::ReadHead(const ResponseHead& head) {
  // A proxy that knows the price says it here; a price in the body is read later and wins.
  double cost = 0.0;
  if (absl::SimpleAtod(ToAbsl(head.Header("x-litellm-response-cost")), &cost) && std::isfinite(cost) &&
      cost >= 0.0) {
    usage_.cost = cost;
  }
}

bool AnswerReader::ReadList(const json& /*list*/) { return false; }

bool AnswerReader::HoldsAnswer(const json& /*object*/) const { return false; }

void AnswerReader::SetError(ErrorKind kind, std::optional<int> status, std::string message) {
  if (error_.has_value()) return;
  error_ = ErrorRecord{kind, status, std::move(message)};
}

void AnswerReader::SetServerError(const ServerError& error, int http_status) {
  if (error_.has_value()) return;
  error_code_ = error.code;
  error_param_ = error.param;
  retry_delay_s_ = error.retry_delay_s;
  std::optional<int> status = error.status;
  if (http_status >= 300) status = http_status;
  // An error inside a good answer has no HTTP status of its own unless it names one.
  const ErrorKind kind = status.has_value() ? ErrorKind::kHttp : ErrorKind::kProtocol;
  if (!status.has_value() && http_status > 0) status = http_status;
  SetError(kind, status,
           "server says: " + Quoted(error.message) + (error.code.empty() ? "" : " [" + error.code + "]"));
}

void AnswerReader::MoveTo(Observation& observation) {
  Complete();
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

void AnswerReader::AddEvent(const Added& added, double arrival_s) {
  if (!added.content) return;
  if (!timing_.first_token_s.has_value()) timing_.first_token_s = arrival_s;
  timing_.event_s.push_back(arrival_s);
  timing_.event_tokens.push_back(added.logprob_entries);
  if (added.logprob_entries == 0) events_without_tokens_ = true;
}

AnswerReader::Added AnswerReader::AddText(std::string_view text) {
  AppendText(response_.text, text);
  return {!text.empty(), 0};
}

AnswerReader::Added AnswerReader::AddReasoning(std::string_view text) {
  if (!text.empty()) AppendText(response_.reasoning_text, text);
  return {!text.empty(), 0};
}

AnswerReader::Added AnswerReader::AddRefusal(std::string_view text) {
  refusal_ += text;
  return {!text.empty(), 0};
}

void AnswerReader::SetFinish(std::string_view word, std::string_view reason) {
  if (word.empty()) return;
  response_.finish_reason = std::string(reason.empty() ? word : reason);
  if (!reason.empty() && reason != word) response_.native_finish_reason = std::string(word);
}

void AnswerReader::ReadId(const json& object, const char* key) {
  const json* id = FindMember(object, key);
  if (id == nullptr || (!id->is_string() && !id->is_number_integer())) return;
  response_.id = id->is_string() ? id->get<std::string>() : id->dump();
}

void AnswerReader::ReadModel(const json& object, const char* key) {
  if (std::optional<std::string> model = FindString(object, key)) response_.model = std::move(model);
}

}  // namespace pinchbeck::internal
