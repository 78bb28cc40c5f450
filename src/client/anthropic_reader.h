// Reads Anthropic messages and the events of their streams.
#ifndef PINCHBECK_SRC_CLIENT_ANTHROPIC_READER_H_
#define PINCHBECK_SRC_CLIENT_ANTHROPIC_READER_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "src/client/answer_reader.h"

namespace pinchbeck::internal {

class AnthropicReader final : public AnswerReader {
 public:
  [[nodiscard]] ReaderWords words() const override { return {"message events", "content blocks"}; }
  void ReadDocument(const nlohmann::json& document) override;
  void ReadEvent(std::string_view type, const nlohmann::json& event, double arrival_s) override;
  [[nodiscard]] bool HoldsAnswer(const nlohmann::json& object) const override;

 protected:
  void Complete() override;

 private:
  [[nodiscard]] Added ReadBlock(const nlohmann::json& block);
  [[nodiscard]] Added ReadDelta(const nlohmann::json& delta);
  void ReadStopReason(const nlohmann::json& object);
  void ReadUsage(const nlohmann::json& usage, bool with_output);

  // The three counts that make up the input.
  std::optional<std::int64_t> fresh_input_;
  std::optional<std::int64_t> cache_writes_;
  std::optional<std::int64_t> cache_reads_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_ANTHROPIC_READER_H_
