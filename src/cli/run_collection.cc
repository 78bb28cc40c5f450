#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "pinchbeck/core/recording.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/cli/collect_endpoint.h"
#include "src/cli/collect_flags.h"
#include "src/cli/collect_plan.h"
#include "src/cli/collection_steps.h"
#include "src/cli/interrupt.h"
#include "src/cli/progress.h"

namespace pinchbeck::cli {
namespace {

absl::StatusOr<CollectSummary> Send(const CollectFlags& flags, const Battery& battery,
                                    const PreparedCollection& prepared, RecordingWriter& writer, Clock& clock,
                                    CommandContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::unique_ptr<Transport> transport,
                             MakeCurlTransport(TransportOptionsOf(flags)));
  RecordingFileSink sink(writer);
  const InterruptGuard interrupt;
  std::optional<ProgressLine> progress;
  if (ShowsProgress(context)) progress.emplace(*context.terminal, clock);
  return Collect(prepared.selected.endpoint, battery, prepared.options,
                 {*prepared.dialect, *transport, clock, sink, progress.has_value() ? &*progress : nullptr,
                  &interrupt.stop_flag()});
}

}  // namespace

absl::StatusOr<CollectionReport> CollectToFile(const CollectFlags& flags, const std::string& out_path,
                                               CommandContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(const Battery battery, SelectedBattery(flags));
  const std::unique_ptr<Clock> clock = MakeSystemClock();
  PINCHBECK_ASSIGN_OR_RETURN(PreparedCollection prepared,
                             PrepareCollection(flags, battery, out_path, clock->Now(), context));
  PINCHBECK_RETURN_IF_ERROR(ConfirmPlan(prepared.plan, flags, prepared.prices, context));
  PINCHBECK_ASSIGN_OR_RETURN(RecordingWriter writer, OpenUnchanged(out_path, prepared.bytes_read));
  absl::StatusOr<CollectSummary> summary = Send(flags, battery, prepared, writer, *clock, context);
  const absl::Status closed = writer.Close();
  PINCHBECK_RETURN_IF_ERROR(summary.status());
  PINCHBECK_RETURN_IF_ERROR(closed);
  prepared.report.summary = *std::move(summary);
  PrintWarnings(prepared.report.summary, "", context);
  return std::move(prepared.report);
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
