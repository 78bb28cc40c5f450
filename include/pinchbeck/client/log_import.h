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
#include <vector>

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
// "openai_jsonl", "litellm", "langfuse", "helicone", "otel".
[[nodiscard]] std::string_view LogFormatName(LogFormat format);
[[nodiscard]] std::optional<LogFormat> LogFormatFromName(std::string_view name);

struct LogImportOptions {
  // Of a record on a line of its own, and of a file that is one JSON list or document; longer is an error.
  // What is read at one time takes a few times its bytes of memory, a hostile text up to about 64 times. A
  // file with a record a line may have any length.
  std::size_t max_record_bytes = std::size_t{32} << 20;
  std::size_t max_document_bytes = std::size_t{256} << 20;
  ExchangeLimits limits = {};
  // Langfuse and OpenTelemetry: the caller says that each record lists every parameter that was sent.
  // Integrations list those that they know, so that without it all exchanges of these formats have the
  // obstacle kUnrecordedParameters.
  bool parameters_complete = false;
  // LiteLLM, Langfuse and OpenTelemetry: the caller says that token counts are the server's. These tools
  // count themselves where they saw none, so that without it usage is left out.
  bool usage_reported = false;
  // Called before each record; a status that is not ok ends the import and is returned. For hosts whose users
  // may interrupt.
  std::function<absl::Status()> before_record = nullptr;
};

struct LogImportSummary {
  // Handed to the caller; and of these those whose answer the log does not hold, or not the whole of it (see
  // Exchange::answer_missing).
  std::int64_t exchanges = 0;
  std::int64_t unanswered = 0;
  // Records left out, by a reason in words ("answered from a cache").
  std::map<std::string, std::int64_t> skipped;
  // Of these: chats whose request the log does not hold, or holds in part, and holds nowhere else.
  std::int64_t incomplete = 0;
  // Records with a field of the wrong kind, and what was wrong with the first few: file, line or index, and
  // field.
  std::int64_t faults = 0;
  std::vector<std::string> fault_examples;
};

// Reads log files (.gz: gzip) as one log and calls back for each exchange, in order; a status that is not ok
// stops and is returned. Which fields of each format are used is in docs/guides/import.md. What a log does
// not hold is absent: times only where it has some, `request.api` only where it is certain, sessions nowhere
// but in pairs (a chat's session is none of a recording). A log that lacks parameters gives exchanges with an
// obstacle, since absent ones would mean the server's defaults.
//
// A file holds a record a line, a JSON list of records, or one JSON document. A record that stands there
// twice counts once, across all files: by the tool's own id; where only the answer has an id, by that id and
// equal times and content. Of a tool's records with one id the one with an answer counts; those without come
// last.
//
// NotFound, PermissionDenied; InvalidArgument names file, and line or index: text that is no JSON, no record
// at all, or more records that are incomplete, unanswered or faulty than others, so that these would be a
// selection.
// What was called back before an error is no sample of anything.
[[nodiscard]] absl::StatusOr<LogImportSummary> ImportLog(LogFormat format,
                                                         const std::vector<std::string>& paths,
                                                         const std::function<absl::Status(Exchange)>& visit,
                                                         const LogImportOptions& options = {});

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_LOG_IMPORT_H_
