// One line of JSON -> Observation, as a stream of events: no document tree is built.
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/core/observation.h"
#include "src/core/observation_handler.h"
#include "src/internal/json_scanner.h"

namespace pinchbeck {

absl::StatusOr<Observation> ParseObservation(std::string_view line) {
  Observation observation;
  internal::ObservationHandler handler(&observation);
  if (!internal::JsonScanner(line, &handler).Run()) return handler.status();
  if (absl::Status status = handler.Finish(); !status.ok()) return status;
  return observation;
}

}  // namespace pinchbeck
