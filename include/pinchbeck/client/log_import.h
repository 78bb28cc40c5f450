// Logs that people already have, read as exchanges.
#ifndef PINCHBECK_CLIENT_LOG_IMPORT_H_
#define PINCHBECK_CLIENT_LOG_IMPORT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/client/exchange.h"

namespace pinchbeck {

enum class LogFormat : std::uint8_t {
  // Pairs of {"request", "response"}, as in ReadExchangeJson().
  kOpenAiJsonl,
  // Rows of LiteLLM's spend logs.
  kLiteLlm,
  // Observations of Langfuse.
  kLangfuse,
  // Request rows of Helicone.
  kHelicone,
  // OpenTelemetry spans of the GenAI conventions, as OTLP/JSON.
  kOtel,
};
[[nodiscard]] std::span<const LogFormat> AllLogFormats();
// "openai-jsonl", "litellm", "langfuse", "helicone", "otel".
[[nodiscard]] std::string_view LogFormatName(LogFormat format);
[[nodiscard]] std::optional<LogFormat> LogFormatFromName(std::string_view name);

struct LogImportOptions {
  // A longer file (after decompression) is an error. Reading takes a few times its size of memory.
  std::size_t max_bytes = std::size_t{512} << 20;
  ExchangeLimits limits = {};
};

struct LogImportSummary {
  // Handed to the caller.
  std::int64_t exchanges = 0;
  // Records left out, by a reason in words ("answered from a cache").
  std::map<std::string, std::int64_t> skipped;
};

// Reads a log (.gz: gzip) and calls back for each exchange, in order; a status that is not ok stops and is
// returned. Which fields of each format are used is in docs/guides/import.md. What a log does not hold is
// absent: times only where it has some, `request.api` only where it is certain. A log that lacks the sampling
// parameters gives exchanges with an obstacle, since absent ones would mean the server's defaults.
//
// The file holds a record a line, a JSON list of records, or one JSON document.
//
// NotFound, PermissionDenied; InvalidArgument names file, line or index, and field: not JSON, a field of the
// wrong type, a time that cannot be read, no record at all.
[[nodiscard]] absl::StatusOr<LogImportSummary> ImportLog(LogFormat format, const std::string& path,
                                                         const std::function<absl::Status(Exchange)>& visit,
                                                         const LogImportOptions& options = {});

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_LOG_IMPORT_H_
