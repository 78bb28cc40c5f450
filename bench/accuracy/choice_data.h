// Short answers of several models to one probe, and random splits of them.
#ifndef PINCHBECK_BENCH_ACCURACY_CHOICE_DATA_H_
#define PINCHBECK_BENCH_ACCURACY_CHOICE_DATA_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/accuracy/choice_contestants.h"
#include "bench/accuracy/recordings.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "pinchbeck/signal/sample.h"

namespace pinchbeck::accuracy {

struct ChoiceModel {
  std::string name;
  // Indices into ChoiceData::answers, in the order of recording.
  std::vector<int> answers;
};

struct ChoiceData {
  std::string probe;
  ProbeConditions conditions;
  // Every answer that any model gave, as the product reads it, in the order of the product's tables.
  std::vector<std::string> answers;
  // The answers that are whole numbers as such.
  std::vector<std::optional<std::int64_t>> numbers;
  std::vector<ChoiceModel> models;

  [[nodiscard]] std::size_t categories() const { return answers.size(); }
  // The sample that the product builds from these answers.
  [[nodiscard]] SampleSet SampleOf(const Counts& counts) const;
  // The same as a fingerprint, whose label only tells it from others.
  [[nodiscard]] Fingerprint FingerprintOf(std::size_t model, const Counts& counts) const;
};

// Reads a source whose models answered one probe with short answers. InvalidArgument: more than one probe, or
// one that the product does not read as a choice.
[[nodiscard]] absl::StatusOr<ChoiceData> MakeChoiceData(const std::vector<ModelRecording>& recordings);

// One model's answers cut in two without overlap: a reference, and answers to observe, in random order.
struct ChoiceSplit {
  Counts reference;
  std::vector<int> rest;
};
// `model` is an index into data.models; the split depends on seed, model and draw only.
[[nodiscard]] ChoiceSplit RandomSplit(const ChoiceData& data, std::size_t model, std::size_t n_reference,
                                      std::uint64_t seed, int draw);

}  // namespace pinchbeck::accuracy

#endif  // PINCHBECK_BENCH_ACCURACY_CHOICE_DATA_H_
