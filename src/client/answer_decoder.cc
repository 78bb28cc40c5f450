#include "src/client/answer_decoder.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "pinchbeck/internal/absl_strings.h"
#include "src/client/lenient_json.h"
#include "src/client/server_error.h"
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

std::string Excerpt(std::string_view body) { return CleanLine(Trim(body), 200); }

// For our own sentences, so that the reader sees where the server's words begin and end.
std::string QuotedExcerpt(std::string_view body) {
  const std::string_view text = Trim(body);
  return text.empty() ? "(empty)" : Quoted(text, 200);
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

AnswerDecoder::AnswerDecoder(std::unique_ptr<AnswerReader> reader, bool streaming, StreamFraming framing)
    : streaming_(streaming),
      framing_(framing),
      events_parser_([this](const SseEvent& event) { OnData(event.data, event.type, event.terminated); }),
      lines_parser_([this](std::string_view line, bool terminated) { OnData(line, "", terminated); }),
      reader_(std::move(reader)) {}

void AnswerDecoder::OnHead(const ResponseHead& head) {
  status_ = head.status;
  const std::string_view type = head.Header("content-type");
  event_stream_type_ = Contains(type, "text/event-stream");
  json_lines_type_ = Contains(type, "ndjson") || Contains(type, "jsonl");
  reader_->ReadHead(head);
}

absl::Status AnswerDecoder::OnBytes(std::string_view bytes, double arrival_s) {
  arrival_s_ = arrival_s;
  if (form_ == Form::kUnknown) {
    // Leading space and a byte order mark (three bytes above 0x7F) say nothing about the form.
    for (const char c : bytes) {
      if (IsSpace(c) || static_cast<unsigned char>(c) >= 0x80) continue;
      ChooseForm(c);
      break;
    }
    body_.append(bytes);
    if (form_ != Form::kEvents && form_ != Form::kLines) return absl::OkStatus();
    const std::string start = std::exchange(body_, {});
    return FeedParser(start);
  }
  if (form_ == Form::kDocument) {
    body_.append(bytes);
    return absl::OkStatus();
  }
  return FeedParser(bytes);
}

absl::Status AnswerDecoder::FeedParser(std::string_view bytes) {
  parse_status_ = form_ == Form::kLines ? lines_parser_.Feed(bytes) : events_parser_.Feed(bytes);
  return parse_status_;
}

void AnswerDecoder::ChooseForm(char first) {
  const bool lines = framing_ == StreamFraming::kJsonLines && (streaming_ || json_lines_type_);
  if (status_ >= 300 || first == '<' || first == '[') {
    form_ = Form::kDocument;
  } else if (first == '{') {
    form_ = lines ? Form::kLines : Form::kDocument;
  } else {
    form_ = streaming_ || event_stream_type_ ? Form::kEvents : Form::kDocument;
  }
}

void AnswerDecoder::OnData(std::string_view data, std::string_view type, bool terminated) {
  if (done_ || reader_->ended() || FailedWithText()) return;
  data = Trim(data);
  if (data.empty()) return;
  ++events_;
  if (data == "[DONE]") {
    done_ = true;
    return;
  }
  const LenientJson parsed = ParseLenient(data);
  if (!parsed.value.is_object()) {
    // A piece of an event at the end means that the stream was cut.
    if (!terminated) return;
    reader_->SetError(
        ErrorKind::kProtocol, status_,
        "event " + std::to_string(events_) + " of the stream is not a JSON object: " + QuotedExcerpt(data));
    return;
  }
  reader_->AddRepairs(parsed.repairs);
  // Relays may drop the event's own field or its member `type`.
  const std::string inner_type = FindString(parsed.value, "type").value_or("");
  const bool is_error = type == "error" || inner_type == "error";
  std::optional<ServerError> error = ReadServerError(parsed.value, /*strict=*/!is_error);
  if (!error.has_value() && is_error) {
    error.emplace();
    error->message = Excerpt(data);
  }
  if (error.has_value() && (is_error || !reader_->HoldsAnswer(parsed.value))) {
    reader_->SetServerError(*error, status_);
    if (FailedWithText()) return;
  }
  const std::string event_type(inner_type.empty() ? type : std::string_view(inner_type));
  reader_->ReadEvent(event_type, parsed.value, arrival_s_);
}

// After an error only the first words that come all the same are read, so that the record shows that there
// were some: an application may go by them.
bool AnswerDecoder::FailedWithText() const { return reader_->has_error() && reader_->has_text(); }

DecodeNotes AnswerDecoder::Finish(const ResponseEnd& end, Observation& observation) {
  DecodeNotes notes;
  if (form_ == Form::kEvents || form_ == Form::kLines) {
    FinishStream(end, notes);
  } else {
    FinishDocument(end);
  }
  notes.json_repairs = reader_->json_repairs();
  notes.error_code = reader_->error_code();
  notes.error_param = reader_->error_param();
  notes.retry_delay_s = reader_->retry_delay_s();
  observation.timing.total_s = notes.answer_complete && !end.complete ? arrival_s_ : end.total_s;
  reader_->MoveTo(observation);
  return notes;
}

void AnswerDecoder::FinishStream(const ResponseEnd& end, DecodeNotes& notes) {
  if (parse_status_.ok()) {
    parse_status_ = form_ == Form::kLines ? lines_parser_.Finish() : events_parser_.Finish();
  }
  if (!parse_status_.ok()) reader_->SetError(ErrorKind::kProtocol, status_, Message(parse_status_));
  const bool closed = end.complete && reader_->saw_finish() && !reader_->has_end_mark();
  notes.terminated_cleanly = done_ || reader_->ended() || closed;
  if (reader_->has_error()) return;
  notes.answer_complete = reader_->saw_answer() && (done_ || reader_->ended() || reader_->saw_finish());
  if (notes.answer_complete || !end.complete) return;
  const ReaderWords words = reader_->words();
  if (reader_->saw_answer()) {
    reader_->SetError(ErrorKind::kNetwork, status_, "the stream ended before it was finished");
  } else {
    reader_->SetError(ErrorKind::kProtocol, status_,
                      events_ == 0 ? "the answer is not an event stream of " + std::string(words.events)
                                   : "the stream held no " + std::string(words.content));
  }
}

void AnswerDecoder::FinishDocument(const ResponseEnd& end) {
  const bool failed = status_ >= 300;
  // Half an error page is still an error; half an answer is for the caller to explain.
  if (!end.complete && !failed) return;
  const LenientJson parsed = ParseLenient(body_);
  if (!parsed.value.is_discarded()) {
    reader_->AddRepairs(parsed.repairs);
    const std::optional<ServerError> error = ReadServerError(parsed.value, /*strict=*/!failed);
    if (error.has_value() && (failed || !reader_->HoldsAnswer(parsed.value))) {
      reader_->SetServerError(*error, status_);
      // What text came all the same is recorded: an application may have gone by it.
      if (!failed && parsed.value.is_object()) reader_->ReadDocument(parsed.value);
      return;
    }
  }
  if (failed) {
    reader_->SetError(ErrorKind::kHttp, status_,
                      LooksLikeHtml(body_) ? std::string(kWebPage) : "server says: " + QuotedExcerpt(body_));
  } else if (LooksLikeHtml(body_)) {
    reader_->SetError(ErrorKind::kProtocol, status_, std::string(kWebPage));
  } else {
    ReadBody(parsed.value);
  }
}

void AnswerDecoder::ReadBody(const nlohmann::json& body) {
  if (body.is_object()) {
    reader_->ReadDocument(body);
  } else if (!body.is_array() || !reader_->ReadList(body)) {
    reader_->SetError(ErrorKind::kProtocol, status_,
                      "the answer is not a JSON object: " + QuotedExcerpt(body_));
    return;
  }
  if (!reader_->saw_answer()) {
    reader_->SetError(
        ErrorKind::kProtocol, status_,
        "the answer holds no " + std::string(reader_->words().content) + ": " + QuotedExcerpt(body_));
  }
}

}  // namespace pinchbeck::internal
