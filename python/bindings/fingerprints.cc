// Fingerprints: made from recordings, read, written and compared.
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/fingerprint/builder.h"
#include "pinchbeck/fingerprint/diff.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "pinchbeck/fingerprint/library.h"
#include "pinchbeck/fingerprint/merge.h"
#include "pinchbeck/internal/status_macros.h"
#include "python/bindings/audit.h"
#include "python/bindings/observations.h"
#include "python/bindings/result.h"
#include "python/bindings/status.h"
#include "src/fingerprint/variant_files.h"

namespace pinchbeck::python {
namespace {

using Pointer = std::shared_ptr<Fingerprint>;

Pointer Share(Fingerprint fingerprint) { return std::make_shared<Fingerprint>(std::move(fingerprint)); }

// What Enroll() gives, with a fingerprint that Python objects can share.
struct Enrolled {
  Pointer fingerprint;
  RecordingSetSummary recordings;
};

// Variants are told by their names: two of one name would be pooled without a word.
absl::Status CheckVariants(const std::vector<Recording>& recordings) {
  std::vector<std::string> files;
  std::set<std::string> names;
  for (const Recording& recording : recordings) {
    if (recording.observations == nullptr) files.push_back(recording.name);
  }
  PINCHBECK_RETURN_IF_ERROR(internal::CheckVariantFiles(files));
  for (const Recording& recording : recordings) {
    if (names.insert(LabelOf(recording)).second) continue;
    return absl::InvalidArgumentError("two recordings are called \"" + LabelOf(recording) +
                                      "\"; variants need names of their own: from_dicts(..., name=...)");
  }
  return absl::OkStatus();
}

absl::StatusOr<Enrolled> Enroll(const std::vector<Recording>& recordings, const EnrollOptions& options) {
  FingerprintBuilder builder(options);
  Enrolled result;
  const auto read = [&](const std::vector<Recording>& some, const std::string& variant) -> absl::Status {
    PINCHBECK_ASSIGN_OR_RETURN(const RecordingSetSummary summary,
                               Visit(some, [&](const Observation& o) { return builder.Add(o, variant); }));
    result.recordings.observations += summary.observations;
    result.recordings.duplicates += summary.duplicates;
    result.recordings.warnings.insert(result.recordings.warnings.end(), summary.warnings.begin(),
                                      summary.warnings.end());
    return absl::OkStatus();
  };
  if (options.variant_per_recording) {
    PINCHBECK_RETURN_IF_ERROR(CheckVariants(recordings));
    for (const Recording& recording : recordings) {
      PINCHBECK_RETURN_IF_ERROR(read({recording}, LabelOf(recording)));
    }
  } else {
    PINCHBECK_RETURN_IF_ERROR(read(recordings, "default"));
  }
  PINCHBECK_ASSIGN_OR_RETURN(Fingerprint fingerprint, std::move(builder).Build());
  result.fingerprint = Share(std::move(fingerprint));
  return result;
}

Enrolled EnrollRecordings(const RecordingArgument& argument, std::string model, bool variant_per_recording,
                          bool keep_text, bool private_texts, std::optional<std::string> created,
                          std::optional<std::string> endpoint_kind, std::optional<std::string> battery_sha256,
                          std::uint64_t seed) {
  const EnrollOptions options{
      std::move(model),         variant_per_recording,     keep_text, private_texts, std::move(created),
      std::move(endpoint_kind), std::move(battery_sha256), seed};
  return Call([&] { return Enroll(argument.recordings, options); });
}

Pointer Merge(const FingerprintsArgument& argument, const std::optional<std::string>& model,
              bool variant_per_fingerprint, std::optional<std::string> created, std::uint64_t seed) {
  const std::vector<const Fingerprint*> fingerprints = argument.pointers();
  const FingerprintMergeOptions options{model.value_or(""), variant_per_fingerprint, std::move(created),
                                        seed};
  return Share(Call([&] { return MergeFingerprints(fingerprints, options); }));
}

std::vector<std::string> Distinct(const Fingerprint& fingerprint, std::string FingerprintPart::*name) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const FingerprintPart& part : fingerprint.parts) {
    if (seen.insert(part.*name).second) names.push_back(part.*name);
  }
  return names;
}

std::vector<std::string> Probes(const Fingerprint& fingerprint) {
  std::set<std::string> names;
  for (const FingerprintPart& part : fingerprint.parts) {
    for (const auto& [name, probe] : part.sample.probes) names.insert(name);
  }
  return {names.begin(), names.end()};
}

std::int64_t Answers(const Fingerprint& fingerprint) {
  std::int64_t answers = 0;
  for (const FingerprintPart& part : fingerprint.parts) answers += part.sample.usable;
  return answers;
}

std::string ReprOfFingerprint(const Fingerprint& fingerprint) {
  return "<Fingerprint of " + py::repr(ToPython(fingerprint.model)).cast<std::string>() + ": " +
         std::to_string(Probes(fingerprint).size()) + " probes, " + std::to_string(Answers(fingerprint)) +
         " answers>";
}

void BindFingerprint(py::module_& module) {
  const auto text = [](std::optional<std::string> Fingerprint::*member) {
    return [member](const Fingerprint& self) { return ToPython(self.*member); };
  };
  py::class_<Fingerprint, Pointer>(module, "Fingerprint", R"(What is known of a trusted reference.

Made by enroll() or read by load_fingerprint(); it cannot be changed.
)")
      .def_property_readonly(
          "model", [](const Fingerprint& self) { return ToPython(self.model); },
          "Label given at enrolment; it never decides a verdict.")
      .def_property_readonly("created", text(&Fingerprint::created), "Time of creation, or None.")
      .def_property_readonly("endpoint_kind", text(&Fingerprint::endpoint_kind), "Kind of endpoint, or None.")
      .def_property_readonly("battery_sha256", text(&Fingerprint::battery_sha256),
                             "Identity of the battery, or None.")
      .def_property_readonly(
          "requested_models", [](const Fingerprint& self) { return ToPython(self.requested_models); },
          "Model names that were asked for.")
      .def_property_readonly(
          "probes", [](const Fingerprint& self) { return ToPython(Probes(self)); },
          "Names of the probes, sorted.")
      .def_property_readonly(
          "signals", [](const Fingerprint& self) { return ToPython(PlannedSignals(self.plan)); },
          "Signals that some probe feeds.")
      .def_property_readonly("answers", &Answers, "Usable answers.")
      .def_property_readonly(
          "variants",
          [](const Fingerprint& self) { return ToPython(Distinct(self, &FingerprintPart::variant)); },
          "Honest servings that were enrolled.")
      .def_property_readonly(
          "sessions",
          [](const Fingerprint& self) { return ToPython(Distinct(self, &FingerprintPart::session)); },
          "Sessions of the recordings; '' where they do not say.")
      .def_property_readonly(
          "first_time", [](const Fingerprint& self) { return ToPython(self.FirstTime()); },
          "Time of the first answer, or None.")
      .def_property_readonly(
          "last_time", [](const Fingerprint& self) { return ToPython(self.LastTime()); },
          "Time of the last answer, or None.")
      .def_property_readonly(
          "variant_spread", [](const Fingerprint& self) { return ToPython(self.variant_spread); },
          "Largest effect among the variants, by signal.")
      .def_property_readonly(
          "session_spread", [](const Fingerprint& self) { return ToPython(self.session_spread); },
          "Largest effect among the sessions, by signal.")
      .def_static(
          "from_json",
          [](const std::string& json) { return Share(Call([&] { return ParseFingerprint(json); })); },
          py::arg("json"), "Reads the text of a fingerprint file.")
      .def(
          "to_json",
          [](const Fingerprint& self) {
            return ToPython(Unlocked([&] { return SerializeFingerprint(self); }));
          },
          "The text of a fingerprint file.")
      .def(
          "save",
          [](const Fingerprint& self, const py::object& where) {
            const std::string path = PathOf(where);
            Check(Unlocked([&] { return SaveFingerprint(self, path); }));
          },
          py::arg("path"), "Writes the file; no reader sees half of it.")
      .def("__repr__", &ReprOfFingerprint);
}

void BindDiff(py::module_& module) {
  ResultClass<CellDiff>(module, "CellDiff", "One signal in one probe, or in all shared probes together.")
      .Field("probe", &CellDiff::probe, "The probe; '' for all together.")
      .Computed(
          "signal", [](const CellDiff& d) { return d.evidence.signal; }, "The signal.")
      .Computed(
          "effect", [](const CellDiff& d) { return ToPython(d.evidence.effect); }, "Effect.")
      .Computed(
          "effect_low", [](const CellDiff& d) { return ToPython(d.evidence.effect_low); }, "Lower end.")
      .Computed(
          "effect_high", [](const CellDiff& d) { return ToPython(d.evidence.effect_high); }, "Upper end.")
      .Computed(
          "effect_unit", [](const CellDiff& d) { return d.evidence.effect_unit; }, "Unit of the effect.")
      .Computed(
          "p_value", [](const CellDiff& d) { return ToPython(d.evidence.p_value); },
          "p-value, not adjusted for the number of cells.")
      .Computed(
          "n_a", [](const CellDiff& d) { return d.evidence.n_reference; }, "Answers of A.")
      .Computed(
          "n_b", [](const CellDiff& d) { return d.evidence.n_observed; }, "Answers of B.");
  ResultClass<FingerprintDiff>(module, "FingerprintDiff", "How far apart two fingerprints are.")
      .Field("shared_probes", &FingerprintDiff::shared_probes, "Probes of both.")
      .Field("only_in_a", &FingerprintDiff::only_in_a, "Probes of A alone.")
      .Field("only_in_b", &FingerprintDiff::only_in_b, "Probes of B alone.")
      .Field("condition_differences", &FingerprintDiff::condition_differences,
             "Settings that differ; a comparison across them says nothing about the models.")
      .Field("totals", &FingerprintDiff::totals, "The signals over all shared probes.")
      .Field("cells", &FingerprintDiff::cells, "The signals probe by probe.");
  const FingerprintDiffOptions defaults;
  module.def(
      "diff_fingerprints",
      [](const Fingerprint& a, const Fingerprint& b, std::int64_t permutations, std::uint64_t seed,
         int threads) { return Call([&] {
                          return DiffFingerprints(a, b, {permutations, seed, threads});
                        }); },
      py::arg("a"), py::arg("b"), py::kw_only(), py::arg("permutations") = defaults.permutations,
      py::arg("seed") = defaults.seed, py::arg("threads") = defaults.threads,
      "Compares two fingerprints signal by signal and probe by probe.\n");
}

}  // namespace

void BindFingerprints(py::module_& module) {
  BindFingerprint(module);
  ResultClass<Enrolled>(module, "EnrollResult", "A fingerprint and what was read for it.")
      .Field("fingerprint", &Enrolled::fingerprint, "The fingerprint.")
      .Computed(
          "observations", [](const Enrolled& e) { return e.recordings.observations; }, "Observations read.")
      .Computed(
          "duplicates", [](const Enrolled& e) { return e.recordings.duplicates; },
          "Lines dropped because they had been read before.")
      .Computed(
          "warnings", [](const Enrolled& e) { return ToPython(e.recordings.warnings); },
          "Plain sentences about the recordings.")
      .Method(
          "to_dict",
          [](const Enrolled& e) {
            py::dict dict;
            dict["fingerprint"] = LoadJson(SerializeFingerprint(*e.fingerprint));
            dict["observations"] = e.recordings.observations;
            dict["duplicates"] = e.recordings.duplicates;
            dict["warnings"] = py::list(ToPython(e.recordings.warnings));
            return dict;
          },
          "The fields as a dict, the fingerprint as its file's content.");
  const EnrollOptions defaults;
  module.def("enroll", &EnrollRecordings, py::arg("recordings"), py::kw_only(), py::arg("model"),
             py::arg("variant_per_recording") = defaults.variant_per_recording,
             py::arg("keep_text") = defaults.keep_text, py::arg("private_texts") = defaults.private_texts,
             py::arg("created") = py::none(), py::arg("endpoint_kind") = py::none(),
             py::arg("battery_sha256") = py::none(), py::arg("seed") = defaults.seed,
             R"(Makes a fingerprint of recordings of a trusted endpoint.

`model` is its label. With variant_per_recording each recording is another honest serving of the same weights, called
as the recording is, else all of them are one reference: this is how recordings of several days are merged.

>>> import pinchbeck
>>> answers = [{"probe": "p", "response": {"text": str(i % 7)}} for i in range(70)]
>>> pinchbeck.enroll(pinchbeck.Recording.from_dicts(answers), model="m").fingerprint
<Fingerprint of 'm': 1 probes, 70 answers>
)");
  module.def(
      "load_fingerprint",
      [](const py::object& where) {
        const std::string path = PathOf(where);
        return Share(Call([&] { return LoadFingerprint(path); }));
      },
      py::arg("path"), "Reads a fingerprint file.\n");
  module.def(
      "load_fingerprints",
      [](const py::object& folder) {
        std::vector<Pointer> list;
        const std::string path = PathOf(folder);
        for (Fingerprint& fingerprint : Call([&] { return LoadFingerprints(path); })) {
          list.push_back(Share(std::move(fingerprint)));
        }
        return list;
      },
      py::arg("folder"), "Reads all fingerprints of a folder and its subfolders.\n");
  const FingerprintMergeOptions merging;
  module.def("merge_fingerprints", &Merge, py::arg("fingerprints"), py::kw_only(),
             py::arg("model") = py::none(),
             py::arg("variant_per_fingerprint") = merging.variant_per_fingerprint,
             py::arg("created") = py::none(), py::arg("seed") = merging.seed,
             R"(Makes one fingerprint of several of one model, where the recordings are no longer at hand.

`model` is the label of the result, needed where theirs differ. With variant_per_fingerprint each is another honest
serving of the same weights, else their sessions are those of one reference. Fingerprints with a session of one
name, or with the same content, are refused: their answers may be the same. Recordings that only overlap are not
noticed here, so enrol those together.

>>> import pinchbeck
>>> def day(name, largest):
...     answers = [{"probe": "p", "session": name, "response": {"text": str(i % largest)}} for i in range(70)]
...     return pinchbeck.enroll(pinchbeck.Recording.from_dicts(answers), model="m").fingerprint
>>> pinchbeck.merge_fingerprints([day("monday", 7), day("tuesday", 8)]).sessions
('monday', 'tuesday')
)");
  BindDiff(module);
}

}  // namespace pinchbeck::python

namespace pybind11::detail {

bool type_caster<pinchbeck::python::FingerprintsArgument>::load(handle source, bool /*convert*/) {
  using pinchbeck::Fingerprint;
  value.fingerprints.clear();
  if (isinstance<str>(source) || hasattr(source, "__fspath__")) {
    const std::string folder = pinchbeck::python::PathOf(reinterpret_borrow<object>(source));
    auto loaded = pinchbeck::python::Call([&] { return pinchbeck::LoadFingerprints(folder); });
    for (Fingerprint& fingerprint : loaded) {
      value.fingerprints.push_back(std::make_shared<Fingerprint>(std::move(fingerprint)));
    }
    return true;
  }
  if (!isinstance<sequence>(source)) return false;
  for (const handle item : reinterpret_borrow<sequence>(source)) {
    if (!isinstance<Fingerprint>(item)) return false;
    value.fingerprints.push_back(item.cast<std::shared_ptr<Fingerprint>>());
  }
  return true;
}

}  // namespace pybind11::detail
