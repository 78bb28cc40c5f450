#include "pinchbeck/core/recording_set.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "pinchbeck/core/recording.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/core/seen_observations.h"

namespace pinchbeck {
namespace internal {
namespace {

bool HasIdentity(const Observation& observation) {
  return observation.response.id.has_value() ||
         (observation.sample.has_value() &&
          (observation.time.has_value() || observation.session.has_value()));
}

void CountDuplicates(const std::string& name, std::int64_t duplicates, RecordingSetSummary& summary) {
  if (duplicates == 0) return;
  summary.warnings.push_back(name + ": " + std::to_string(duplicates) +
                             " observations had been read before and were left out");
  summary.duplicates += duplicates;
}

}  // namespace

bool SeenObservations::Insert(const Observation& observation) {
  // Written anew, so that neither the order of fields nor spaces hide a copy.
  return !HasIdentity(observation) ||
         hashes_.insert(std::hash<std::string_view>{}(SerializeObservation(observation))).second;
}

absl::Status VisitFile(const std::string& path, const VisitObservation& visit, SeenObservations& seen,
                       RecordingSetSummary& summary) {
  PINCHBECK_ASSIGN_OR_RETURN(RecordingReader reader, RecordingReader::Open(path));
  std::int64_t duplicates = 0;
  while (true) {
    PINCHBECK_ASSIGN_OR_RETURN(const std::optional<Observation> observation, reader.Next());
    if (!observation) break;
    if (!seen.Insert(*observation)) {
      ++duplicates;
      continue;
    }
    if (absl::Status status = visit(*observation); !status.ok()) {
      return Annotate(status, path + ":" + std::to_string(reader.line_number()));
    }
    ++summary.observations;
  }
  if (reader.truncated_tail()) {
    summary.warnings.push_back(path +
                               ": the last line is incomplete (an interrupted writer?) and was left out");
  }
  CountDuplicates(path, duplicates, summary);
  return absl::OkStatus();
}

absl::Status VisitMemory(const std::string& name, std::span<const Observation> observations,
                         const VisitObservation& visit, SeenObservations& seen,
                         RecordingSetSummary& summary) {
  std::int64_t duplicates = 0;
  for (std::size_t i = 0; i < observations.size(); ++i) {
    if (!seen.Insert(observations[i])) {
      ++duplicates;
      continue;
    }
    if (absl::Status status = visit(observations[i]); !status.ok()) {
      return Annotate(status, name + "[" + std::to_string(i) + "]");
    }
    ++summary.observations;
  }
  CountDuplicates(name, duplicates, summary);
  return absl::OkStatus();
}

}  // namespace internal

absl::StatusOr<RecordingSetSummary> ReadRecordings(
    const std::vector<std::string>& paths, const std::function<absl::Status(const Observation&)>& visit) {
  if (paths.empty()) return absl::InvalidArgumentError("no recording given");
  RecordingSetSummary summary;
  internal::SeenObservations seen;
  for (const std::string& path : paths) {
    PINCHBECK_RETURN_IF_ERROR(internal::VisitFile(path, visit, seen, summary));
  }
  return summary;
}

}  // namespace pinchbeck
