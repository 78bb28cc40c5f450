// From records of each log format to exchanges in the JSON of ReadExchangeJson().
#ifndef PINCHBECK_SRC_CLIENT_LOG_FORMATS_H_
#define PINCHBECK_SRC_CLIENT_LOG_FORMATS_H_

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/client/log_import.h"

namespace pinchbeck::internal {

struct LogItem {
  // In the form of ReadExchangeJson().
  nlohmann::json exchange = nlohmann::json::object();
  // Not empty: the record is left out for this reason.
  std::string skip = {};
  // Left out because the log does not hold the whole request.
  bool incomplete = false;
  // Not empty: the log holds the request and not the whole of its answer, for this reason. It is handed on as
  // a failed request, so that an endpoint cannot take answers out by what it writes into them.
  std::string unanswered = {};
  // Not empty: a field of the record is of the wrong kind.
  std::string fault = {};
  // What makes the record one of its kind in the log; two records with one id are one request. May be empty.
  std::string id = {};
  // The server gave the id with its answer, and may give it to others.
  bool id_of_answer = false;
  // See Exchange::model_in_log.
  std::optional<std::string> model = std::nullopt;
  // False where the exchange is put together from a log's own fields, so that nobody knows which API was
  // spoken.
  bool api_known = true;
  // Where inside the record; may be empty.
  std::string place = {};
};

// The request that a record holds. InvalidArgument names the field.
[[nodiscard]] absl::StatusOr<LogItem> ConvertOpenAiPair(const nlohmann::json& record,
                                                        const LogImportOptions& options);
[[nodiscard]] absl::StatusOr<LogItem> ConvertLiteLlm(const nlohmann::json& record,
                                                     const LogImportOptions& options);
[[nodiscard]] absl::StatusOr<LogItem> ConvertLangfuse(const nlohmann::json& record,
                                                      const LogImportOptions& options);
[[nodiscard]] absl::StatusOr<LogItem> ConvertHelicone(const nlohmann::json& record,
                                                      const LogImportOptions& options);

// Spans come many to a record, and a child before its parent, so that all records are shown to the graph
// before any is converted.
class OtelSpans {
 public:
  // Remembers which spans of a record are chats, and what encloses what. ResourceExhausted: too many spans.
  [[nodiscard]] absl::Status Note(const nlohmann::json& record);
  // Calls `sink` for each span; what the sink returns, if it is not ok, is returned.
  [[nodiscard]] absl::Status Convert(const nlohmann::json& record, const LogImportOptions& options,
                                     const std::function<absl::Status(LogItem)>& sink) const;

 private:
  struct Span {
    std::string parent;
    bool chat = false;
  };
  [[nodiscard]] absl::StatusOr<LogItem> Item(const nlohmann::json& span,
                                             const LogImportOptions& options) const;
  [[nodiscard]] bool IsInsideAChat(const nlohmann::json& span) const;
  // By trace and span.
  std::unordered_map<std::string, Span> spans_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_LOG_FORMATS_H_
