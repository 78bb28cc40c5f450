#include "bench/accuracy/answer_pool.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck::accuracy {

absl::StatusOr<SignalPlan> PlanOf(std::span<const Observation> observations) {
  SampleBuilder builder;
  for (const Observation& observation : observations) PINCHBECK_RETURN_IF_ERROR(builder.Add(observation));
  return SampleBuilder::DecidePlan({&builder});
}

absl::StatusOr<AnswerPool> MakePool(const ModelRecording& recording, const SignalPlan& plan) {
  AnswerPool pool{recording.name, {}};
  for (const Observation& observation : recording.observations) {
    const auto known = plan.find(observation.probe);
    if (known == plan.end()) continue;
    const SignalPlan one = {*known};
    SampleBuilder builder(one);
    PINCHBECK_RETURN_IF_ERROR(builder.Add(observation));
    pool.probes[observation.probe].push_back(std::move(builder).Finish(one));
  }
  return pool;
}

absl::StatusOr<std::vector<ModelPair>> LoadPairs(const std::string& data, const std::string& file,
                                                 std::span<const char* const> relations) {
  const std::string path = data + "/pairs.json";
  std::ifstream stream(path);
  if (!stream) return absl::NotFoundError(path + ": cannot be read");
  const nlohmann::json json = nlohmann::json::parse(stream, nullptr, false);
  if (!json.is_array()) return absl::InvalidArgumentError(path + ": expected an array of pairs");
  std::vector<ModelPair> pairs;
  for (const nlohmann::json& entry : json) {
    for (const char* field : {"file", "claimed", "served", "relation"}) {
      if (!entry.is_object() || !entry.contains(field) || !entry[field].is_string()) {
        return absl::InvalidArgumentError(path + ": an entry lacks the text \"" + field + "\"");
      }
    }
    const std::string relation = entry["relation"];
    const bool wanted =
        std::any_of(relations.begin(), relations.end(), [&](const char* name) { return relation == name; });
    if (entry["file"] == file && wanted) pairs.push_back({entry["claimed"], entry["served"], relation});
  }
  return pairs;
}

}  // namespace pinchbeck::accuracy
