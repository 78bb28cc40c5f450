// identify(): which stored model do the answers come from, if any?
#include "pinchbeck/audit/identify.h"

#include <pybind11/stl.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/report/identification_writers.h"
#include "python/bindings/audit.h"
#include "python/bindings/observations.h"
#include "python/bindings/result.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {
namespace {

IdentifyLibrary MakeLibrary(const FingerprintsArgument& argument) {
  return Call([&] {
    std::vector<Fingerprint> copies;
    for (const auto& fingerprint : argument.fingerprints) copies.push_back(*fingerprint);
    return IdentifyLibrary::Make(std::move(copies));
  });
}

// As IdentifyRecordings(), for recordings in memory too.
absl::StatusOr<Identification> IdentifyArgument(const IdentifyLibrary& library,
                                                const std::vector<Recording>& recordings,
                                                const IdentifyOptions& options) {
  PINCHBECK_ASSIGN_OR_RETURN(const ObservedSample observed, ReadSample(recordings, library.plan()));
  return IdentifyObserved(library, observed, options);
}

// The writers take the words over.
Identification InPythonWords(Identification identification) {
  SayInPython(identification.warnings);
  return identification;
}

Identification IdentifyWithLibrary(const IdentifyLibrary& library, const RecordingArgument& recording,
                                   double alpha, std::uint64_t seed, std::int64_t permutations, int threads,
                                   std::size_t tested, bool ranking_only) {
  const IdentifyOptions options{alpha, seed, permutations, threads, tested, ranking_only};
  return InPythonWords(Call([&] { return IdentifyArgument(library, recording.recordings, options); }));
}

Identification IdentifyWithFingerprints(const FingerprintsArgument& fingerprints,
                                        const RecordingArgument& recording, double alpha, std::uint64_t seed,
                                        std::int64_t permutations, int threads, std::size_t tested,
                                        bool ranking_only) {
  return IdentifyWithLibrary(MakeLibrary(fingerprints), recording, alpha, seed, permutations, threads, tested,
                             ranking_only);
}

void BindIdentification(py::module_& module) {
  ResultClass<RankedModel>(module, "RankedModel", "A stored model in the ranking.")
      .Field("model", &RankedModel::model, "Its label.")
      .Field("posterior", &RankedModel::posterior,
             "Share of the likelihood among the stored models; not the chance of being served this model.")
      .Field("log_marginal", &RankedModel::log_marginal, "Log marginal likelihood of the answers.")
      .Field("p_value", &RankedModel::p_value,
             "Smallest adjusted p-value of its tests; None where not tested.")
      .Field("cells", &RankedModel::cells,
             "Kinds of data, counted per probe, that it shares with the recording.");
  ResultClass<NotComparable>(module, "NotComparable", "A stored model that could not be scored.")
      .Field("model", &NotComparable::model, "Its label.")
      .Field("reason", &NotComparable::reason, "'no_shared_probe' or 'other_conditions'.");
  ResultClass<Identification>(module, "Identification",
                              "The outcome of identify(); str() shows it for reading.")
      .Computed(
          "verdict",
          [](const Identification& i) { return std::string(IdentificationVerdictName(i.verdict)); },
          "'known', 'none_of_these', 'inconclusive' or 'not_measurable'.")
      .Field("reason", &Identification::reason, "Why a verdict is inconclusive, in one word; or None.")
      .Field("ranking", &Identification::ranking, "The stored models, best first.")
      .Field("not_comparable", &Identification::not_comparable, "Those that could not be scored.")
      .Field("noise_log_marginal", &Identification::noise_log_marginal,
             "Log marginal likelihood of answers drawn at random, or None.")
      .Field("alpha", &Identification::alpha, "Level of the tests.")
      .Field("seed", &Identification::seed, "Seed of the relabelings.")
      .Field("permutations", &Identification::permutations, "Relabelings of each test.")
      .Field("n_observed", &Identification::n_observed, "Usable answers to known probes.")
      .Field("n_failed", &Identification::n_failed, "Requests that failed while recording.")
      .Field("warnings", &Identification::warnings, "Plain sentences for the reader.")
      .Method(
          "to_json", [](const Identification& i) { return ToPython(IdentificationToJson(i)); },
          "As the command's --json prints it.")
      .Method(
          "to_dict", [](const Identification& i) { return LoadJson(IdentificationToJson(i)); },
          "The content of to_json() as a dict.")
      .Method("__str__", [](const Identification& i) { return ToPython(IdentificationToText(i)); });
}

}  // namespace

void BindIdentify(py::module_& module) {
  BindIdentification(module);
  py::class_<IdentifyLibrary>(module, "IdentifyLibrary",
                              "Stored models, prepared once for many identifications.")
      .def(py::init(&MakeLibrary), py::arg("fingerprints"))
      .def_property_readonly(
          "warnings",
          [](const IdentifyLibrary& self) {
            std::vector<std::string> warnings = self.warnings();
            SayInPython(warnings);
            return ToPython(warnings);
          },
          "What the user should know about the fingerprints.")
      .def("__len__", &IdentifyLibrary::size);
  const IdentifyOptions defaults;
  const auto define = [&](auto function, const char* doc) {
    module.def("identify", function, py::arg("fingerprints"), py::arg("recording"), py::kw_only(),
               py::arg("alpha") = defaults.alpha, py::arg("seed") = defaults.seed,
               py::arg("permutations") = defaults.permutations, py::arg("threads") = defaults.threads,
               py::arg("tested") = defaults.tested, py::arg("ranking_only") = defaults.ranking_only, doc);
  };
  define(&IdentifyWithLibrary, R"(Which stored model do the answers come from, if any?

`fingerprints` is an IdentifyLibrary, a list of fingerprints, or the path of their folder.

>>> import pinchbeck
>>> def answers(numbers):
...     return pinchbeck.Recording.from_dicts([{"probe": "p", "response": {"text": str(n)}} for n in numbers])
>>> library = [pinchbeck.enroll(answers([i % 10 for i in range(400)]), model="ten").fingerprint,
...            pinchbeck.enroll(answers([i % 3 for i in range(400)]), model="three").fingerprint]
>>> pinchbeck.identify(library, answers([i % 3 for i in range(60)])).ranking[0].model
'three'
)");
  define(&IdentifyWithFingerprints, "");
}

}  // namespace pinchbeck::python
