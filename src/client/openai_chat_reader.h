// Collects the fields of chat completion objects and chunks into one observation.
#ifndef PINCHBECK_SRC_CLIENT_OPENAI_CHAT_READER_H_
#define PINCHBECK_SRC_CLIENT_OPENAI_CHAT_READER_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/core/observation.h"

namespace pinchbeck::internal {

// The error object of an answer, in any of the forms seen in the field.
struct ServerError {
  std::string message;
  // `code`, else `type`.
  std::string code;
  // An HTTP status that the object itself names.
  std::optional<int> status;
};

// Reads {"error": {...}}, {"error": "..."}, {"detail": ...} or {"message": "..."}; absent if it is none of
// them. `strict` accepts only the key "error", for answers that came with status 200.
[[nodiscard]] std::optional<ServerError> ReadServerError(const nlohmann::json& document, bool strict);

class ChatReader {
 public:
  // One complete answer.
  void ReadCompletion(const nlohmann::json& completion);
  // One event of a stream, with its arrival time.
  void ReadChunk(const nlohmann::json& chunk, double arrival_s);

  void SetError(ErrorKind kind, std::optional<int> status, std::string message);
  void SetServerError(const ServerError& error, int http_status);
  void AddRepairs(std::int64_t repairs) { json_repairs_ += repairs; }

  [[nodiscard]] bool has_error() const { return error_.has_value(); }
  [[nodiscard]] bool saw_choice() const { return saw_choice_; }
  [[nodiscard]] bool saw_finish() const { return response_.finish_reason.has_value(); }
  [[nodiscard]] std::int64_t json_repairs() const { return json_repairs_; }
  [[nodiscard]] const std::string& error_code() const { return error_code_; }

  // Moves what was read into the observation.
  void MoveTo(Observation& observation);

 private:
  // What one message or delta added.
  struct Added {
    bool content = false;
    std::int64_t logprob_entries = 0;
  };

  void ReadEnvelope(const nlohmann::json& object);
  void ReadUsage(const nlohmann::json& usage);
  [[nodiscard]] Added ReadChoice(const nlohmann::json& choice, const char* message_key);
  [[nodiscard]] bool ReadMessage(const nlohmann::json& message);
  [[nodiscard]] std::int64_t ReadLogprobs(const nlohmann::json& choice);
  void ReadTokenIds(const nlohmann::json& choice);

  ResponseRecord response_;
  UsageRecord usage_;
  TimingRecord timing_;
  std::vector<PositionLogprobs> logprobs_;
  std::optional<ErrorRecord> error_;
  std::string error_code_;
  std::string refusal_;
  bool saw_choice_ = false;
  bool events_without_tokens_ = false;
  std::int64_t json_repairs_ = 0;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_OPENAI_CHAT_READER_H_
