// Single answers as samples, so that a draw is put together without reading texts again.
#ifndef PINCHBECK_BENCH_ACCURACY_ANSWER_POOL_H_
#define PINCHBECK_BENCH_ACCURACY_ANSWER_POOL_H_

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/accuracy/recordings.h"
#include "pinchbeck/signal/sample.h"
#include "pinchbeck/signal/sample_builder.h"

namespace pinchbeck::accuracy {

// The answers of one model by probe, in the order of recording.
struct AnswerPool {
  std::string name;
  std::map<std::string, std::vector<SampleSet>> probes;
};

// What the product would make of these observations as a reference.
[[nodiscard]] absl::StatusOr<SignalPlan> PlanOf(std::span<const Observation> observations);
// Each observation read with the plan. Probes that the plan does not know are left out.
[[nodiscard]] absl::StatusOr<AnswerPool> MakePool(const ModelRecording& recording, const SignalPlan& plan);

// Two models that stand for one kind of substitution.
struct ModelPair {
  std::string claimed, served, relation;
};
// The entries of pairs.json for one data set, with one of the relations. InvalidArgument: another shape.
[[nodiscard]] absl::StatusOr<std::vector<ModelPair>> LoadPairs(const std::string& data,
                                                               const std::string& file,
                                                               std::span<const char* const> relations);

}  // namespace pinchbeck::accuracy

#endif  // PINCHBECK_BENCH_ACCURACY_ANSWER_POOL_H_
