// Reads response objects and the events of response streams.
#ifndef PINCHBECK_SRC_CLIENT_OPENAI_RESPONSES_READER_H_
#define PINCHBECK_SRC_CLIENT_OPENAI_RESPONSES_READER_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "src/client/answer_reader.h"

namespace pinchbeck::internal {

class OpenAiResponsesReader final : public AnswerReader {
 public:
  [[nodiscard]] ReaderWords words() const override { return {"response events", "output"}; }
  void ReadDocument(const nlohmann::json& document) override;
  void ReadEvent(std::string_view type, const nlohmann::json& event, double arrival_s) override;

 protected:
  void Complete() override;

 private:
  // Texts of the output items of a whole response.
  struct Output {
    std::string text;
    std::string refusal;
    std::string reasoning;
    std::string summary;
    std::vector<PositionLogprobs> logprobs;
    bool has_text = false;
  };

  [[nodiscard]] static Output ReadOutput(const nlohmann::json& response);
  static void ReadMessageItem(const nlohmann::json& item, Output& output);
  // Id, model and usage.
  void ReadEnvelope(const nlohmann::json& response);
  void ReadUsage(const nlohmann::json& usage);
  void NoteToolCalls(const nlohmann::json& response);
  void ReadStatus(const nlohmann::json& response);
  [[nodiscard]] Added ReadDelta(std::string_view type, const nlohmann::json& event);
  // The response of the last event; adds what no delta brought.
  [[nodiscard]] Added ReadFinal(const nlohmann::json& response);

  std::string summary_;
  bool saw_text_ = false;
  bool saw_refusal_ = false;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_OPENAI_RESPONSES_READER_H_
