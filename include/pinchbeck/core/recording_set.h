// Several recordings read as one stream of observations.
#ifndef PINCHBECK_CORE_RECORDING_SET_H_
#define PINCHBECK_CORE_RECORDING_SET_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/core/observation.h"

namespace pinchbeck {

struct RecordingSetSummary {
  std::int64_t observations = 0;
  // Lines dropped because the same observation had been read before.
  std::int64_t duplicates = 0;
  // Plain sentences for the user: dropped tails, duplicates.
  std::vector<std::string> warnings;
};

// Calls `visit` for every observation of every file, in order; a status that is not ok stops and is returned
// with file and line put before it.
//
// The same observation read twice counts once (a file given twice, a line appended twice), provided it can be
// told from an equal answer: it has a response id, or a sample number together with a time or a session.
// Costs 16 bytes of memory an observation.
[[nodiscard]] absl::StatusOr<RecordingSetSummary> ReadRecordings(
    const std::vector<std::string>& paths, const std::function<absl::Status(const Observation&)>& visit);

}  // namespace pinchbeck

#endif  // PINCHBECK_CORE_RECORDING_SET_H_
