#include "src/client/openai_chat_decoder.h"

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "pinchbeck/internal/absl_strings.h"
#include "src/client/lenient_json.h"
#include "src/client/text_guard.h"

namespace pinchbeck::internal {
namespace {

constexpr std::string_view kWebPage =
    "the server answered with a web page instead of JSON: is the base URL right? It usually ends in /v1";

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

std::string Excerpt(std::string_view body) {
  const std::string line = CleanLine(Trim(body), 200);
  return line.empty() ? "(empty)" : line;
}

}  // namespace

OpenAiChatDecoder::OpenAiChatDecoder(bool streaming)
    : streaming_(streaming), parser_([this](const SseEvent& event) { OnEvent(event); }) {}

void OpenAiChatDecoder::OnHead(const ResponseHead& head) {
  status_ = head.status;
  event_stream_type_ = head.Header("content-type").find("text/event-stream") != std::string_view::npos;
}

absl::Status OpenAiChatDecoder::OnBytes(std::string_view bytes, double arrival_s) {
  arrival_s_ = arrival_s;
  if (form_ == Form::kUnknown) {
    // Leading space and a byte order mark (three bytes above 0x7F) say nothing about the form.
    for (const char c : bytes) {
      if (IsSpace(c) || static_cast<unsigned char>(c) >= 0x80) continue;
      ChooseForm(c);
      break;
    }
    body_.append(bytes);
    if (form_ != Form::kStream) return absl::OkStatus();
    parse_status_ = parser_.Feed(body_);
    body_.clear();
    return parse_status_;
  }
  if (form_ == Form::kDocument) {
    body_.append(bytes);
    return absl::OkStatus();
  }
  parse_status_ = parser_.Feed(bytes);
  return parse_status_;
}

void OpenAiChatDecoder::ChooseForm(char first) {
  const bool document = first == '{' || first == '[' || first == '<' || status_ >= 300;
  form_ = !document && (streaming_ || event_stream_type_) ? Form::kStream : Form::kDocument;
}

void OpenAiChatDecoder::OnEvent(const SseEvent& event) {
  if (done_ || reader_.has_error()) return;
  const std::string_view data = Trim(event.data);
  if (data.empty()) return;
  ++events_;
  if (data == "[DONE]") {
    done_ = true;
    return;
  }
  const LenientJson parsed = ParseLenient(data);
  if (!parsed.value.is_object()) {
    // A piece of an event at the end means that the stream was cut.
    if (!event.terminated) return;
    reader_.SetError(
        ErrorKind::kProtocol, status_,
        "event " + std::to_string(events_) + " of the stream is not a JSON object: " + Excerpt(data));
    return;
  }
  reader_.AddRepairs(parsed.repairs);
  std::optional<ServerError> error = ReadServerError(parsed.value, /*strict=*/event.type != "error");
  if (!error.has_value() && event.type == "error") error = ServerError{Excerpt(data), "", std::nullopt};
  if (error.has_value()) {
    reader_.SetServerError(*error, status_);
    return;
  }
  reader_.ReadChunk(parsed.value, arrival_s_);
}

DecodeNotes OpenAiChatDecoder::Finish(const ResponseEnd& end, Observation& observation) {
  DecodeNotes notes;
  if (form_ == Form::kStream) {
    FinishStream(end, notes);
  } else {
    FinishDocument(end);
  }
  notes.json_repairs = reader_.json_repairs();
  notes.error_code = reader_.error_code();
  observation.timing.total_s = notes.answer_complete && !end.complete ? arrival_s_ : end.total_s;
  reader_.MoveTo(observation);
  return notes;
}

void OpenAiChatDecoder::FinishStream(const ResponseEnd& end, DecodeNotes& notes) {
  if (parse_status_.ok()) parse_status_ = parser_.Finish();
  if (!parse_status_.ok()) reader_.SetError(ErrorKind::kProtocol, status_, Message(parse_status_));
  notes.terminated_cleanly = done_;
  if (reader_.has_error()) return;
  notes.answer_complete = reader_.saw_choice() && (done_ || reader_.saw_finish());
  if (notes.answer_complete || !end.complete) return;
  if (reader_.saw_choice()) {
    reader_.SetError(ErrorKind::kNetwork, status_, "the stream ended before it was finished");
  } else {
    reader_.SetError(ErrorKind::kProtocol, status_,
                     events_ == 0 ? "the answer is not an event stream of chat completion chunks"
                                  : "the stream held no choices");
  }
}

void OpenAiChatDecoder::FinishDocument(const ResponseEnd& end) {
  const bool failed = status_ >= 300;
  // Half an error page is still an error; half an answer is for the caller to explain.
  if (!end.complete && !failed) return;
  const LenientJson parsed = ParseLenient(body_);
  if (!parsed.value.is_discarded()) {
    reader_.AddRepairs(parsed.repairs);
    if (const auto error = ReadServerError(parsed.value, /*strict=*/!failed)) {
      reader_.SetServerError(*error, status_);
      return;
    }
  }
  if (failed) {
    reader_.SetError(ErrorKind::kHttp, status_,
                     LooksLikeHtml(body_) ? std::string(kWebPage) : "server says: " + Excerpt(body_));
  } else if (LooksLikeHtml(body_)) {
    reader_.SetError(ErrorKind::kProtocol, status_, std::string(kWebPage));
  } else if (!parsed.value.is_object()) {
    reader_.SetError(ErrorKind::kProtocol, status_, "the answer is not a JSON object: " + Excerpt(body_));
  } else {
    reader_.ReadCompletion(parsed.value);
    if (!reader_.saw_choice()) {
      reader_.SetError(ErrorKind::kProtocol, status_, "the answer holds no choices: " + Excerpt(body_));
    }
  }
}

}  // namespace pinchbeck::internal
