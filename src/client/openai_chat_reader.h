// Reads chat completion objects and chunks.
#ifndef PINCHBECK_SRC_CLIENT_OPENAI_CHAT_READER_H_
#define PINCHBECK_SRC_CLIENT_OPENAI_CHAT_READER_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>

#include "src/client/answer_reader.h"

namespace pinchbeck::internal {

class OpenAiChatReader : public AnswerReader {
 public:
  [[nodiscard]] ReaderWords words() const override { return {"chat completion chunks", "choices"}; }
  void ReadDocument(const nlohmann::json& document) override;
  void ReadEvent(std::string_view type, const nlohmann::json& event, double arrival_s) override;

 protected:
  // One entry of `choices` with index 0; `message_key` is where its message stands.
  [[nodiscard]] virtual Added ReadChoice(const nlohmann::json& choice, const char* message_key);
  // {"content": [...]} or {"refusal": [...]}.
  [[nodiscard]] std::int64_t ReadChatLogprobs(const nlohmann::json& logprobs);
  // Finish reason and token ids.
  void ReadEndOfChoice(const nlohmann::json& choice);

 private:
  void ReadEnvelope(const nlohmann::json& object);
  void ReadUsage(const nlohmann::json& usage);
  [[nodiscard]] Added ReadMessage(const nlohmann::json& message);
  void ReadTokenIds(const nlohmann::json& choice);
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_OPENAI_CHAT_READER_H_
