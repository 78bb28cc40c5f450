#include "pinchbeck/client/log_import.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/log_formats.h"
#include "src/client/log_records.h"

namespace pinchbeck {
namespace {

using nlohmann::json;
using Convert = absl::Status (*)(const json&, const internal::LogSink&);

constexpr std::array<LogFormat, 5> kFormats = {LogFormat::kOpenAiJsonl, LogFormat::kLiteLlm,
                                               LogFormat::kLangfuse, LogFormat::kHelicone, LogFormat::kOtel};

Convert ConverterOf(LogFormat format) {
  switch (format) {
    case LogFormat::kOpenAiJsonl:
      return internal::ConvertOpenAiPair;
    case LogFormat::kLiteLlm:
      return internal::ConvertLiteLlm;
    case LogFormat::kLangfuse:
      return internal::ConvertLangfuse;
    case LogFormat::kHelicone:
      return internal::ConvertHelicone;
    case LogFormat::kOtel:
      break;
  }
  return internal::ConvertOtel;
}

}  // namespace

std::span<const LogFormat> AllLogFormats() { return kFormats; }

std::string_view LogFormatName(LogFormat format) {
  switch (format) {
    case LogFormat::kOpenAiJsonl:
      return "openai-jsonl";
    case LogFormat::kLiteLlm:
      return "litellm";
    case LogFormat::kLangfuse:
      return "langfuse";
    case LogFormat::kHelicone:
      return "helicone";
    case LogFormat::kOtel:
      break;
  }
  return "otel";
}

std::optional<LogFormat> LogFormatFromName(std::string_view name) {
  for (const LogFormat format : kFormats) {
    if (LogFormatName(format) == name) return format;
  }
  return std::nullopt;
}

absl::StatusOr<LogImportSummary> ImportLog(LogFormat format, const std::string& path,
                                           const std::function<absl::Status(Exchange)>& visit,
                                           const LogImportOptions& options) {
  LogImportSummary summary;
  const Convert convert = ConverterOf(format);
  PINCHBECK_RETURN_IF_ERROR(
      internal::ForEachLogRecord(path, options.max_bytes, [&](const json& record, const std::string& place) {
        // What the caller says is passed on as it is; what the record says gets its place.
        absl::Status of_caller;
        const absl::Status status = convert(record, [&](internal::LogItem item) -> absl::Status {
          if (!item.skip.empty()) {
            ++summary.skipped[item.skip];
            return absl::OkStatus();
          }
          absl::StatusOr<Exchange> exchange = ReadExchangeJson(
              item.exchange.dump(-1, ' ', false, json::error_handler_t::replace), options.limits);
          if (!exchange.ok()) {
            return item.place.empty() ? exchange.status() : internal::Annotate(exchange.status(), item.place);
          }
          if (!item.api_known) exchange->observation.request.api.reset();
          ++summary.exchanges;
          of_caller = visit(*std::move(exchange));
          return of_caller;
        });
        if (!of_caller.ok()) return of_caller;
        return status.ok() ? status : internal::Annotate(status, place);
      }));
  return summary;
}

}  // namespace pinchbeck
