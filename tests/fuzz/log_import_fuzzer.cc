// Logs of every format: reading ends, and each exchange becomes an observation that can be written and read.
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/client/log_import.h"
#include "pinchbeck/core/observation.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/scratch_file.h"

namespace pinchbeck::fuzz {
namespace {

absl::Status Check(Exchange exchange) {
  PINCHBECK_FUZZ_CHECK(exchange.request_sha256.size() == 64, "a request without an identity");
  PINCHBECK_FUZZ_CHECK(exchange.obstacle != RequestObstacle::kNone || exchange.obstacle_field.empty(),
                       "a field without an obstacle");
  PINCHBECK_FUZZ_CHECK(exchange.obstacle_field.size() <= 64, "a field without an end");
  PINCHBECK_FUZZ_CHECK(
      exchange.obstacle == RequestObstacle::kNone || !exchange.observation.request.prompt_sha256.has_value(),
      "a plain prompt's digest for a request that is none");
  exchange.observation.probe = "p";
  const std::string line = SerializeObservation(exchange.observation);
  const absl::StatusOr<Observation> again = ParseObservation(line);
  PINCHBECK_FUZZ_CHECK(again.ok(), "the observation cannot be read: " + again.status().ToString());
  return absl::OkStatus();
}

bool Run(std::string_view input) {
  static const auto* const kFolder = new ScratchFolder();
  const std::string path = kFolder->Write("log.jsonl", input);
  bool accepted = false;
  for (const LogFormat format : AllLogFormats()) {
    const absl::StatusOr<LogImportSummary> summary = ImportLog(format, {path}, Check);
    if (!summary.ok()) {
      PINCHBECK_FUZZ_CHECK(!summary.status().message().empty(), "an error without a message");
      continue;
    }
    accepted = accepted || summary->exchanges > 0;
  }
  return accepted;
}

PINCHBECK_FUZZ_TARGET(log_import, Run);

}  // namespace
}  // namespace pinchbeck::fuzz
