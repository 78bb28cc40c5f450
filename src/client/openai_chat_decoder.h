// Reads answers of the chat completions API, streamed or not.
#ifndef PINCHBECK_SRC_CLIENT_OPENAI_CHAT_DECODER_H_
#define PINCHBECK_SRC_CLIENT_OPENAI_CHAT_DECODER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "pinchbeck/client/dialect.h"
#include "pinchbeck/client/sse.h"
#include "src/client/openai_chat_reader.h"

namespace pinchbeck::internal {

// Tells a stream from a document by its first bytes, because servers answer the other way than asked.
class OpenAiChatDecoder final : public ResponseDecoder {
 public:
  explicit OpenAiChatDecoder(bool streaming);
  // The parser's callback points at this object.
  OpenAiChatDecoder(const OpenAiChatDecoder&) = delete;
  OpenAiChatDecoder& operator=(const OpenAiChatDecoder&) = delete;

  void OnHead(const ResponseHead& head) override;
  [[nodiscard]] absl::Status OnBytes(std::string_view bytes, double arrival_s) override;
  DecodeNotes Finish(const ResponseEnd& end, Observation& observation) override;

 private:
  enum class Form { kUnknown, kStream, kDocument };

  void ChooseForm(char first);
  void OnEvent(const SseEvent& event);
  void FinishStream(const ResponseEnd& end, DecodeNotes& notes);
  void FinishDocument(const ResponseEnd& end);

  bool streaming_;
  bool event_stream_type_ = false;
  int status_ = 0;
  Form form_ = Form::kUnknown;
  std::string body_;
  SseParser parser_;
  absl::Status parse_status_;
  ChatReader reader_;
  double arrival_s_ = 0.0;
  std::int64_t events_ = 0;
  bool done_ = false;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_OPENAI_CHAT_DECODER_H_
