#include "bench/accuracy/recordings.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "pinchbeck/core/recording.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck::accuracy {
namespace {

constexpr std::string_view kEnding = ".jsonl.gz";

std::string PathOf(const std::string& data, const std::string& source, const std::string& name) {
  return data + "/" + source + "/" + name + std::string(kEnding);
}

absl::StatusOr<std::vector<Observation>> ReadUsable(const std::string& path) {
  PINCHBECK_ASSIGN_OR_RETURN(RecordingReader reader, RecordingReader::Open(path));
  std::vector<Observation> observations;
  while (true) {
    PINCHBECK_ASSIGN_OR_RETURN(std::optional<Observation> next, reader.Next());
    if (!next) return observations;
    if (!next->error) observations.push_back(*std::move(next));
  }
}

}  // namespace

void Blank(Observation& observation) {
  observation.request.model.reset();
  observation.response.model.reset();
  observation.response.id.reset();
  observation.endpoint.reset();
  observation.session.reset();
  observation.time.reset();
}

std::vector<std::string> RecordingNames(const std::string& data, const std::string& source) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(data + "/" + source, error)) {
    const std::string file = entry.path().filename().string();
    if (file.ends_with(kEnding)) names.push_back(file.substr(0, file.size() - kEnding.size()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool HasSource(const std::string& data, const std::string& source) {
  return !RecordingNames(data, source).empty();
}

absl::StatusOr<ModelRecording> LoadRecording(const std::string& data, const std::string& source,
                                             const std::string& name) {
  ModelRecording recording{name, {}};
  PINCHBECK_ASSIGN_OR_RETURN(recording.observations, ReadUsable(PathOf(data, source, name)));
  for (Observation& observation : recording.observations) Blank(observation);
  return recording;
}

absl::StatusOr<std::vector<ModelRecording>> LoadSource(const std::string& data, const std::string& source) {
  std::vector<ModelRecording> recordings;
  for (const std::string& name : RecordingNames(data, source)) {
    PINCHBECK_ASSIGN_OR_RETURN(ModelRecording recording, LoadRecording(data, source, name));
    recordings.push_back(std::move(recording));
  }
  if (recordings.empty()) return absl::NotFoundError("no recordings in " + data + "/" + source);
  return recordings;
}

absl::StatusOr<std::vector<ModelRecording>> LoadSessions(const std::string& data, const std::string& source,
                                                         const std::string& name) {
  PINCHBECK_ASSIGN_OR_RETURN(std::vector<Observation> observations, ReadUsable(PathOf(data, source, name)));
  std::map<std::string, std::vector<Observation>> by_session;
  for (Observation& observation : observations) {
    const std::string session = observation.session.value_or("");
    Blank(observation);
    by_session[session].push_back(std::move(observation));
  }
  std::vector<ModelRecording> sessions;
  for (auto& [session, answers] : by_session) {
    sessions.push_back({session.empty() ? name : name + "#" + session, std::move(answers)});
  }
  return sessions;
}

}  // namespace pinchbeck::accuracy
