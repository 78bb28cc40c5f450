// The parts of a collection that one endpoint and a pair of endpoints have in common.
#ifndef PINCHBECK_SRC_CLI_COLLECTION_STEPS_H_
#define PINCHBECK_SRC_CLI_COLLECTION_STEPS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pinchbeck/client/client.h"
#include "pinchbeck/client/dialect.h"
#include "pinchbeck/core/battery.h"
#include "pinchbeck/core/recording.h"
#include "src/cli/collect_endpoint.h"
#include "src/cli/collect_flags.h"
#include "src/cli/collect_plan.h"
#include "src/cli/command.h"

namespace pinchbeck::cli {

// The label of the flags, or the time.
[[nodiscard]] std::string SessionOf(const CollectFlags& flags, absl::Time now);

// All that is known of a collection before its first request.
struct PreparedCollection {
  SelectedEndpoint selected;
  std::unique_ptr<Dialect> dialect;
  // Without a summary.
  CollectionReport report;
  SelectedPrices prices;
  CollectOptions options;
  CollectPlan plan;
  // Size of the recording when it was read.
  std::uintmax_t bytes_read = 0;
};

// Reads key, prices and what the file already holds, and prints the plan. Errors: see CollectToFile().
[[nodiscard]] absl::StatusOr<PreparedCollection> PrepareCollection(const CollectFlags& flags,
                                                                   const Battery& battery,
                                                                   const std::string& out_path,
                                                                   absl::Time now, CommandContext& context);

// Opens the recording, which locks it. FailedPrecondition: it holds more than when it was read, so that what
// it has would be sent again.
[[nodiscard]] absl::StatusOr<RecordingWriter> OpenUnchanged(const std::string& out_path,
                                                            std::uintmax_t bytes_read);

// "3 x HTTP 500: message"
[[nodiscard]] std::string FailureText(const FailureCount& failure);

// Failures, findings and why the collection ended early; `of` says which one is meant, where there are two.
void PrintWarnings(const CollectSummary& summary, const std::string& of, CommandContext& context);

// Whether errors go to a terminal that can rewrite a line.
[[nodiscard]] bool ShowsProgress(const CommandContext& context);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_COLLECTION_STEPS_H_
