// Reads answers and stream chunks of generateContent, which have one shape.
#ifndef PINCHBECK_SRC_CLIENT_GEMINI_READER_H_
#define PINCHBECK_SRC_CLIENT_GEMINI_READER_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "src/client/answer_reader.h"

namespace pinchbeck::internal {

class GeminiReader final : public AnswerReader {
 public:
  [[nodiscard]] ReaderWords words() const override { return {"generateContent chunks", "candidates"}; }
  void ReadDocument(const nlohmann::json& document) override;
  void ReadEvent(std::string_view type, const nlohmann::json& event, double arrival_s) override;
  [[nodiscard]] bool ReadList(const nlohmann::json& list) override;
  [[nodiscard]] bool has_end_mark() const override { return false; }

 protected:
  void Complete() override;

 private:
  [[nodiscard]] Added ReadResponse(const nlohmann::json& response);
  [[nodiscard]] Added ReadCandidate(const nlohmann::json& candidate);
  [[nodiscard]] Added ReadPart(const nlohmann::json& part);
  [[nodiscard]] std::int64_t ReadLogprobs(const nlohmann::json& result);
  void ReadUsage(const nlohmann::json& usage);

  std::optional<std::int64_t> candidate_tokens_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_GEMINI_READER_H_
