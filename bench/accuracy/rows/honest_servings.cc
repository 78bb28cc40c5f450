// Honest servings of the same weights: is one that was left out of the reference accused?
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <map>
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

// Servings of one set of weights.
struct Family {
  std::string name;
  std::vector<ModelRecording> servings;
};

struct Rotation {
  std::size_t family = 0, left_out = 0;
  std::string serving, verdict, reason;
  bool differs = false, measurable = false;
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

absl::StatusOr<Report> VerifyLeftOut(const Family& family, std::size_t left_out, std::uint64_t seed) {
  PINCHBECK_ASSIGN_OR_RETURN(const Fingerprint fingerprint, EnrolOthers(family, left_out));
  SampleBuilder builder(fingerprint.plan);
  for (const Observation& observation : family.servings[left_out].observations) {
    PINCHBECK_RETURN_IF_ERROR(builder.Add(observation));
  }
  const SampleSet observed = std::move(builder).Finish(fingerprint.plan);
  VerifyOptions options;
  options.alpha = kLevel;
  options.seed = seed;
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

absl::Status AddRecordings(const RowContext& context, const std::string& source, const std::string& name,
                           std::vector<std::string> servings, std::vector<Family>& families) {
  if (!HasSource(context.data, source)) return absl::OkStatus();
  Family family{name, {}};
  for (const std::string& serving : servings) {
    PINCHBECK_ASSIGN_OR_RETURN(ModelRecording recording, LoadRecording(context.data, source, serving));
    family.servings.push_back(std::move(recording));
  }
  if (family.servings.size() > 1) families.push_back(std::move(family));
  return absl::OkStatus();
}

// Recordings named MODEL@PROVIDER are servings of MODEL.
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
    Family family{source + "/" + name + ", sessions", {}};
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
    Family family{source + "/" + name + ", runs", {}};
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

}  // namespace

absl::StatusOr<Row> MeasureHonestServings(const RowContext& context) {
  Row row;
  row.title = "False accusations of honest servings, claim weights, each serving left out in turn";
  row.source = "testbed, llm_stability, llm_drift_daily, zeroeval_gsm";
  row.x_name = "servings";
  row.alpha = kLevel;
  std::vector<Family> families;
  PINCHBECK_RETURN_IF_ERROR(AddRecordings(context, "testbed", "testbed, runs and 16-bit formats",
                                          {"A-f16", "A-f16-run2", "A-f16-fa", "A-bf16"}, families));
  PINCHBECK_RETURN_IF_ERROR(AddProviders(context, "zeroeval_gsm", families));
  PINCHBECK_RETURN_IF_ERROR(AddProviders(context, "llm_drift_daily", families));
  if (!context.quick) {
    PINCHBECK_RETURN_IF_ERROR(AddRuns(context, "llm_stability", families));
    PINCHBECK_RETURN_IF_ERROR(AddSessions(context, "llm_drift_daily", families));
  }
  std::vector<Rotation> rotations;
  for (std::size_t f = 0; f < families.size(); ++f) {
    for (std::size_t s = 0; s < families[f].servings.size(); ++s) {
      rotations.push_back({f, s, families[f].servings[s].name, "", "", false, false});
    }
  }
  if (rotations.empty()) return absl::NotFoundError("no recordings of several servings");
  std::vector<absl::Status> failures(rotations.size());
  pinchbeck::internal::ParallelFor(
      static_cast<std::int64_t>(rotations.size()), context.threads, [&](std::int64_t task) {
        const auto i = static_cast<std::size_t>(task);
        Rotation& rotation = rotations[i];
        const auto report =
            VerifyLeftOut(families[rotation.family], rotation.left_out, SeedFor(context.seed, kRow, i));
        if (!report.ok()) {
          failures[i] = report.status();
          return;
        }
        rotation.verdict = Describe(*report);
        rotation.differs = report->verdict == Verdict::kDiffers;
        rotation.measurable = report->verdict != Verdict::kNotMeasurable;
      });
  std::int64_t accused = 0, judged = 0;
  for (std::size_t f = 0; f < families.size(); ++f) {
    std::map<std::string, int> verdicts;
    std::string differing;
    for (std::size_t i = 0; i < rotations.size(); ++i) {
      const Rotation& rotation = rotations[i];
      if (rotation.family != f) continue;
      if (!failures[i].ok()) {
        ++verdicts["refused (" + FirstLine(std::string(failures[i].message())) + ")"];
        continue;
      }
      ++verdicts[rotation.verdict];
      accused += rotation.differs ? 1 : 0;
      judged += rotation.measurable ? 1 : 0;
      if (rotation.differs) differing += (differing.empty() ? "" : ", ") + rotation.serving;
    }
    std::string note = families[f].name + ": ";
    for (const auto& [verdict, count] : verdicts) {
      note += (note.ends_with(": ") ? "" : ", ") + std::to_string(count) + " " + verdict;
    }
    row.notes.push_back(note + (differing.empty() ? "." : "; differs: " + differing + "."));
  }
  Measurement measurement;
  measurement.contestant = "pinchbeck, whole verdict";
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
  return row;
}

}  // namespace pinchbeck::accuracy
