#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "pinchbeck/client/api.h"
#include "pinchbeck/core/recording.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/cli/collect_endpoint.h"
#include "src/cli/collect_flags.h"
#include "src/cli/collect_key.h"
#include "src/cli/collect_plan.h"
#include "src/cli/interrupt.h"
#include "src/cli/progress.h"

namespace pinchbeck::cli {
namespace {

bool HasContent(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return !error && size > 0;
}

absl::StatusOr<CompletedSamples> ReadCompleted(const CollectFlags& flags, const std::string& out_path,
                                               const Endpoint& endpoint, const Battery& battery,
                                               const Dialect& dialect, CommandContext& context) {
  if (!HasContent(out_path)) return CompletedSamples{};
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
  options.spread = flags.pace;
  options.retry.max_retries = flags.max_retries;
  options.timeouts = TimeoutsOf(flags);
  options.completed = std::move(completed);
  return options;
}

std::string FailureText(const FailureCount& failure) {
  static constexpr const char* kNames[] = {"HTTP", "timeout", "network", "protocol"};
  std::string text = kNames[static_cast<int>(failure.example.kind)];
  if (failure.example.kind == ErrorKind::kHttp && failure.example.status.has_value()) {
    text += absl::StrFormat(" %d", *failure.example.status);
  }
  return absl::StrFormat("%d x %s: %s", failure.count, text, failure.example.message);
}

std::string FindingText(const CollectFinding& finding) {
  std::string text = finding.name;
  if (finding.of.has_value()) text += absl::StrFormat(", %d of %d answers", finding.count, *finding.of);
  return text + ": " + finding.detail;
}

void PrintWarnings(const CollectSummary& summary, CommandContext& context) {
  for (const FailureCount& failure : summary.failures) {
    context.err << "pinchbeck: warning: " << FailureText(failure) << "\n";
  }
  for (const CollectFinding& finding : summary.findings) {
    context.err << "pinchbeck: finding: " << FindingText(finding) << "\n";
  }
  if (summary.repaired > 0) {
    context.err << "pinchbeck: warning: " << summary.repaired
                << " answers were not valid JSON and had to be repaired (NaN, infinities, broken Unicode)\n";
  }
  if (summary.stop_reason == StopReason::kBudget) {
    context.err << "pinchbeck: the budget ended the collection: " << summary.message
                << "; continue with --resume\n";
  }
}

absl::StatusOr<CollectSummary> Send(const CollectFlags& flags, const Endpoint& endpoint,
                                    const Battery& battery, const CollectOptions& options,
                                    const Dialect& dialect, RecordingWriter& writer, Clock& clock,
                                    CommandContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::unique_ptr<Transport> transport,
                             MakeCurlTransport(TransportOptionsOf(flags)));
  RecordingFileSink sink(writer);
  const InterruptGuard interrupt;
  std::optional<ProgressLine> progress;
  if (context.terminal != nullptr && Environment("TERM") != "dumb") {
    progress.emplace(*context.terminal, clock);
  }
  return Collect(endpoint, battery, options,
                 {dialect, *transport, clock, sink, progress.has_value() ? &*progress : nullptr,
                  &interrupt.stop_flag()});
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

absl::StatusOr<CollectionReport> CollectToFile(const CollectFlags& flags, const std::string& out_path,
                                               CommandContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(const Battery battery, SelectedBattery(flags));
  PINCHBECK_ASSIGN_OR_RETURN(const SelectedEndpoint selected, SelectEndpoint(flags));
  const Endpoint& endpoint = selected.endpoint;
  const std::unique_ptr<Dialect> dialect = MakeDialect(selected.api, selected.dialect);
  PINCHBECK_ASSIGN_OR_RETURN(CompletedSamples completed,
                             ReadCompleted(flags, out_path, endpoint, battery, *dialect, context));
  const std::unique_ptr<Clock> clock = MakeSystemClock();

  CollectionReport report;
  PINCHBECK_ASSIGN_OR_RETURN(report.endpoint, PublicBaseUrl(flags.base_url));
  report.api = std::string(dialect->name());
  report.model = flags.model;
  report.battery_name = battery.name;
  report.battery_version = battery.version;
  report.battery_sha256 = battery.Sha256();
  report.out_path = out_path;
  report.seed = flags.seed;
  report.session = flags.session.empty()
                       ? absl::FormatTime("%E4Y-%m-%dT%H:%M:%SZ", clock->Now(), absl::UTCTimeZone())
                       : flags.session;

  PINCHBECK_ASSIGN_OR_RETURN(const SelectedPrices prices,
                             SelectPrices(flags, report.endpoint, clock->Now(), context));
  report.prices = prices.source;
  const CollectOptions options = OptionsOf(flags, prices.budget, std::move(completed), report.session);
  const CollectPlan plan = PlanCollection(battery, options);
  context.err << "pinchbeck: " << report.endpoint << ", API " << report.api << ", model " << report.model
              << ", " << selected.key_text << "\npinchbeck: " << PlanText(plan, flags, prices) << std::endl;
  WarnOfMissingFeatures(battery, *dialect, context);
  PINCHBECK_RETURN_IF_ERROR(ConfirmPlan(plan, flags, prices, context));

  PINCHBECK_ASSIGN_OR_RETURN(RecordingWriter writer, RecordingWriter::Open(out_path));
  absl::StatusOr<CollectSummary> summary =
      Send(flags, endpoint, battery, options, *dialect, writer, *clock, context);
  const absl::Status closed = writer.Close();
  PINCHBECK_RETURN_IF_ERROR(summary.status());
  PINCHBECK_RETURN_IF_ERROR(closed);
  report.summary = *std::move(summary);
  PrintWarnings(report.summary, context);
  return report;
}

absl::Status CollectionStatus(const CollectionReport& report) {
  const CollectSummary& summary = report.summary;
  const std::string kept =
      absl::StrFormat("%d good answers are in %s", summary.ok + summary.skipped_by_resume, report.out_path);
  if (summary.stop_reason == StopReason::kInterrupted) {
    return absl::CancelledError("interrupted; " + kept + ", continue with --resume");
  }
  if (summary.stop_reason == StopReason::kGaveUp) {
    const bool some = summary.ok + summary.skipped_by_resume > 0;
    return absl::UnavailableError(report.endpoint + ": " + summary.message +
                                  (some ? "; " + kept + ", continue with --resume" : ""));
  }
  if (summary.ok == 0 && summary.failed > 0) {
    return absl::UnavailableError(absl::StrFormat("%s: none of %d requests gave a usable answer (%s)",
                                                  report.endpoint, summary.done,
                                                  FailureText(summary.failures.front())));
  }
  return absl::OkStatus();
}

absl::StatusOr<CollectSummary> RunCollection(const CollectFlags& flags, const std::string& out_path,
                                             CommandContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(CollectionReport report, CollectToFile(flags, out_path, context));
  PINCHBECK_RETURN_IF_ERROR(CollectionStatus(report));
  return std::move(report.summary);
}

}  // namespace pinchbeck::cli
