// Collects the fields of one answer, whole or in events, whatever the API.
#ifndef PINCHBECK_SRC_CLIENT_ANSWER_READER_H_
#define PINCHBECK_SRC_CLIENT_ANSWER_READER_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/client/http.h"
#include "pinchbeck/core/observation.h"
#include "src/client/server_error.h"

namespace pinchbeck::internal {

// The words of an API for the decoder's messages.
struct ReaderWords {
  // What an event stream consists of, e.g. "chat completion chunks".
  std::string_view events;
  // What an answer must hold, e.g. "choices".
  std::string_view content;
};

// One subclass per API. Input may have any shape: what does not fit is left out.
class AnswerReader {
 public:
  virtual ~AnswerReader() = default;

  [[nodiscard]] virtual ReaderWords words() const = 0;
  void ReadHead(const ResponseHead& head);
  // One complete answer, a JSON object.
  virtual void ReadDocument(const nlohmann::json& document) = 0;
  // One event of a stream, a JSON object, with its arrival time. `type` is its `event:` field, or else its
  // member `type`, or empty.
  virtual void ReadEvent(std::string_view type, const nlohmann::json& event, double arrival_s) = 0;
  // An answer that is a list of objects; false when the API has no such form.
  [[nodiscard]] virtual bool ReadList(const nlohmann::json& list);
  // Whether a document or event holds text that nothing about the text itself calls broken. Some servers put
  // an `error` beside such an answer, and applications that read the answer never see it.
  [[nodiscard]] virtual bool HoldsAnswer(const nlohmann::json& object) const;
  // Whether streams of this API close with a mark (beside `[DONE]`, which ends any stream).
  [[nodiscard]] virtual bool has_end_mark() const { return true; }

  // The first error stays.
  void SetError(ErrorKind kind, std::optional<int> status, std::string message);
  // `http_status` 0: not known.
  void SetServerError(const ServerError& error, int http_status);
  void AddRepairs(std::int64_t repairs) { json_repairs_ += repairs; }

  [[nodiscard]] bool has_error() const { return error_.has_value(); }
  [[nodiscard]] bool has_text() const { return !response_.text.value_or("").empty(); }
  // Something that only an answer holds was there.
  [[nodiscard]] bool saw_answer() const { return saw_answer_; }
  [[nodiscard]] bool saw_finish() const { return response_.finish_reason.has_value(); }
  // The end mark was there: nothing after it counts.
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] std::int64_t json_repairs() const { return json_repairs_; }
  [[nodiscard]] const std::string& error_code() const { return error_code_; }
  [[nodiscard]] const std::string& error_param() const { return error_param_; }
  [[nodiscard]] std::optional<double> retry_delay_s() const { return retry_delay_s_; }

  // Moves what was read into the observation.
  void MoveTo(Observation& observation);

 protected:
  // What one message, delta or event added.
  struct Added {
    bool content = false;
    std::int64_t logprob_entries = 0;
    Added& operator+=(const Added& other) {
      content = content || other.content;
      logprob_entries += other.logprob_entries;
      return *this;
    }
  };

  // Called before the fields are moved, for readers that can only decide at the end.
  virtual void Complete() {}
  // Notes the arrival of an event with content.
  void AddEvent(const Added& added, double arrival_s);
  // Pieces of the three kinds of text; empty ones start no text, except for the answer's own.
  [[nodiscard]] Added AddText(std::string_view text);
  [[nodiscard]] Added AddReasoning(std::string_view text);
  [[nodiscard]] Added AddRefusal(std::string_view text);
  // `word` is the server's, `reason` the word of the chat completions API or empty when none fits.
  void SetFinish(std::string_view word, std::string_view reason);
  void ReadId(const nlohmann::json& object, const char* key);
  void ReadModel(const nlohmann::json& object, const char* key);

  ResponseRecord response_;
  UsageRecord usage_;
  std::vector<PositionLogprobs> logprobs_;
  bool saw_answer_ = false;
  bool saw_tool_call_ = false;
  bool ended_ = false;

 private:
  TimingRecord timing_;
  std::optional<ErrorRecord> error_;
  std::string error_code_;
  std::string error_param_;
  std::optional<double> retry_delay_s_;
  std::string refusal_;
  bool events_without_tokens_ = false;
  std::int64_t json_repairs_ = 0;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_ANSWER_READER_H_
