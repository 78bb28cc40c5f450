// Reads text completion objects and chunks.
#ifndef PINCHBECK_SRC_CLIENT_OPENAI_COMPLETIONS_READER_H_
#define PINCHBECK_SRC_CLIENT_OPENAI_COMPLETIONS_READER_H_

#include <cstdint>
#include <nlohmann/json.hpp>

#include "src/client/openai_chat_reader.h"

namespace pinchbeck::internal {

class OpenAiCompletionsReader final : public OpenAiChatReader {
 public:
  [[nodiscard]] ReaderWords words() const override { return {"completion chunks", "choices"}; }

 protected:
  [[nodiscard]] Added ReadChoice(const nlohmann::json& choice, const char* message_key) override;

 private:
  // Lists beside each other, one entry per token.
  [[nodiscard]] std::int64_t ReadParallelLogprobs(const nlohmann::json& logprobs);
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_OPENAI_COMPLETIONS_READER_H_
