// Observations that were read before, over files and recordings in memory.
#ifndef PINCHBECK_SRC_CORE_SEEN_OBSERVATIONS_H_
#define PINCHBECK_SRC_CORE_SEEN_OBSERVATIONS_H_

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <unordered_set>

#include "absl/status/status.h"
#include "pinchbeck/core/observation.h"
#include "pinchbeck/core/recording_set.h"

namespace pinchbeck::internal {

// Costs 16 bytes of memory an observation.
class SeenObservations {
 public:
  // Whether the observation is new. One that cannot be told from an equal answer always is: it has neither a
  // response id nor a sample number together with a time or a session.
  [[nodiscard]] bool Insert(const Observation& observation);

 private:
  std::unordered_set<std::size_t> hashes_;
};

using VisitObservation = std::function<absl::Status(const Observation&)>;

// As ReadRecordings(), for one file of a set and for one recording in memory, which messages call `name`.
// Adds to `summary`.
[[nodiscard]] absl::Status VisitFile(const std::string& path, const VisitObservation& visit,
                                     SeenObservations& seen, RecordingSetSummary& summary);
[[nodiscard]] absl::Status VisitMemory(const std::string& name, std::span<const Observation> observations,
                                       const VisitObservation& visit, SeenObservations& seen,
                                       RecordingSetSummary& summary);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CORE_SEEN_OBSERVATIONS_H_
