#include "src/cli/collection_steps.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "pinchbeck/client/api.h"
#include "pinchbeck/core/recording.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/cli/collect_key.h"
#include "src/client/collect_options.h"

namespace pinchbeck::cli {
namespace {

std::uintmax_t BytesOf(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  return error ? 0 : size;
}

absl::StatusOr<CompletedSamples> ReadCompleted(const CollectFlags& flags, const std::string& out_path,
                                               const Endpoint& endpoint, const Battery& battery,
                                               const Dialect& dialect, CommandContext& context) {
  if (BytesOf(out_path) == 0) return CompletedSamples{};
  if (!flags.resume) {
    return absl::AlreadyExistsError(
        absl::StrCat(out_path,
                     ": the file already holds a recording; use --resume to continue it or choose "
                     "another name"));
  }
  PINCHBECK_ASSIGN_OR_RETURN(RecordingReader reader, RecordingReader::Open(out_path));
  PINCHBECK_ASSIGN_OR_RETURN(CompletedSamples completed,
                             LoadCompletedSamples(reader, endpoint, battery, dialect));
  if (completed.not_matching > 0) {
    context.err << "pinchbeck: warning: " << out_path << ": " << completed.not_matching
                << " answers belong to another battery, API, model or settings and do not count\n";
  }
  if (completed.from_other_endpoint > 0) {
    context.err << "pinchbeck: warning: " << out_path << ": " << completed.from_other_endpoint
                << " answers came from another base URL\n";
  }
  return completed;
}

CollectOptions OptionsOf(const CollectFlags& flags, const CollectBudget& budget, CompletedSamples completed,
                         std::string session) {
  CollectOptions options;
  options.samples_per_probe = SamplesPerProbe(flags);
  options.concurrency = flags.concurrency;
  options.seed = flags.seed;
  options.session = std::move(session);
  options.budget = budget;
  options.rate_limits = flags.rate_limits;
  options.spread = flags.spread;
  options.retry.max_retries = flags.max_retries;
  options.timeouts = TimeoutsOf(flags);
  options.completed = std::move(completed);
  return options;
}

std::string FindingText(const CollectFinding& finding) {
  std::string text = finding.name;
  if (finding.of.has_value()) text += absl::StrFormat(", %d of %d answers", finding.count, *finding.of);
  return text + ": " + finding.detail;
}

// Says what the battery asks for and the API has no words for.
void WarnOfMissingFeatures(const Battery& battery, const Dialect& dialect, CommandContext& context) {
  bool logprobs = false;
  bool others = false;
  for (const Probe& probe : battery.probes) {
    const SamplingParameters& asked = probe.sampling;
    const SamplingParameters sent = SupportedSampling(asked, dialect.features());
    logprobs = logprobs || asked.top_logprobs != sent.top_logprobs;
    others = others || asked.top_k != sent.top_k || asked.min_p != sent.min_p;
  }
  const std::string name(dialect.name());
  if (logprobs) {
    context.err << "pinchbeck: warning: the API " << name
                << " has no log-probabilities: the probes that ask for them are sent without\n";
  }
  if (others) {
    context.err << "pinchbeck: warning: the API " << name
                << " does not know top_k or min_p: the probes that set them are sent without\n";
  }
}

}  // namespace

std::string FailureText(const FailureCount& failure) {
  static constexpr const char* kNames[] = {"HTTP", "timeout", "network", "protocol"};
  std::string text = kNames[static_cast<int>(failure.example.kind)];
  if (failure.example.kind == ErrorKind::kHttp && failure.example.status.has_value()) {
    text += absl::StrFormat(" %d", *failure.example.status);
  }
  return absl::StrFormat("%d x %s: %s", failure.count, text, failure.example.message);
}

std::string SessionOf(const CollectFlags& flags, absl::Time now) {
  if (!flags.session.empty()) return flags.session;
  return absl::FormatTime("%E4Y-%m-%dT%H:%M:%SZ", now, absl::UTCTimeZone());
}

absl::StatusOr<PreparedCollection> PrepareCollection(const CollectFlags& flags, const Battery& battery,
                                                     const std::string& out_path, absl::Time now,
                                                     CommandContext& context) {
  PreparedCollection prepared;
  PINCHBECK_ASSIGN_OR_RETURN(prepared.selected, SelectEndpoint(flags));
  prepared.dialect = MakeDialect(prepared.selected.api, prepared.selected.dialect);
  prepared.bytes_read = BytesOf(out_path);
  PINCHBECK_ASSIGN_OR_RETURN(
      CompletedSamples completed,
      ReadCompleted(flags, out_path, prepared.selected.endpoint, battery, *prepared.dialect, context));
  PINCHBECK_RETURN_IF_ERROR(internal::CheckEffort(battery, *prepared.dialect));
  CollectionReport& report = prepared.report;
  PINCHBECK_ASSIGN_OR_RETURN(report.endpoint, PublicBaseUrl(flags.base_url));
  report.api = std::string(prepared.dialect->name());
  report.model = flags.model;
  report.battery_name = battery.name;
  report.battery_version = battery.version;
  report.battery_sha256 = battery.Sha256();
  report.out_path = out_path;
  report.seed = flags.seed;
  report.session = SessionOf(flags, now);
  PINCHBECK_ASSIGN_OR_RETURN(prepared.prices, SelectPrices(flags, report.endpoint, now, context));
  report.prices = prepared.prices.source;
  prepared.options = OptionsOf(flags, prepared.prices.budget, std::move(completed), report.session);
  prepared.plan = PlanCollection(battery, prepared.options);
  context.err << "pinchbeck: " << report.endpoint << ", API " << report.api << ", model " << report.model
              << ", " << prepared.selected.key_text
              << "\npinchbeck: " << PlanText(prepared.plan, flags, prepared.prices) << std::endl;
  WarnOfMissingFeatures(battery, *prepared.dialect, context);
  return prepared;
}

absl::StatusOr<RecordingWriter> OpenUnchanged(const std::string& out_path, std::uintmax_t bytes_read) {
  PINCHBECK_ASSIGN_OR_RETURN(RecordingWriter writer, RecordingWriter::Open(out_path));
  // Another writer may also have cut off half a line and added a shorter one.
  if (static_cast<std::uintmax_t>(writer.opened_bytes()) == bytes_read) return writer;
  return absl::FailedPreconditionError(
      absl::StrCat(out_path, ": another process has added answers meanwhile; go on with --resume"));
}

void PrintWarnings(const CollectSummary& summary, const std::string& of, CommandContext& context) {
  const std::string prefix = of.empty() ? "" : of + ": ";
  for (const FailureCount& failure : summary.failures) {
    context.err << "pinchbeck: warning: " << prefix << FailureText(failure) << "\n";
  }
  for (const CollectFinding& finding : summary.findings) {
    context.err << "pinchbeck: finding: " << prefix << FindingText(finding) << "\n";
  }
  if (summary.repaired > 0) {
    context.err << "pinchbeck: warning: " << prefix << summary.repaired
                << " answers were not valid JSON and had to be repaired (NaN, infinities, broken Unicode)\n";
  }
  if (summary.stop_reason == StopReason::kBudget) {
    context.err << "pinchbeck: " << prefix << "the budget ended the collection: " << summary.message
                << "; continue with --resume\n";
  }
  if (summary.stop_reason == StopReason::kPartner) {
    context.err << "pinchbeck: " << prefix << "stopped, because " << summary.message << "\n";
  }
}

bool ShowsProgress(const CommandContext& context) {
  return context.terminal != nullptr && Environment("TERM") != "dumb";
}

}  // namespace pinchbeck::cli
