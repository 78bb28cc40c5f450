// The recordings that the accuracy benchmark measures on.
#ifndef PINCHBECK_BENCH_ACCURACY_RECORDINGS_H_
#define PINCHBECK_BENCH_ACCURACY_RECORDINGS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/core/observation.h"

namespace pinchbeck::accuracy {

// One file of a source: the answers of one model, in the order of recording.
struct ModelRecording {
  // The file's name without its endings: MODEL or MODEL@PROVIDER. It labels results and reaches no
  // contestant.
  std::string name;
  std::vector<Observation> observations;
};

// Removes what names the true model or orders the answers beyond their order in the file: request.model,
// response.model, response.id, endpoint, session and time.
void Blank(Observation& observation);

// Whether the folder of a source exists and holds recordings.
[[nodiscard]] bool HasSource(const std::string& data, const std::string& source);

// All recordings of a source by name, blanked, failed requests left out. NotFound: no such source.
[[nodiscard]] absl::StatusOr<std::vector<ModelRecording>> LoadSource(const std::string& data,
                                                                     const std::string& source);
// The same for one recording: `name` without the ending.
[[nodiscard]] absl::StatusOr<ModelRecording> LoadRecording(const std::string& data, const std::string& source,
                                                           const std::string& name);

// One serving of a recording: the answers of one session, labelled NAME#SESSION; recordings without sessions
// give one serving of all answers. Sessions are read to cut the recording and then blanked.
[[nodiscard]] absl::StatusOr<std::vector<ModelRecording>> LoadSessions(const std::string& data,
                                                                       const std::string& source,
                                                                       const std::string& name);

// Names of a source's recordings, sorted.
[[nodiscard]] std::vector<std::string> RecordingNames(const std::string& data, const std::string& source);

}  // namespace pinchbeck::accuracy

#endif  // PINCHBECK_BENCH_ACCURACY_RECORDINGS_H_
