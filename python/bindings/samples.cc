// Samples: the numbers that verify() takes out of the answers, to look at and to draw.
#include <pybind11/stl.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/signal/sample.h"
#include "python/bindings/audit.h"
#include "python/bindings/observations.h"
#include "python/bindings/result.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {
namespace {

// A sample with what only the plan says of it.
struct PlannedSample {
  ProbeSample sample;
  LengthSource length_source = LengthSource::kUsage;
};
using PlannedSamples = std::map<std::string, PlannedSample>;

PlannedSamples WithPlan(SampleSet&& set, const SignalPlan& plan) {
  PlannedSamples samples;
  for (auto& [name, sample] : set.probes) {
    const auto planned = plan.find(name);
    samples[name] = {std::move(sample),
                     planned == plan.end() ? LengthSource::kUsage : planned->second.length_source};
  }
  return samples;
}

// The lists at the first position, token by token. Two tokens may have one spelling where the server replaced
// bytes that are not UTF-8; the likelier one stays.
py::tuple FirstLogprobs(const PlannedSample& self) {
  const ProbeSample& sample = self.sample;
  py::tuple answers(sample.logprobs.size());
  for (std::size_t i = 0; i < sample.logprobs.size(); ++i) {
    py::dict list;
    for (const auto& [token, logprob] : sample.logprobs[i].entries) {
      const py::object name = ToPython(sample.tokens.at(token));
      if (!list.contains(name)) list[name] = logprob;
    }
    answers[i] = list;
  }
  return answers;
}

void BindParts(py::module_& module) {
  ResultClass<OutputLength>(module, "OutputLength", "How long one answer is, in the unit of its source.")
      .Field("length", &OutputLength::length, "Tokens, events or characters.")
      .Field("capped", &OutputLength::capped, "Whether it was cut at max_tokens.");
  ResultClass<Latency>(module, "Latency", "How fast one answer came; None where it was not measured.")
      .Field("first_token_s", &Latency::first_token_s,
             "Seconds to the first token, or to the whole answer without streaming; the connection left out.")
      .Field("median_gap_s", &Latency::median_gap_s, "Median seconds between two events of the stream.")
      .Field("tokens_per_s", &Latency::tokens_per_s, "Output tokens a second, after the first.")
      .Field("total_per_token_s", &Latency::total_per_token_s, "Seconds of the whole answer by its tokens.");
}

template <typename Member>
auto Sampled(Member ProbeSample::*member) {
  return [member](const PlannedSample& self) { return ToPython(self.sample.*member); };
}

void BindProbeSample(py::module_& module) {
  ResultClass<PlannedSample>(module, "ProbeSample", "What the answers to one probe were reduced to.")
      .Computed("usable", Sampled(&ProbeSample::usable), "Answers that could be used.")
      .Computed("failed", Sampled(&ProbeSample::failed), "Requests that failed.")
      .Computed("choices", Sampled(&ProbeSample::choices), "How often each answer was given.")
      .Computed("first_logprobs", &FirstLogprobs,
                "Log-probabilities in nats of the tokens at the first position, a dict an answer.")
      .Computed("lengths", Sampled(&ProbeSample::lengths), "Lengths of the answers.")
      .Computed(
          "length_source",
          [](const PlannedSample& self) { return std::string(LengthSourceName(self.length_source)); },
          "What the lengths count: 'usage' (tokens as the server counts them), 'events' or 'characters'.")
      .Computed("latencies", Sampled(&ProbeSample::latencies), "Timing of the answers.");
}

PlannedSamples ReadSamples(const Fingerprint& fingerprint, const RecordingArgument& recording) {
  return Call([&]() -> absl::StatusOr<PlannedSamples> {
    PINCHBECK_ASSIGN_OR_RETURN(ObservedSample observed, ReadSample(recording.recordings, fingerprint.plan));
    return WithPlan(std::move(observed.sample), fingerprint.plan);
  });
}

}  // namespace

void BindSamples(py::module_& module) {
  BindParts(module);
  BindProbeSample(module);
  // Declared where the other parts of fingerprints are.
  auto type = py::reinterpret_borrow<py::class_<Fingerprint, std::shared_ptr<Fingerprint>>>(
      module.attr("Fingerprint"));
  type.def(
      "samples",
      [](const Fingerprint& self) {
        return ToPython(Unlocked([&] { return WithPlan(self.Pooled(), self.plan); }));
      },
      R"(The stored answers of all variants and sessions, as a dict of ProbeSample by probe.

>>> import pinchbeck
>>> coin = [{"probe": "coin", "response": {"text": text}} for text in ["heads", "tails", "tails"]]
>>> fingerprint = pinchbeck.enroll(pinchbeck.Recording.from_dicts(coin), model="m").fingerprint
>>> fingerprint.samples()["coin"].choices
{'heads': 1, 'tails': 2}
)");
  type.def(
      "read_samples",
      [](const Fingerprint& self, const RecordingArgument& recording) {
        return ToPython(ReadSamples(self, recording));
      },
      py::arg("recording"),
      R"(The answers of a recording as verify() reads them: by the plan of this fingerprint.

Probes that the fingerprint does not have are left out. Conditions are not compared.
)");
}

}  // namespace pinchbeck::python
