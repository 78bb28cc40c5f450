// Reads chat completion objects and chunks.
#ifndef PINCHBECK_SRC_CLIENT_OPENAI_CHAT_READER_H_
#define PINCHBECK_SRC_CLIENT_OPENAI_CHAT_READER_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "src/client/answer_reader.h"

namespace pinchbeck::internal {

class OpenAiChatReader : public AnswerReader {
 public:
  [[nodiscard]] ReaderWords words() const override { return {"chat completion chunks", "choices"}; }
  void ReadDocument(const nlohmann::json& document) override;
  void ReadEvent(std::string_view type, const nlohmann::json& event, double arrival_s) override;
  [[nodiscard]] bool HoldsAnswer(const nlohmann::json& object) const override;

 protected:
  void Complete() override;
  // The entry of `choices` that counts; `message_key` is where its message stands.
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

  // Settles which choice of a stream counts, once one of them brings something.
  void ChooseFrom(const nlohmann::json& choices);
  // What a choice that does not count brought, for Complete().
  void KeepOther(const nlohmann::json& choice);

  // Number of the choice that counts. One answer is asked for, and some servers number it otherwise than 0,
  // or begin under another number than they go on with.
  std::optional<std::int64_t> choice_index_;
  std::string other_text_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_OPENAI_CHAT_READER_H_
