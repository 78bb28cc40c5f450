// From records of each log format to exchanges in the JSON of ReadExchangeJson().
#ifndef PINCHBECK_SRC_CLIENT_LOG_FORMATS_H_
#define PINCHBECK_SRC_CLIENT_LOG_FORMATS_H_

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"

namespace pinchbeck::internal {

struct LogItem {
  // In the form of ReadExchangeJson().
  nlohmann::json exchange = nlohmann::json::object();
  // Not empty: the record is left out for this reason.
  std::string skip = {};
  // False where the exchange is put together from a log's own fields, so that nobody knows which API was
  // spoken.
  bool api_known = true;
  // Where inside the record; may be empty.
  std::string place = {};
};

using LogSink = std::function<absl::Status(LogItem)>;

// Each calls `sink` for every request that the record holds. Errors name the field.
[[nodiscard]] absl::Status ConvertOpenAiPair(const nlohmann::json& record, const LogSink& sink);
[[nodiscard]] absl::Status ConvertLiteLlm(const nlohmann::json& record, const LogSink& sink);
[[nodiscard]] absl::Status ConvertLangfuse(const nlohmann::json& record, const LogSink& sink);
[[nodiscard]] absl::Status ConvertHelicone(const nlohmann::json& record, const LogSink& sink);
[[nodiscard]] absl::Status ConvertOtel(const nlohmann::json& record, const LogSink& sink);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_LOG_FORMATS_H_
