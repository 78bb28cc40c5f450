#include "bench/accuracy/choice_data.h"

#include <charconv>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "bench/accuracy/random.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/signal/sample_builder.h"

namespace pinchbeck::accuracy {
namespace {

// Puts the answers into the order of their texts.
void SortAnswers(const std::map<std::string, int>& index, ChoiceData& data) {
  std::vector<int> place(index.size());
  for (const auto& [answer, old] : index) {
    place[static_cast<std::size_t>(old)] = static_cast<int>(data.answers.size());
    data.answers.push_back(answer);
    std::int64_t value = 0;
    const char* end = answer.data() + answer.size();
    const auto parsed = std::from_chars(answer.data(), end, value);
    const bool number = parsed.ec == std::errc() && parsed.ptr == end;
    data.numbers.push_back(number ? std::optional(value) : std::nullopt);
  }
  for (ChoiceModel& model : data.models) {
    for (int& answer : model.answers) answer = place[static_cast<std::size_t>(answer)];
  }
}

}  // namespace

SampleSet ChoiceData::SampleOf(const Counts& counts) const {
  SampleSet sample;
  ProbeSample& cell = sample.probes[probe];
  cell.conditions = conditions;
  for (std::size_t k = 0; k < counts.size(); ++k) {
    if (counts[k] == 0) continue;
    cell.choices.emplace(answers[k], counts[k]);
    cell.usable += counts[k];
  }
  sample.usable = cell.usable;
  return sample;
}

Fingerprint ChoiceData::FingerprintOf(std::size_t model, const Counts& counts) const {
  Fingerprint fingerprint;
  fingerprint.model = std::to_string(model);
  fingerprint.plan[probe] = {.choice = true, .normalise_choice = true};
  fingerprint.parts.push_back({"default", "", std::nullopt, std::nullopt, SampleOf(counts)});
  return fingerprint;
}

absl::StatusOr<ChoiceData> MakeChoiceData(const std::vector<ModelRecording>& recordings) {
  ChoiceData data;
  std::map<std::string, int> index;
  for (const ModelRecording& recording : recordings) {
    SampleBuilder builder;
    for (const Observation& observation : recording.observations) {
      PINCHBECK_RETURN_IF_ERROR(builder.Add(observation));
    }
    const SignalPlan plan = SampleBuilder::DecidePlan({&builder});
    const SampleSet sample = std::move(builder).Finish(plan);
    if (plan.size() != 1 || !plan.begin()->second.choice) {
      return absl::InvalidArgumentError(recording.name + ": expected short answers to one probe");
    }
    data.probe = plan.begin()->first;
    data.conditions = sample.probes.begin()->second.conditions;
    const bool normalise = plan.begin()->second.normalise_choice;
    ChoiceModel model{recording.name, {}};
    for (const Observation& observation : recording.observations) {
      if (!observation.response.text) continue;
      const std::string& text = *observation.response.text;
      const auto inserted =
          index.emplace(normalise ? NormaliseChoice(text) : RawChoice(text), static_cast<int>(index.size()));
      model.answers.push_back(inserted.first->second);
    }
    data.models.push_back(std::move(model));
  }
  SortAnswers(index, data);
  return data;
}

ChoiceSplit RandomSplit(const ChoiceData& data, std::size_t model, std::size_t n_reference,
                        std::uint64_t seed, int draw) {
  std::vector<int> answers = data.models[model].answers;
  stats::CounterRng rng(SeedFor(seed, model), static_cast<std::uint64_t>(draw));
  ShuffleFront(answers, answers.size(), rng);
  const std::size_t kept = std::min(n_reference, answers.size());
  const auto border = answers.begin() + static_cast<std::ptrdiff_t>(kept);
  return {CountAnswers({answers.data(), kept}, data.categories()), {border, answers.end()}};
}

}  // namespace pinchbeck::accuracy
