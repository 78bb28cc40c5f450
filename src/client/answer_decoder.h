// Turns the bytes of an answer into documents or events and hands them to the reader of its API.
#ifndef PINCHBECK_SRC_CLIENT_ANSWER_DECODER_H_
#define PINCHBECK_SRC_CLIENT_ANSWER_DECODER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "pinchbeck/client/dialect.h"
#include "pinchbeck/client/sse.h"
#include "src/client/answer_reader.h"
#include "src/client/ndjson.h"

namespace pinchbeck::internal {

// How an API frames its streams.
enum class StreamFraming { kServerSentEvents, kJsonLines };

// Tells a stream from a document by its type and first bytes, because servers answer the other way than
// asked.
class AnswerDecoder final : public ResponseDecoder {
 public:
  AnswerDecoder(std::unique_ptr<AnswerReader> reader, bool streaming,
                StreamFraming framing = StreamFraming::kServerSentEvents);
  // The parsers' callbacks point at this object.
  AnswerDecoder(const AnswerDecoder&) = delete;
  AnswerDecoder& operator=(const AnswerDecoder&) = delete;

  void OnHead(const ResponseHead& head) override;
  [[nodiscard]] absl::Status OnBytes(std::string_view bytes, double arrival_s) override;
  DecodeNotes Finish(const ResponseEnd& end, Observation& observation) override;

 private:
  enum class Form { kUnknown, kEvents, kLines, kDocument };

  void ChooseForm(char first);
  [[nodiscard]] absl::Status FeedParser(std::string_view bytes);
  [[nodiscard]] bool FailedWithText() const;
  void OnData(std::string_view data, std::string_view type, bool terminated);
  void FinishStream(const ResponseEnd& end, DecodeNotes& notes);
  void FinishDocument(const ResponseEnd& end);
  void ReadBody(const nlohmann::json& body);

  bool streaming_;
  StreamFraming framing_;
  bool event_stream_type_ = false;
  bool json_lines_type_ = false;
  int status_ = 0;
  Form form_ = Form::kUnknown;
  std::string body_;
  SseParser events_parser_;
  NdjsonParser lines_parser_;
  absl::Status parse_status_;
  std::unique_ptr<AnswerReader> reader_;
  double arrival_s_ = 0.0;
  std::int64_t events_ = 0;
  bool done_ = false;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_ANSWER_DECODER_H_
