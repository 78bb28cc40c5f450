// Chat completion bytes for tests, and what the decoder makes of them.
#ifndef PINCHBECK_TESTS_CLIENT_CHAT_WIRE_H_
#define PINCHBECK_TESTS_CLIENT_CHAT_WIRE_H_

#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/client/openai_chat.h"
#include "tests/client/wire.h"

namespace pinchbeck::testing {

inline Decoded Decode(const std::vector<std::string>& pieces, const Wire& wire = {}) {
  return DecodeWith(OpenAiChatDialect(), pieces, wire);
}

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

}  // namespace pinchbeck::testing

#endif  // PINCHBECK_TESTS_CLIENT_CHAT_WIRE_H_
