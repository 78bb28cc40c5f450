// Honest servings of the same weights: is one that was left out of the reference accused?
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "bench/accuracy/random.h"
#include "bench/accuracy/recordings.h"
#include "bench/accuracy/row.h"
#include "pinchbeck/audit/verify.h"
#include "pinchbeck/fingerprint/builder.h"
#include "pinchbeck/internal/parallel_for.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck::accuracy {
namespace {

constexpr std::uint64_t kRow = 15;
constexpr double kLevel = 0.01;
const std::set<std::string> kTestBedSubstitutes = {"A-Q8_0", "A-Q4_K_M", "B"};

// Servings of one set of weights.
struct Family {
  std::string name;
  // Families of one source share prompts; those of one model are no alternatives for each other.
  std::string source, model;
  std::vector<ModelRecording> servings;
};

struct Rotation {
  std::size_t family = 0, left_out = 0;
  bool with_alternatives = false;
  std::string serving, verdict;
  bool differs = false, measurable = false;
  absl::Status failure;
};

// All other servings as the variants of a fingerprint, labelled by number only.
absl::StatusOr<Fingerprint> EnrolOthers(const Family& family, std::size_t left_out) {
  FingerprintBuilder builder(EnrollOptions{.model = "claimed"});
  for (std::size_t s = 0; s < family.servings.size(); ++s) {
    if (s == left_out) continue;
    for (const Observation& observation : family.servings[s].observations) {
      PINCHBECK_RETURN_IF_ERROR(builder.Add(observation, "variant " + std::to_string(s)));
    }
  }
  return std::move(builder).Build();
}

absl::StatusOr<Report> VerifyLeftOut(const Family& family, std::size_t left_out,
                                     const std::vector<const Fingerprint*>& alternatives,
                                     std::uint64_t seed) {
  PINCHBECK_ASSIGN_OR_RETURN(const Fingerprint fingerprint, EnrolOthers(family, left_out));
  SampleBuilder builder(fingerprint.plan);
  for (const Observation& observation : family.servings[left_out].observations) {
    PINCHBECK_RETURN_IF_ERROR(builder.Add(observation));
  }
  const SampleSet observed = std::move(builder).Finish(fingerprint.plan);
  VerifyOptions options;
  options.alpha = kLevel;
  options.seed = seed;
  options.alternatives = alternatives;
  // Raised by Verify() itself to what its level needs.
  options.permutations = 999;
  return Verify(fingerprint, observed, options);
}

std::string FirstLine(std::string_view text) {
  return std::string(text.substr(0, text.find_first_of(":;\n")));
}

std::string Rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

std::string Describe(const Report& report) {
  std::string text(VerdictName(report.verdict));
  if (report.reason) text += " (" + *report.reason + ")";
  for (const SignalReport& signal : report.signals) {
    if (signal.status == SignalStatus::kDiffers && signal.evidence.counted) {
      const SignalEvidence& evidence = signal.evidence;
      text += " by " + evidence.signal + ", effect " + Rounded(evidence.effect.value_or(0)) + " " +
              evidence.effect_unit + " above a gate of " + Rounded(evidence.effect_gate);
      if (evidence.gate_opened_by_alternative) text += " that an alternative opened";
    }
  }
  return text;
}

// Recordings named MODEL@PROVIDER are servings of MODEL; those of the test bed carry the format in their
// name.
std::string ModelOf(const std::string& recording) { return recording.substr(0, recording.find('@')); }

absl::Status AddRecordings(const RowContext& context, const std::string& source, const std::string& name,
                           std::vector<std::string> servings, std::vector<Family>& families) {
  if (!HasSource(context.data, source)) return absl::OkStatus();
  Family family{name, source, ModelOf(servings.front()), {}};
  for (const std::string& serving : servings) {
    PINCHBECK_ASSIGN_OR_RETURN(ModelRecording recording, LoadRecording(context.data, source, serving));
    family.servings.push_back(std::move(recording));
  }
  if (family.servings.size() > 1) families.push_back(std::move(family));
  return absl::OkStatus();
}

absl::Status AddProviders(const RowContext& context, const std::string& source,
                          std::vector<Family>& families) {
  std::map<std::string, std::vector<std::string>> by_model;
  for (const std::string& name : RecordingNames(context.data, source)) {
    const std::size_t at = name.find('@');
    if (at != std::string::npos) by_model[name.substr(0, at)].push_back(name);
  }
  for (const auto& [model, names] : by_model) {
    PINCHBECK_RETURN_IF_ERROR(
        AddRecordings(context, source, source + "/" + model + ", providers", names, families));
  }
  return absl::OkStatus();
}

// Sessions of one recording are servings of one endpoint. A session with far fewer answers than the largest
// is the start of one that was broken off.
absl::Status AddSessions(const RowContext& context, const std::string& source,
                         std::vector<Family>& families) {
  constexpr std::size_t kLeastShare = 5;
  for (const std::string& name : RecordingNames(context.data, source)) {
    PINCHBECK_ASSIGN_OR_RETURN(auto sessions, LoadSessions(context.data, source, name));
    std::size_t largest = 0;
    for (const ModelRecording& session : sessions) largest = std::max(largest, session.observations.size());
    Family family{source + "/" + name + ", sessions", source, ModelOf(name), {}};
    for (ModelRecording& session : sessions) {
      if (session.observations.size() * kLeastShare >= largest) family.servings.push_back(std::move(session));
    }
    if (family.servings.size() > 1) families.push_back(std::move(family));
  }
  return absl::OkStatus();
}

// Repetitions of one recording are runs of one endpoint.
absl::Status AddRuns(const RowContext& context, const std::string& source, std::vector<Family>& families) {
  for (const std::string& name : RecordingNames(context.data, source)) {
    PINCHBECK_ASSIGN_OR_RETURN(const auto sessions, LoadSessions(context.data, source, name));
    Family family{source + "/" + name + ", runs", source, ModelOf(name), {}};
    for (const ModelRecording& session : sessions) {
      std::map<std::int64_t, ModelRecording> runs;
      for (const Observation& observation : session.observations) {
        const std::int64_t run = observation.sample.value_or(0);
        runs[run].name = session.name + "/" + std::to_string(run);
        runs[run].observations.push_back(observation);
      }
      for (auto& [run, recording] : runs) family.servings.push_back(std::move(recording));
    }
    // The longest runs: the source drops prompts from later ones.
    constexpr std::size_t kMostRuns = 6, kLeastAnswers = 50;
    std::stable_sort(family.servings.begin(), family.servings.end(), [](const auto& a, const auto& b) {
      return a.observations.size() > b.observations.size();
    });
    if (family.servings.size() > kMostRuns) family.servings.resize(kMostRuns);
    while (!family.servings.empty() && family.servings.back().observations.size() < kLeastAnswers) {
      family.servings.pop_back();
    }
    if (family.servings.size() > 1) families.push_back(std::move(family));
  }
  return absl::OkStatus();
}

// The recordings of other models in the source, one each, as a user's library would hold them. Those whose
// sessions were asked under different conditions cannot be enrolled and are left out.
absl::StatusOr<std::vector<Fingerprint>> OtherModels(const RowContext& context, const Family& family) {
  std::vector<Fingerprint> models;
  std::set<std::string> taken = {family.model};
  for (const std::string& name : RecordingNames(context.data, family.source)) {
    const bool test_bed = family.source == "testbed";
    if (test_bed ? !kTestBedSubstitutes.contains(name) : !taken.insert(ModelOf(name)).second) continue;
    PINCHBECK_ASSIGN_OR_RETURN(const ModelRecording recording,
                               LoadRecording(context.data, family.source, name));
    FingerprintBuilder builder(EnrollOptions{.model = "stored " + std::to_string(models.size())});
    absl::Status added;
    for (const Observation& observation : recording.observations) {
      added.Update(builder.Add(observation, "default"));
    }
    absl::StatusOr<Fingerprint> fingerprint = std::move(builder).Build();
    if (added.ok() && fingerprint.ok()) models.push_back(*std::move(fingerprint));
  }
  return models;
}

struct FamilyCount {
  std::int64_t accused = 0, judged = 0;
  std::string note;
};

// What became of the rotations of one family, with or without other models stored.
FamilyCount Count(const Family& family, std::size_t number, bool with_alternatives,
                  const std::vector<Rotation>& rotations) {
  FamilyCount outcome;
  std::map<std::string, int> verdicts;
  std::string differing;
  for (const Rotation& rotation : rotations) {
    if (rotation.family != number || rotation.with_alternatives != with_alternatives) continue;
    if (!rotation.failure.ok()) {
      ++verdicts["refused (" + FirstLine(std::string(rotation.failure.message())) + ")"];
      continue;
    }
    ++verdicts[rotation.verdict];
    outcome.accused += rotation.differs ? 1 : 0;
    outcome.judged += rotation.measurable ? 1 : 0;
    if (rotation.differs) differing += (differing.empty() ? "" : ", ") + rotation.serving;
  }
  outcome.note = family.name + (with_alternatives ? ", other models stored: " : ": ");
  for (const auto& [verdict, count] : verdicts) {
    outcome.note += (outcome.note.ends_with(": ") ? "" : ", ") + std::to_string(count) + " " + verdict;
  }
  outcome.note += differing.empty() ? "." : "; differs: " + differing + ".";
  return outcome;
}

void AddMeasurement(const std::string& contestant, std::int64_t accused, std::int64_t judged, Row& row) {
  Measurement measurement;
  measurement.contestant = contestant;
  measurement.metric = "false-accusation rate";
  measurement.x = static_cast<double>(judged);
  measurement.higher_is_better = false;
  measurement.false_alarms = MakeFalseAlarms(accused, judged);
  measurement.value = measurement.false_alarms->rate;
  measurement.valid = measurement.false_alarms->low <= kLevel;
  measurement.pairs = judged;
  measurement.draws_per_pair = 1;
  measurement.goal = 0;
  row.measurements.push_back(std::move(measurement));
}

absl::StatusOr<std::vector<Family>> LoadFamilies(const RowContext& context) {
  std::vector<Family> families;
  PINCHBECK_RETURN_IF_ERROR(AddRecordings(context, "testbed", "testbed, runs and 16-bit formats",
                                          {"A-f16", "A-f16-run2", "A-f16-fa", "A-bf16"}, families));
  PINCHBECK_RETURN_IF_ERROR(AddProviders(context, "zeroeval_gsm", families));
  PINCHBECK_RETURN_IF_ERROR(AddProviders(context, "llm_drift_daily", families));
  if (!context.quick) {
    PINCHBECK_RETURN_IF_ERROR(AddRuns(context, "llm_stability", families));
    PINCHBECK_RETURN_IF_ERROR(AddSessions(context, "llm_drift_daily", families));
  }
  return families;
}

}  // namespace

absl::StatusOr<Row> MeasureHonestServings(const RowContext& context) {
  Row row;
  row.title = "False accusations of honest servings, claim weights, each serving left out in turn";
  row.source = "testbed, llm_stability, llm_drift_daily, zeroeval_gsm";
  row.x_name = "servings";
  row.alpha = kLevel;
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<Family> families, LoadFamilies(context));
  std::vector<std::vector<Fingerprint>> stored;
  std::vector<Rotation> rotations;
  for (std::size_t f = 0; f < families.size(); ++f) {
    PINCHBECK_ASSIGN_OR_RETURN(std::vector<Fingerprint> others, OtherModels(context, families[f]));
    for (const bool with_alternatives : {false, true}) {
      if (with_alternatives && others.empty()) continue;
      for (std::size_t s = 0; s < families[f].servings.size(); ++s) {
        rotations.push_back({f, s, with_alternatives, families[f].servings[s].name, "", false, false, {}});
      }
    }
    stored.push_back(std::move(others));
  }
  if (rotations.empty()) return absl::NotFoundError("no recordings of several servings");
  pinchbeck::internal::ParallelFor(
      static_cast<std::int64_t>(rotations.size()), context.threads, [&](std::int64_t task) {
        const auto i = static_cast<std::size_t>(task);
        Rotation& rotation = rotations[i];
        std::vector<const Fingerprint*> alternatives;
        if (rotation.with_alternatives) {
          for (const Fingerprint& model : stored[rotation.family]) alternatives.push_back(&model);
        }
        const auto report = VerifyLeftOut(families[rotation.family], rotation.left_out, alternatives,
                                          SeedFor(context.seed, kRow, i));
        if (!report.ok()) {
          rotation.failure = report.status();
          return;
        }
        rotation.verdict = Describe(*report);
        rotation.differs = report->verdict == Verdict::kDiffers;
        rotation.measurable = report->verdict != Verdict::kNotMeasurable;
      });
  for (const bool with_alternatives : {false, true}) {
    std::int64_t accused = 0, judged = 0;
    for (std::size_t f = 0; f < families.size(); ++f) {
      if (with_alternatives && stored[f].empty()) continue;
      FamilyCount outcome = Count(families[f], f, with_alternatives, rotations);
      accused += outcome.accused;
      judged += outcome.judged;
      row.notes.push_back(std::move(outcome.note));
    }
    if (judged == 0) continue;
    AddMeasurement(
        with_alternatives ? "pinchbeck, whole verdict, other models stored" : "pinchbeck, whole verdict",
        accused, judged, row);
  }
  return row;
}

}  // namespace pinchbeck::accuracy
