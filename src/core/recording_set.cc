#include "pinchbeck/core/recording_set.h"

#include <string_view>
#include <unordered_set>

#include "pinchbeck/core/recording.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck {
namespace {

bool HasIdentity(const Observation& observation) {
  return observation.response.id.has_value() ||
         (observation.sample.has_value() &&
          (observation.time.has_value() || observation.session.has_value()));
}

absl::Status ReadOne(const std::string& path, const std::function<absl::Status(const Observation&)>& visit,
                     std::unordered_set<std::size_t>& seen, RecordingSetSummary& summary) {
  PINCHBECK_ASSIGN_OR_RETURN(RecordingReader reader, RecordingReader::Open(path));
  std::int64_t duplicates = 0;
  while (true) {
    PINCHBECK_ASSIGN_OR_RETURN(const std::optional<Observation> observation, reader.Next());
    if (!observation) break;
    if (HasIdentity(*observation) && !seen.insert(std::hash<std::string_view>{}(reader.line())).second) {
      ++duplicates;
      continue;
    }
    if (absl::Status status = visit(*observation); !status.ok()) {
      return internal::Annotate(status, path + ":" + std::to_string(reader.line_number()));
    }
    ++summary.observations;
  }
  if (reader.truncated_tail()) {
    summary.warnings.push_back(path +
                               ": the last line is incomplete (an interrupted writer?) and was left out");
  }
  if (duplicates > 0) {
    summary.warnings.push_back(path + ": " + std::to_string(duplicates) +
                               " observations had been read before and were left out");
    summary.duplicates += duplicates;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RecordingSetSummary> ReadRecordings(
    const std::vector<std::string>& paths, const std::function<absl::Status(const Observation&)>& visit) {
  if (paths.empty()) return absl::InvalidArgumentError("no recording given");
  RecordingSetSummary summary;
  std::unordered_set<std::size_t> seen;
  for (const std::string& path : paths) PINCHBECK_RETURN_IF_ERROR(ReadOne(path, visit, seen, summary));
  return summary;
}

}  // namespace pinchbeck
