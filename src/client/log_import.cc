#include "pinchbeck/client/log_import.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_set>
#include <utility>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/digest.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/log_formats.h"
#include "src/client/log_records.h"

namespace pinchbeck {
namespace {

using nlohmann::json;
constexpr std::array<LogFormat, 5> kFormats = {LogFormat::kOpenAiJsonl, LogFormat::kLiteLlm,
                                               LogFormat::kLangfuse, LogFormat::kHelicone, LogFormat::kOtel};

constexpr std::size_t kMostFaultExamples = 5;
// Ids of one import, for finding repeats.
constexpr std::size_t kMostRecords = 20'000'000;

absl::StatusOr<internal::LogItem> Converted(LogFormat format, const json& record,
                                            const LogImportOptions& options) {
  switch (format) {
    case LogFormat::kLiteLlm:
      return internal::ConvertLiteLlm(record, options);
    case LogFormat::kLangfuse:
      return internal::ConvertLangfuse(record, options);
    case LogFormat::kHelicone:
      return internal::ConvertHelicone(record, options);
    default:
      return internal::ConvertOpenAiPair(record, options);
  }
}

// One import: what was seen, and what came of it.
class LogImporter {
 public:
  using Visit = std::function<absl::Status(Exchange)>;

  LogImporter(LogFormat format, const LogImportOptions& options, const Visit& visit)
      : format_(format), options_(options), visit_(visit) {}

  absl::Status ReadAll(const std::vector<std::string>& paths) {
    // Children are exported before their parents, so that spans are read twice.
    for (const std::string& path : paths) {
      if (format_ != LogFormat::kOtel) break;
      PINCHBECK_RETURN_IF_ERROR(ForEach(path, [&](const json& record, const std::string& place) {
        return internal::Annotate(spans_.Note(record), place);
      }));
    }
    for (const std::string& path : paths) {
      PINCHBECK_RETURN_IF_ERROR(
          ForEach(path, [&](const json& record, const std::string& place) { return Add(record, place); }));
    }
    return CheckComplete();
  }

  LogImportSummary& summary() { return summary_; }

 private:
  absl::Status ForEach(const std::string& path,
                       const std::function<absl::Status(const json&, const std::string&)>& visit) const {
    return internal::ForEachLogRecord(path, {options_.max_record_bytes, options_.max_document_bytes},
                                      [&](const json& record, const std::string& place) -> absl::Status {
                                        if (options_.before_record) {
                                          PINCHBECK_RETURN_IF_ERROR(options_.before_record());
                                        }
                                        return visit(record, place);
                                      });
  }

  absl::Status Add(const json& record, const std::string& place) {
    if (!record.is_object()) return Fault(place, "expected a JSON object");
    if (format_ == LogFormat::kOtel) {
      return spans_.Convert(record, options_, [&](internal::LogItem item) {
        const std::string at = item.place.empty() ? place : place + ": " + item.place;
        return Take(std::move(item), at);
      });
    }
    absl::StatusOr<internal::LogItem> item = Converted(format_, record, options_);
    if (!item.ok()) return Fault(place, internal::Message(item.status()));
    return Take(*std::move(item), place);
  }

  absl::Status Take(internal::LogItem item, const std::string& place) {
    if (!item.fault.empty()) return Fault(place, item.fault);
    PINCHBECK_ASSIGN_OR_RETURN(const bool repeat, IsRepeat(item.id));
    if (repeat) return Skip("a repeat of another record");
    if (item.incomplete) ++summary_.incomplete;
    if (!item.skip.empty()) return Skip(item.skip);
    absl::StatusOr<Exchange> exchange =
        ReadExchangeJson(item.exchange.dump(-1, ' ', false, json::error_handler_t::replace), options_.limits);
    if (!exchange.ok()) return Fault(place, internal::Message(exchange.status()));
    Observation& observation = exchange->observation;
    // Relays give one id to many answers, but hardly at the same time.
    if (item.id.empty() && observation.response.id.has_value() && observation.time.has_value()) {
      PINCHBECK_ASSIGN_OR_RETURN(const bool again,
                                 IsRepeat(*observation.response.id + " at " + *observation.time));
      if (again) return Skip("a repeat of another record");
    }
    if (!item.api_known) observation.request.api.reset();
    exchange->model_in_log = std::move(item.model);
    ++summary_.exchanges;
    return visit_(*std::move(exchange));
  }

  absl::StatusOr<bool> IsRepeat(const std::string& id) {
    if (id.empty()) return false;
    if (seen_.size() >= kMostRecords) {
      return absl::ResourceExhaustedError("more records than can be kept apart; split the log by time");
    }
    // Half of a digest, since ids may have any length.
    return !seen_.insert(internal::Sha256Hex(id).substr(0, 32)).second;
  }

  absl::Status Skip(const std::string& reason) {
    ++summary_.skipped[reason];
    return absl::OkStatus();
  }

  absl::Status Fault(const std::string& place, const std::string& what) {
    ++summary_.faults;
    if (summary_.fault_examples.size() < kMostFaultExamples) {
      summary_.fault_examples.push_back(place + ": " + what);
    }
    return absl::OkStatus();
  }

  // What is missing may be missing for what it says.
  absl::Status CheckComplete() const {
    const std::int64_t lost = summary_.incomplete + summary_.faults;
    if (lost <= summary_.exchanges) return absl::OkStatus();
    std::string message = std::to_string(lost) + " records cannot be read or hold no answer, and only " +
                          std::to_string(summary_.exchanges) +
                          " can be used, so that they would be a selection";
    for (const auto& [reason, count] : summary_.skipped) {
      message += "; " + std::to_string(count) + " left out: " + reason;
    }
    if (!summary_.fault_examples.empty()) message += "; first fault: " + summary_.fault_examples.front();
    return absl::InvalidArgumentError(message);
  }

  const LogFormat format_;
  const LogImportOptions& options_;
  const Visit& visit_;
  internal::OtelSpans spans_;
  std::unordered_set<std::string> seen_;
  LogImportSummary summary_;
};

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

absl::StatusOr<LogImportSummary> ImportLog(LogFormat format, const std::vector<std::string>& paths,
                                           const std::function<absl::Status(Exchange)>& visit,
                                           const LogImportOptions& options) {
  LogImporter importer(format, options, visit);
  PINCHBECK_RETURN_IF_ERROR(importer.ReadAll(paths));
  return std::move(importer.summary());
}

}  // namespace pinchbeck
