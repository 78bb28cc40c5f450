// Turns a stream of observations into samples.
#ifndef PINCHBECK_SIGNAL_SAMPLE_BUILDER_H_
#define PINCHBECK_SIGNAL_SAMPLE_BUILDER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "pinchbeck/core/observation.h"
#include "pinchbeck/signal/sample.h"

namespace pinchbeck {

// Facts about all observations of one probe from which the plan is decided.
struct ProbeFacts {
  std::set<std::string> declared_signals;
  bool every_answer_short = true;
  bool any_answer = false;
  bool any_logprob = false;
  bool any_usage_length = false;
  bool any_events = false;
  bool any_timing = false;
  bool any_input_tokens = false;
  // A model that never reasons reports zeros, of which there cannot be less.
  bool any_reasoning = false;
  std::optional<std::int64_t> max_tokens;

  void Merge(const ProbeFacts& other);
};

// Reads observations into a SampleSet. Memory grows with the features kept, not with the texts.
class SampleBuilder {
 public:
  // Enrolment: keeps what any signal could use; Finish() decides the plan from the reference alone.
  SampleBuilder() = default;
  // Verification: keeps what the plan asks for and ignores unplanned probes (counted).
  explicit SampleBuilder(SignalPlan plan) : plan_(std::move(plan)) {}

  // InvalidArgument when one probe was asked under two different conditions.
  [[nodiscard]] absl::Status Add(const Observation& observation);

  // The plan decided from all parts of a reference.
  [[nodiscard]] static SignalPlan DecidePlan(const std::vector<const SampleBuilder*>& parts);
  // The sample, reduced to what `plan` needs.
  [[nodiscard]] SampleSet Finish(const SignalPlan& plan) &&;

  // Observations of probes that the plan does not know.
  [[nodiscard]] std::int64_t unplanned() const { return unplanned_; }
  [[nodiscard]] const std::optional<std::string>& first_time() const { return first_time_; }
  [[nodiscard]] const std::optional<std::string>& last_time() const { return last_time_; }

 private:
  struct Lengths {
    std::vector<OutputLength> usage, events, characters;
  };
  struct RawProbe {
    ProbeSample sample;
    ProbeFacts facts;
    Lengths lengths;
    std::map<std::string, std::int64_t> raw_choices;
    std::map<std::string, std::uint32_t> token_index;
  };
  static absl::Status CheckConditions(const Observation& observation, ProbeSample& sample);
  static void AddRequestFacts(const Observation& observation, ProbeFacts& facts);
  static void AddFacts(const Observation& observation, ProbeFacts& facts);
  static void AddLengths(const Observation& observation, RawProbe& probe);
  static void AddReasoning(const Observation& observation, ProbeSample& sample);

  std::optional<SignalPlan> plan_;
  std::map<std::string, RawProbe> probes_;
  DeclarationSample declaration_;
  std::map<std::string, std::int64_t> failures_;
  std::int64_t usable_ = 0;
  std::int64_t unplanned_ = 0;
  std::optional<std::string> first_time_;
  std::optional<std::string> last_time_;
};

}  // namespace pinchbeck

#endif  // PINCHBECK_SIGNAL_SAMPLE_BUILDER_H_
