// verify() and compare(), and their report.
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/audit/report.h"
#include "pinchbeck/audit/verify.h"
#include "pinchbeck/fingerprint/builder.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/report/report_writers.h"
#include "python/bindings/audit.h"
#include "python/bindings/observations.h"
#include "python/bindings/result.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {

template <>
struct EnumWords<LatencyMode> {
  static constexpr std::string_view kWhat = "latency";
  static constexpr EnumName<LatencyMode> kNames[] = {
      {LatencyMode::kAdvisory, "advisory"}, {LatencyMode::kShape, "shape"}, {LatencyMode::kStrict, "strict"}};
};

namespace {

VerifyOptions OptionsOf(double alpha, Claim claim, LatencyMode latency, std::uint64_t seed,
                        std::int64_t permutations, int threads, double max_age_days, bool ranking_only) {
  VerifyOptions options;
  options.claim = claim;
  options.latency = latency;
  options.alpha = alpha;
  options.seed = seed;
  options.permutations = permutations;
  options.threads = threads;
  options.max_age_days = max_age_days;
  options.ranking_only = ranking_only;
  return options;
}

absl::StatusOr<Report> VerifyArgument(const Fingerprint& fingerprint,
                                      const std::vector<Recording>& recordings,
                                      const VerifyOptions& options) {
  PINCHBECK_ASSIGN_OR_RETURN(const ObservedSample observed, ReadSample(recordings, fingerprint.plan));
  return VerifyObserved(fingerprint, observed, options);
}

// The report writers take the words over.
Report InPythonWords(Report report) {
  SayInPython(report.warnings);
  return report;
}

Report VerifyRecording(const Fingerprint& fingerprint, const RecordingArgument& recording,
                       const std::optional<FingerprintsArgument>& alternatives, double alpha, Claim claim,
                       LatencyMode latency, std::uint64_t seed, std::int64_t permutations, int threads,
                       double max_age_days, bool ranking_only) {
  VerifyOptions options =
      OptionsOf(alpha, claim, latency, seed, permutations, threads, max_age_days, ranking_only);
  if (alternatives.has_value()) options.alternatives = alternatives->pointers();
  return InPythonWords(Call([&] { return VerifyArgument(fingerprint, recording.recordings, options); }));
}

absl::StatusOr<Report> CompareArguments(const Recording& a, const Recording& b,
                                        const VerifyOptions& options) {
  EnrollOptions enroll;
  enroll.model = LabelOf(a);
  enroll.seed = options.seed;
  FingerprintBuilder builder(enroll);
  PINCHBECK_ASSIGN_OR_RETURN(const RecordingSetSummary read,
                             Visit({a}, [&](const Observation& o) { return builder.Add(o, "default"); }));
  PINCHBECK_ASSIGN_OR_RETURN(const Fingerprint reference, std::move(builder).Build());
  PINCHBECK_ASSIGN_OR_RETURN(Report report, VerifyArgument(reference, {b}, options));
  report.warnings.insert(report.warnings.begin(), read.warnings.begin(), read.warnings.end());
  return report;
}

const Recording& Only(const RecordingArgument& argument, const char* name) {
  if (argument.recordings.size() == 1) return argument.recordings.front();
  throw py::value_error(std::string(name) + " is a list of " + std::to_string(argument.recordings.size()) +
                        " recordings; give one");
}

Report CompareRecordings(const RecordingArgument& a, const RecordingArgument& b, double alpha, Claim claim,
                         LatencyMode latency, std::uint64_t seed, std::int64_t permutations, int threads,
                         bool ranking_only) {
  const VerifyOptions options = OptionsOf(alpha, claim, latency, seed, permutations, threads,
                                          VerifyOptions{}.max_age_days, ranking_only);
  const Recording& reference = Only(a, "recording_a");
  const Recording& observed = Only(b, "recording_b");
  return InPythonWords(Call([&] { return CompareArguments(reference, observed, options); }));
}

// A field of the evidence behind a signal's report.
template <typename Member>
auto Evidence(Member SignalEvidence::*member) {
  return [member](const SignalReport& self) { return ToPython(self.evidence.*member); };
}

void BindSignalReport(py::module_& module) {
  ResultClass<SignalReport>(module, "SignalReport", "What one signal says.")
      .Computed("signal", Evidence(&SignalEvidence::signal), "Name of the signal.")
      .Computed(
          "status", [](const SignalReport& s) { return std::string(SignalStatusName(s.status)); },
          "'consistent', 'differs', 'configuration_differs', 'inconclusive' or 'not_measurable'.")
      .Computed("p_value", Evidence(&SignalEvidence::p_value),
                "p-value of the signal's null hypothesis, or None.")
      .Field("adjusted_p_value", &SignalReport::adjusted_p_value,
             "The same, adjusted by Holm's procedure over the counted signals.")
      .Computed("equality_p_value", Evidence(&SignalEvidence::equality_p_value),
                "p-value of exact equality, where it differs.")
      .Computed("statistic", Evidence(&SignalEvidence::statistic), "Statistic of the test, or None.")
      .Computed("effect", Evidence(&SignalEvidence::effect), "Effect, near 0 when nothing differs.")
      .Computed("effect_low", Evidence(&SignalEvidence::effect_low), "Lower end of its 95 % interval.")
      .Computed("effect_high", Evidence(&SignalEvidence::effect_high), "Upper end of its 95 % interval.")
      .Computed("effect_unit", Evidence(&SignalEvidence::effect_unit), "Unit of the effect.")
      .Computed("effect_gate", Evidence(&SignalEvidence::effect_gate),
                "Effects up to this are not counted as a difference.")
      .Computed("detectable_effect", Evidence(&SignalEvidence::detectable_effect),
                "Smallest effect that would have been found with power 0.9, or None.")
      .Computed("counted", Evidence(&SignalEvidence::counted),
                "Whether the signal takes part in the decision.")
      .Computed("measurable", Evidence(&SignalEvidence::measurable),
                "Whether there was something to compare.")
      .Computed("reason", Evidence(&SignalEvidence::reason), "What is missing where there was not.")
      .Computed("n_reference", Evidence(&SignalEvidence::n_reference), "Reference answers.")
      .Computed("n_observed", Evidence(&SignalEvidence::n_observed), "Observed answers.")
      .Computed("probes", Evidence(&SignalEvidence::probes), "Probes compared.")
      .Computed("method", Evidence(&SignalEvidence::method), "The test, in words.")
      .Computed("notes", Evidence(&SignalEvidence::notes), "Plain sentences about the data.");
}

void BindReportParts(py::module_& module) {
  ResultClass<Attribution>(module, "Attribution", "The stored model that the answers fit.")
      .Field("model", &Attribution::model, "Its label.")
      .Field("posterior", &Attribution::posterior,
             "Share of the likelihood among the stored models, or None.")
      .Field("p_value", &Attribution::p_value, "p-value of the answers coming from it.");
  ResultClass<Mixture>(module, "Mixture", "Share of the answers that comes from a stored model.")
      .Field("model", &Mixture::model, "Its label.")
      .Field("fraction", &Mixture::fraction, "The share.")
      .Field("low", &Mixture::low, "Lower end of its 95 % interval.")
      .Field("high", &Mixture::high, "Upper end of its 95 % interval.");
  ResultClass<Configuration>(module, "Configuration", "Other settings of the same model that were found.")
      .Field("kind", &Configuration::kind, "'temperature', 'other_prompt' or 'same_log_probabilities'.")
      .Field("explains", &Configuration::explains, "Whether they explain all signals that differ.")
      .Field("temperature_factor", &Configuration::temperature_factor,
             "Observed temperature over the reference's.")
      .Field("temperature_low", &Configuration::temperature_low, "Lower end of its 95 % interval.")
      .Field("temperature_high", &Configuration::temperature_high, "Upper end of its 95 % interval.")
      .Field("p_value", &Configuration::p_value, "p-value of the tempered reference.")
      .Field("note", &Configuration::note, "What was found, in words.");
  ResultClass<PowerStatement>(module, "PowerStatement", "What the sample would have found, and how surely.")
      .Field("against", &PowerStatement::against, "A stored model, or the signal of a default effect.")
      .Field("effect", &PowerStatement::effect, "The default effect, or None.")
      .Field("effect_unit", &PowerStatement::effect_unit, "Its unit.")
      .Field("power", &PowerStatement::power, "Share of simulated audits that find it.")
      .Field("n_observed", &PowerStatement::n_observed, "Observed answers.");
  ResultClass<NotRuledOut>(module, "NotRuledOut", "A stored model that the sample cannot rule out.")
      .Field("model", &NotRuledOut::model, "Its label.")
      .Field("power", &NotRuledOut::power, "Share of simulated audits of it that end in 'differs'.");
}

void BindReport(py::module_& module) {
  ResultClass<Report>(module, "Report", "The outcome of verify() and compare(); str() shows it for reading.")
      .Computed(
          "verdict", [](const Report& r) { return std::string(VerdictName(r.verdict)); },
          "'consistent', 'differs', 'inconclusive' or 'not_measurable'.")
      .Field("reason", &Report::reason,
             "Why a verdict is inconclusive or not measurable, in one word; or None.")
      .Field("model", &Report::model, "Label of the fingerprint.")
      .Field("claim", &Report::claim, "'weights' or 'serving'.")
      .Field("p_value", &Report::p_value, "Smallest adjusted p-value, or None.")
      .Field("alpha", &Report::alpha, "Level of the decision.")
      .Field("seed", &Report::seed, "Seed of the relabelings.")
      .Field("permutations", &Report::permutations, "Relabelings of each test.")
      .Field("n_reference", &Report::n_reference, "Usable reference answers to shared probes.")
      .Field("n_observed", &Report::n_observed, "Usable observed answers to shared probes.")
      .Field("n_failed", &Report::n_failed, "Requests that failed while recording.")
      .Field("variant", &Report::variant, "Honest serving that the observed sample agrees with best.")
      .Field("signals", &Report::signals, "The signals, each with its status and numbers.")
      .Field("attribution", &Report::attribution, "Stored model that the answers fit, or None.")
      .Field("mixture", &Report::mixture, "Share that comes from a stored model, or None.")
      .Field("other_share_low", &Report::other_share_low,
             "Lower 95 % limit of the share that something else gave, or None.")
      .Field("configuration", &Report::configuration, "Other settings that were found, or None.")
      .Field("power", &Report::power, "What the sample would have found.")
      .Field("not_ruled_out", &Report::not_ruled_out, "Stored models that it cannot rule out.")
      .Field("n_observed_needed", &Report::n_observed_needed,
             "Answers that would settle an inconclusive verdict, or None.")
      .Field("condition_differences", &Report::condition_differences,
             "Settings in which the recordings differ.")
      .Field("warnings", &Report::warnings, "Plain sentences for the reader.")
      .Method(
          "to_json", [](const Report& r) { return ToPython(ReportToJson(r)); },
          "The report as the command's --json prints it.")
      .Method(
          "to_dict", [](const Report& r) { return LoadJson(ReportToJson(r)); },
          "The content of to_json() as a dict.")
      .Method("__str__", [](const Report& r) { return ToPython(ReportToText(r)); });
}

}  // namespace

void BindVerify(py::module_& module) {
  BindSignalReport(module);
  BindReportParts(module);
  BindReport(module);
  const VerifyOptions defaults;
  module.def("verify", &VerifyRecording, py::arg("fingerprint"), py::arg("recording"),
             py::arg("alternatives") = py::none(), py::arg("alpha") = defaults.alpha, py::kw_only(),
             py::arg("claim") = defaults.claim, py::arg("latency") = defaults.latency,
             py::arg("seed") = defaults.seed, py::arg("permutations") = defaults.permutations,
             py::arg("threads") = defaults.threads, py::arg("max_age_days") = defaults.max_age_days,
             py::arg("ranking_only") = defaults.ranking_only,
             R"(Does a recording agree with a fingerprint?

`recording` is a Recording, a path, or a list of these; `alternatives` are fingerprints of models that might be
served instead, as a list or as the path of their folder. ValueError lists the differences where the recording was
made under other conditions.

>>> import pinchbeck
>>> def answers(numbers):
...     return pinchbeck.Recording.from_dicts([{"probe": "p", "response": {"text": str(n)}} for n in numbers])
>>> fingerprint = pinchbeck.enroll(answers([i % 10 for i in range(400)]), model="m").fingerprint
>>> pinchbeck.verify(fingerprint, answers([3] * 100)).verdict
'differs'
)");
  module.def("compare", &CompareRecordings, py::arg("recording_a"), py::arg("recording_b"), py::kw_only(),
             py::arg("alpha") = defaults.alpha, py::arg("claim") = defaults.claim,
             py::arg("latency") = defaults.latency, py::arg("seed") = defaults.seed,
             py::arg("permutations") = defaults.permutations, py::arg("threads") = defaults.threads,
             py::arg("ranking_only") = defaults.ranking_only,
             "Compares two recordings: A is enrolled in memory, B verified against it.\n");
}

}  // namespace pinchbeck::python
