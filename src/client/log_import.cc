#include "pinchbeck/client/log_import.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/digest.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/log_formats.h"
#include "src/client/log_records.h"
#include "src/core/log_failure.h"

namespace pinchbeck {
namespace {

using nlohmann::json;
constexpr std::array<LogFormat, 5> kFormats = {LogFormat::kOpenAiJsonl, LogFormat::kLiteLlm,
                                               LogFormat::kLangfuse, LogFormat::kHelicone, LogFormat::kOtel};

constexpr std::size_t kMostFaultExamples = 5;
// Ids of one import, for finding repeats.
constexpr std::size_t kMostRecords = 20'000'000;
constexpr std::size_t kMostPending = 1'000'000;
constexpr const char* kRepeat = "a repeat of another record";

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

// Half of a digest, since ids and contents may have any length.
using Key = std::pair<std::uint64_t, std::uint64_t>;
struct KeyHash {
  std::size_t operator()(const Key& key) const { return static_cast<std::size_t>(key.first); }
};

Key KeyOf(const std::string& text) {
  const std::string digest = internal::Sha256Hex(text);
  return {std::strtoull(digest.substr(0, 16).c_str(), nullptr, 16),
          std::strtoull(digest.substr(16, 16).c_str(), nullptr, 16)};
}

// A request without its whole answer, which another record of its id may hold.
struct Pending {
  Key key;
  Exchange exchange;
  std::string unanswered;
};

// The answers that one id of the server was given to.
struct AnswersOfId {
  Key first;
  bool several = false;
};

// Whether times are finer than seconds, so that two answers hardly share them.
bool HasFineTimes(const Observation& observation) {
  const std::string& time = *observation.time;
  const std::size_t point = time.find('.');
  if (point != std::string::npos) {
    const std::size_t digit = time.find_first_not_of('0', point + 1);
    if (digit != std::string::npos && time[digit] >= '1' && time[digit] <= '9') return true;
  }
  const double total_s = observation.timing.total_s.value_or(0);
  return total_s != std::floor(total_s);
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
    PINCHBECK_RETURN_IF_ERROR(HandOnPending());
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
    if (!item.skip.empty()) return LeaveOut(item);
    const std::string content = item.exchange.dump(-1, ' ', false, json::error_handler_t::replace);
    absl::StatusOr<Exchange> exchange = ReadExchangeJson(content, options_.limits);
    if (!exchange.ok()) return Fault(place, internal::Message(exchange.status()));
    if (!item.api_known) exchange->observation.request.api.reset();
    exchange->model_in_log = std::move(item.model);
    if (!item.unanswered.empty()) {
      exchange->answer_missing = true;
      exchange->observation.error =
          ErrorRecord{ErrorKind::kProtocol, std::nullopt,
                      std::string(internal::kAnswerNotInLog) + ": " + item.unanswered};
    }
    const bool own_id = !item.id.empty() && !item.id_of_answer;
    if (own_id && exchange->answer_missing) return Keep(std::move(item), *std::move(exchange));
    PINCHBECK_ASSIGN_OR_RETURN(
        const bool repeat, own_id ? IsRepeat(KeyOf(item.id)) : IsRepeatedAnswer(item.id, *exchange, content));
    return repeat ? Skip(kRepeat) : HandOn(*std::move(exchange), item.unanswered);
  }

  absl::Status HandOn(Exchange exchange, const std::string& unanswered) {
    ++summary_.exchanges;
    if (exchange.answer_missing) {
      ++summary_.unanswered;
      ++unanswered_[unanswered];
    }
    return visit_(std::move(exchange));
  }

  // A tool may write a record before the answer came, and again after it.
  absl::Status Keep(internal::LogItem item, Exchange exchange) {
    if (pending_.size() >= kMostPending) {
      return absl::ResourceExhaustedError("more than " + std::to_string(kMostPending) +
                                          " records without their answer; split the log by time");
    }
    pending_.push_back({KeyOf(item.id), std::move(exchange), std::move(item.unanswered)});
    return absl::OkStatus();
  }

  absl::Status HandOnPending() {
    for (Pending& record : pending_) {
      PINCHBECK_ASSIGN_OR_RETURN(const bool repeat, IsRepeat(record.key));
      PINCHBECK_RETURN_IF_ERROR(repeat ? Skip(kRepeat)
                                       : HandOn(std::move(record.exchange), record.unanswered));
    }
    pending_.clear();
    return absl::OkStatus();
  }

  // Does not take the id away from a whole record of the same request.
  absl::Status LeaveOut(const internal::LogItem& item) {
    if (!item.id.empty() && !item.id_of_answer) {
      const Key key = KeyOf(item.id);
      if (seen_.contains(key) || left_out_.contains(key)) return Skip(kRepeat);
      PINCHBECK_RETURN_IF_ERROR(CheckRoom());
      left_out_.emplace(key, item.incomplete);
    }
    if (item.incomplete) ++summary_.incomplete;
    return Skip(item.skip);
  }

  absl::StatusOr<bool> IsRepeat(const Key& key) {
    PINCHBECK_RETURN_IF_ERROR(CheckRoom());
    if (!seen_.insert(key).second) return true;
    // What is whole here is missing no more.
    const auto earlier = left_out_.find(key);
    if (earlier != left_out_.end() && std::exchange(earlier->second, false)) --summary_.incomplete;
    return false;
  }

  // Ids of answers are the server's: it may give one to many answers, by fault or to have them taken for
  // copies. A copy has the same times and the same content too.
  absl::StatusOr<bool> IsRepeatedAnswer(const std::string& id_in_log, const Exchange& exchange,
                                        const std::string& content) {
    const Observation& observation = exchange.observation;
    const std::string id = id_in_log.empty() ? observation.response.id.value_or("") : id_in_log;
    if (id.empty() || !observation.time.has_value()) return false;
    PINCHBECK_RETURN_IF_ERROR(CheckRoom());
    const Key key = KeyOf(content);
    const auto [answers, is_new] = answers_.try_emplace(KeyOf(id), AnswersOfId{key, false});
    if (answers->second.first != key) answers->second.several = true;
    if (seen_.insert(key).second) return false;
    // Equal answers within a second, where the id proves nothing and the times are coarse.
    return !answers->second.several || HasFineTimes(observation);
  }

  absl::Status CheckRoom() const {
    if (seen_.size() + left_out_.size() < kMostRecords) return absl::OkStatus();
    return absl::ResourceExhaustedError("more records than can be kept apart; split the log by time");
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
    const std::int64_t lost = summary_.incomplete + summary_.faults + summary_.unanswered;
    const std::int64_t whole = summary_.exchanges - summary_.unanswered;
    if (lost <= whole) return absl::OkStatus();
    std::string message = std::to_string(lost) + " records cannot be read or hold no answer, and only " +
                          std::to_string(whole) + " can be used, so that they would be a selection";
    for (const auto& [reason, count] : unanswered_) {
      message += "; " + std::to_string(count) + " unanswered: " + reason;
    }
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
  std::unordered_set<Key, KeyHash> seen_;
  // Records without an exchange, and whether they count as incomplete.
  std::unordered_map<Key, bool, KeyHash> left_out_;
  std::unordered_map<Key, AnswersOfId, KeyHash> answers_;
  std::vector<Pending> pending_;
  // Of exchanges handed on, by reason.
  std::map<std::string, std::int64_t> unanswered_;
  LogImportSummary summary_;
};

}  // namespace

std::span<const LogFormat> AllLogFormats() { return kFormats; }

std::string_view LogFormatName(LogFormat format) {
  switch (format) {
    case LogFormat::kOpenAiJsonl:
      return "openai_jsonl";
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
