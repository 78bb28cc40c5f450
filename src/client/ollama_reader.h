// Reads answers and stream lines of Ollama's chat API, which have one shape.
#ifndef PINCHBECK_SRC_CLIENT_OLLAMA_READER_H_
#define PINCHBECK_SRC_CLIENT_OLLAMA_READER_H_

#include <nlohmann/json.hpp>
#include <string_view>

#include "src/client/answer_reader.h"

namespace pinchbeck::internal {

class OllamaReader final : public AnswerReader {
 public:
  [[nodiscard]] ReaderWords words() const override { return {"chat lines", "message"}; }
  void ReadDocument(const nlohmann::json& document) override;
  void ReadEvent(std::string_view type, const nlohmann::json& event, double arrival_s) override;

 private:
  [[nodiscard]] Added ReadPiece(const nlohmann::json& piece);
  [[nodiscard]] Added ReadMessage(const nlohmann::json& message);
  void ReadEnd(const nlohmann::json& piece);
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_OLLAMA_READER_H_
