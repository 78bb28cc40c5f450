// Chat completion bytes for tests, and what the decoder makes of them.
#ifndef PINCHBECK_TESTS_CLIENT_CHAT_WIRE_H_
#define PINCHBECK_TESTS_CLIENT_CHAT_WIRE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/client/openai_chat.h"
#include "pinchbeck/core/observation.h"

namespace pinchbeck::testing {

struct Decoded {
  Observation observation;
  DecodeNotes notes;
};

struct Wire {
  int status = 200;
  std::string content_type = "application/json";
  bool streaming = false;
  bool complete = true;
};

// Feeds the pieces 0.1 s apart, the first at 0.1 s.
inline Decoded Decode(const std::vector<std::string>& pieces, const Wire& wire = {}) {
  const std::unique_ptr<ResponseDecoder> decoder = OpenAiChatDialect().MakeDecoder(wire.streaming);
  ResponseHead head;
  head.status = wire.status;
  head.headers = {{"content-type", wire.content_type}};
  decoder->OnHead(head);
  double arrival_s = 0.0;
  for (const std::string& piece : pieces) {
    arrival_s += 0.1;
    (void)decoder->OnBytes(piece, arrival_s);
  }
  Decoded decoded;
  decoded.observation.probe = "p";
  decoded.notes = decoder->Finish({wire.complete, arrival_s + 1.0}, decoded.observation);
  // Whatever was sent, the observation must be one that can be written and read again.
  const std::string line = SerializeObservation(decoded.observation);
  EXPECT_TRUE(ParseObservation(line).ok()) << line;
  return decoded;
}

inline const Wire kStream{200, "text/event-stream", true, true};
inline const Wire kCutStream{200, "text/event-stream", true, false};

inline std::string Event(std::string_view data) { return "data: " + std::string(data) + "\n\n"; }

// One chunk with the members of choice 0.
inline std::string Chunk(std::string_view choice) {
  return Event(R"({"id":"c1","model":"m-2026","system_fingerprint":"fp","choices":[{"index":0,)" +
               std::string(choice) + "}]}");
}
inline std::string Content(std::string_view text) {
  return Chunk(R"("delta":{"content":")" + std::string(text) + R"("},"finish_reason":null)");
}
inline std::string Stop() { return Chunk(R"("delta":{},"finish_reason":"stop")"); }
inline std::string Done() { return Event("[DONE]"); }

inline std::string Completion(std::string_view message, std::string_view more = "") {
  return R"({"id":"c1","model":"m-2026","choices":[{"index":0,"finish_reason":"stop","message":)" +
         std::string(message) + "}]" + std::string(more) + "}";
}

inline ErrorKind KindOf(const Decoded& decoded) { return decoded.observation.error->kind; }

}  // namespace pinchbeck::testing

#endif  // PINCHBECK_TESTS_CLIENT_CHAT_WIRE_H_
