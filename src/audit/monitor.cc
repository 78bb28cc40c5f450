#include "pinchbeck/audit/monitor.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <unordered_map>
#include <utility>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/digest.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/signal/sample_builder.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/multiplicity.h"
#include "src/audit/even_counts.h"
#include "src/audit/monitor_design.h"
#include "src/audit/monitor_state.h"
#include "src/audit/monitor_stream.h"
#include "src/core/log_failure.h"
#include "src/internal/posix_file.h"

namespace pinchbeck {
namespace {

using internal::MonitorFeatures;
using internal::MonitorStream;
using internal::MonitorUse;

constexpr double kLog10E = 0.43429448190325182765;

absl::Status CheckOptions(const MonitorOptions& options) {
  const auto bad = [](const char* name, double value, const char* range) {
    return absl::InvalidArgumentError(std::string(name) + " is " + std::to_string(value) +
                                      "; it must lie in " + range);
  };
  if (!(options.alpha > 0 && options.alpha <= 0.5)) return bad("alpha", options.alpha, "(0, 0.5]");
  if (!(options.tolerance >= 0 && options.tolerance < 1))
    return bad("tolerance", options.tolerance, "[0, 1)");
  if (!(options.greedy_tolerance >= 0 && options.greedy_tolerance < 1)) {
    return bad("greedy_tolerance", options.greedy_tolerance, "[0, 1)");
  }
  if (options.mean_run && !(*options.mean_run >= 1 && std::isfinite(*options.mean_run))) {
    return bad("mean_run", *options.mean_run, "[1, infinity)");
  }
  if (options.signals.empty()) return absl::InvalidArgumentError("signals: the list is empty; name one");
  for (const std::string& signal : options.signals) {
    if (signal != "choice" && signal != "token_length" && signal != "logprob") {
      return absl::InvalidArgumentError("signals: \"" + signal +
                                        "\" cannot be monitored; choose from choice, token_length, logprob");
    }
  }
  return absl::OkStatus();
}

// The session, else the day (UTC offsets as recorded), else one session for everything.
std::uint64_t SessionKey(const Observation& observation) {
  constexpr std::size_t kDate = 10;
  std::string key;
  if (observation.session && !observation.session->empty()) {
    key = "s" + *observation.session;
  } else if (observation.time && observation.time->size() >= kDate) {
    key = "d" + observation.time->substr(0, kDate);
  }
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return hash;
}

ProbeConditions ConditionsOf(const RequestRecord& request) {
  return {.temperature = request.temperature,
          .top_p = request.top_p,
          .top_k = request.top_k,
          .min_p = request.min_p,
          .max_tokens = request.max_tokens,
          .prompt_sha256 = request.prompt_sha256};
}

std::string DigestOf(const std::vector<const Fingerprint*>& alternatives, const std::string& claimed) {
  std::string digests;
  for (const Fingerprint* alternative : alternatives) {
    if (alternative->model == claimed) continue;
    digests += internal::Sha256Hex(SerializeFingerprint(*alternative)) + "\n";
  }
  return internal::Sha256Hex(digests);
}

}  // namespace

std::string_view MonitorSkipName(MonitorSkip skip) {
  switch (skip) {
    case MonitorSkip::kRequestFailed:
      return "request_failed";
    case MonitorSkip::kUnknownProbe:
      return "unknown_probe";
    case MonitorSkip::kNothingMonitored:
      return "nothing_monitored";
    case MonitorSkip::kRepeat:
      return "repeat_at_temperature_0";
  }
  return "nothing_monitored";
}

std::string_view MonitorAlarmName(MonitorAlarm alarm) {
  return alarm == MonitorAlarm::kEValue ? "e_value" : "e_detector";
}

class Monitor::Impl {
 public:
  static absl::StatusOr<std::unique_ptr<Impl>> Create(const Fingerprint& fingerprint,
                                                      const MonitorOptions& options);
  absl::Status Step(const Observation& observation);

  internal::MonitorSnapshot Snapshot() const;
  absl::Status Restore(const internal::MonitorSnapshot& snapshot);

  MonitorOptions options;
  MonitorDecision decision;
  MonitorSource source;
  std::vector<std::string> warnings;
  std::vector<ToleratedShare> tolerated_shares;
  internal::MonitorBinding binding;

 private:
  using Track = std::vector<MonitorStream>;
  struct Probe {
    ProbeConditions conditions;
    ProbePlan plan;
    // What the scores need, for a SampleBuilder.
    SignalPlan score_plan;
  };
  // A value, and the stream that it comes from.
  struct Leader {
    double value = 0;
    const MonitorStream* stream = nullptr;
  };

  absl::Status AddTrack(const Fingerprint& fingerprint, const SampleSet& reference,
                        const std::vector<internal::MonitorAlternative>& alternatives, bool first);
  void AddToleratedShares(const std::vector<internal::MonitorAlternative>& alternatives);
  absl::StatusOr<MonitorUse> Feed(const Observation& observation, const Probe& probe);
  // Largest over a track's streams, smallest over tracks.
  template <class Value>
  Leader Lead(Value value) const;
  void Read();

  std::vector<Track> tracks_;
  std::unordered_map<std::string, Probe> probes_;
};

absl::Status Monitor::Impl::AddTrack(const Fingerprint& fingerprint, const SampleSet& reference,
                                     const std::vector<internal::MonitorAlternative>& alternatives,
                                     bool first) {
  std::vector<std::string> ignored;
  std::vector<internal::MonitorStreamDesign> designs = internal::DesignMonitorStreams(
      fingerprint, reference, alternatives, options, first ? &warnings : &ignored);
  Track track;
  const double share = 1 / static_cast<double>(std::max<std::size_t>(designs.size(), 1));
  for (internal::MonitorStreamDesign& design : designs) {
    const std::uint64_t seed = stats::MixSeed(options.seed, track.size());
    PINCHBECK_ASSIGN_OR_RETURN(
        MonitorStream stream,
        MonitorStream::Create(std::move(design), {.share = share, .alpha = options.alpha, .seed = seed}));
    track.push_back(std::move(stream));
  }
  if (!track.empty()) tracks_.push_back(std::move(track));
  return absl::OkStatus();
}

void Monitor::Impl::AddToleratedShares(const std::vector<internal::MonitorAlternative>& alternatives) {
  for (std::size_t j = 0; j < alternatives.size(); ++j) {
    // A mixture is harmless only where every stream says so.
    double share = 1;
    bool known = false;
    for (const MonitorStream& stream : tracks_.back()) {
      if (!(stream.design().tolerance > 0)) share = 0;
      std::vector<stats::LikelihoodRatioCell> cells;
      for (const internal::MonitorCell& cell : stream.design().cells) cells.push_back(cell.ratio);
      const auto tolerated =
          stats::LargestToleratedShare(cells, internal::kBuiltInAlternatives + j, stream.design().tolerance);
      if (!tolerated.ok()) continue;
      known = true;
      share = std::min(share, *tolerated);
    }
    if (known && share > 0) tolerated_shares.push_back({alternatives[j].model, share});
  }
}

absl::StatusOr<std::unique_ptr<Monitor::Impl>> Monitor::Impl::Create(const Fingerprint& fingerprint,
                                                                     const MonitorOptions& options) {
  PINCHBECK_RETURN_IF_ERROR(CheckOptions(options));
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  impl->options.alternatives.clear();
  if (std::optional<std::string> even = internal::EvenCountsWarning(fingerprint)) {
    impl->warnings.push_back(*std::move(even));
  }
  const SampleSet pooled = fingerprint.Pooled();
  const std::vector<internal::MonitorAlternative> alternatives =
      internal::UsableMonitorAlternatives(fingerprint, pooled, options, &impl->warnings);
  const auto variants = fingerprint.Variants();
  if (variants.size() > 1) {
    for (const auto& variant : variants) {
      PINCHBECK_RETURN_IF_ERROR(impl->AddTrack(fingerprint, variant.second, alternatives, false));
    }
  }
  PINCHBECK_RETURN_IF_ERROR(impl->AddTrack(fingerprint, pooled, alternatives, true));
  if (impl->tracks_.empty()) {
    return absl::FailedPreconditionError(
        "fingerprint \"" + fingerprint.model +
        "\" has nothing to monitor by the signals asked for (short answers, token lengths at a temperature "
        "above 0, or log-probabilities); enrol a recording that has");
  }
  impl->AddToleratedShares(alternatives);
  for (const auto& [id, sample] : pooled.probes) {
    Probe probe{sample.conditions, fingerprint.plan.at(id), {}};
    ProbePlan scores;
    scores.length_source = probe.plan.length_source;
    const auto wants = [&](const char* signal) {
      return std::find(options.signals.begin(), options.signals.end(), signal) != options.signals.end();
    };
    scores.token_length = probe.plan.token_length && wants("token_length");
    scores.logprob = probe.plan.logprob && wants("logprob");
    if (scores.token_length || scores.logprob) probe.score_plan.emplace(id, scores);
    impl->probes_.emplace(id, std::move(probe));
  }
  impl->binding = {.model = fingerprint.model,
                   .fingerprint_sha256 = internal::Sha256Hex(SerializeFingerprint(fingerprint)),
                   .alternatives_sha256 = DigestOf(options.alternatives, fingerprint.model),
                   .signals = options.signals,
                   .tolerance = options.tolerance,
                   .greedy_tolerance = options.greedy_tolerance,
                   .alpha = options.alpha,
                   .mean_run = options.mean_run,
                   .seed = options.seed};
  return impl;
}

absl::StatusOr<MonitorUse> Monitor::Impl::Feed(const Observation& observation, const Probe& probe) {
  MonitorFeatures features;
  features.position = decision.observations + 1;
  features.probe = &observation.probe;
  features.session = SessionKey(observation);
  features.time = observation.time;
  if (probe.plan.choice && observation.response.text) {
    const std::string& text = *observation.response.text;
    features.answer =
        internal::AnswerCategory(probe.plan.normalise_choice ? NormaliseChoice(text) : RawChoice(text));
  }
  SampleSet scores;
  if (!probe.score_plan.empty()) {
    SampleBuilder builder(probe.score_plan);
    PINCHBECK_RETURN_IF_ERROR(builder.Add(observation));
    scores = std::move(builder).Finish(probe.score_plan);
    const ProbeSample& sample = scores.probes.at(observation.probe);
    if (!sample.lengths.empty()) features.length = sample.lengths.front().length;
    if (!sample.logprobs.empty()) features.logprobs = &sample;
  }
  MonitorUse most = MonitorUse::kNothing;
  for (Track& track : tracks_) {
    for (MonitorStream& stream : track) {
      PINCHBECK_ASSIGN_OR_RETURN(const MonitorUse use, stream.Step(features));
      most = std::max(most, use);
    }
  }
  return most;
}

absl::Status Monitor::Impl::Step(const Observation& observation) {
  const auto skip = [&](MonitorSkip reason) {
    ++decision.observations;
    ++decision.skipped[static_cast<std::size_t>(reason)];
    return absl::OkStatus();
  };
  const auto it = probes_.find(observation.probe);
  if (it == probes_.end()) return skip(MonitorSkip::kUnknownProbe);
  const std::vector<std::string> differences =
      ConditionDifferences(observation.probe, it->second.conditions, ConditionsOf(observation.request));
  if (!differences.empty()) {
    return absl::FailedPreconditionError(
        differences.front() + "; monitor requests made with the fingerprint's settings, or enrol these");
  }
  // What a log leaves out it leaves out for its length, and a monitor of the rest would notice the selection.
  if (internal::IsAnswerNotInLog(observation)) {
    return absl::FailedPreconditionError(
        "the log that this recording was made of does not hold all answers, and the others, those before "
        "this one too, may be a selection; monitor a log that holds whole answers, or use verify");
  }
  if (observation.error) return skip(MonitorSkip::kRequestFailed);
  PINCHBECK_ASSIGN_OR_RETURN(const MonitorUse use, Feed(observation, it->second));
  if (use == MonitorUse::kNothing) return skip(MonitorSkip::kNothingMonitored);
  if (use == MonitorUse::kRepeat) return skip(MonitorSkip::kRepeat);
  ++decision.observations;
  ++decision.used;
  Read();
  return absl::OkStatus();
}

template <class Value>
Monitor::Impl::Leader Monitor::Impl::Lead(Value value) const {
  Leader smallest{std::numeric_limits<double>::infinity(), nullptr};
  for (const Track& track : tracks_) {
    Leader largest{value(track.front()), &track.front()};
    for (const MonitorStream& stream : track) {
      const double own = value(stream);
      if (own > largest.value) largest = {own, &stream};
    }
    if (largest.value < smallest.value || smallest.stream == nullptr) smallest = largest;
  }
  return smallest;
}

void Monitor::Impl::Read() {
  const Leader e_value = Lead([](const MonitorStream& stream) { return stream.LogEValue(); });
  const Leader detector = Lead([](const MonitorStream& stream) { return stream.LogDetector(); });
  decision.log10_e_value = e_value.value * kLog10E;
  decision.log10_largest_e_value = std::max(decision.log10_largest_e_value, decision.log10_e_value);
  decision.log10_e_detector.reset();
  if (std::isfinite(detector.value)) decision.log10_e_detector = detector.value * kLog10E;
  if (decision.alarm_at) return;
  if (e_value.value >= -std::log(options.alpha)) {
    decision.alarm_by = MonitorAlarm::kEValue;
  } else if (options.mean_run && detector.value >= std::log(*options.mean_run)) {
    decision.alarm_by = MonitorAlarm::kEDetector;
  } else {
    return;
  }
  decision.alarm_at = decision.observations;
  if (const auto change = detector.stream->EstimatedChange()) {
    decision.change_at = change->position;
    decision.change_near = change->time;
  }
}

internal::MonitorSnapshot Monitor::Impl::Snapshot() const {
  internal::MonitorSnapshot snapshot{binding, decision, source, {}};
  for (const Track& track : tracks_) {
    snapshot.tracks.emplace_back();
    for (const MonitorStream& stream : track) snapshot.tracks.back().push_back(stream.state());
  }
  return snapshot;
}

absl::Status Monitor::Impl::Restore(const internal::MonitorSnapshot& snapshot) {
  PINCHBECK_RETURN_IF_ERROR(internal::CheckMonitorBinding(binding, snapshot.binding));
  if (snapshot.tracks.size() != tracks_.size()) {
    return absl::InvalidArgumentError("tracks: expected " + std::to_string(tracks_.size()) +
                                      " entries, got " + std::to_string(snapshot.tracks.size()));
  }
  std::vector<Track> restored = tracks_;
  for (std::size_t t = 0; t < restored.size(); ++t) {
    const std::string at = "tracks[" + std::to_string(t) + "]";
    if (snapshot.tracks[t].size() != restored[t].size()) {
      return absl::InvalidArgumentError(at + ": expected " + std::to_string(restored[t].size()) + " entries");
    }
    for (std::size_t s = 0; s < restored[t].size(); ++s) {
      const absl::Status status =
          restored[t][s].Restore(snapshot.tracks[t][s], snapshot.decision.observations);
      if (!status.ok()) return internal::Annotate(status, at + "[" + std::to_string(s) + "]");
    }
  }
  tracks_ = std::move(restored);
  decision = snapshot.decision;
  source = snapshot.source;
  return absl::OkStatus();
}

absl::StatusOr<Monitor> Monitor::Create(const Fingerprint& fingerprint, const MonitorOptions& options) {
  PINCHBECK_ASSIGN_OR_RETURN(std::unique_ptr<Impl> impl, Impl::Create(fingerprint, options));
  return Monitor(std::move(impl));
}

Monitor::Monitor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Monitor::Monitor(Monitor&&) noexcept = default;
Monitor& Monitor::operator=(Monitor&&) noexcept = default;
Monitor::~Monitor() = default;

absl::Status Monitor::Step(const Observation& observation) { return impl_->Step(observation); }
MonitorDecision Monitor::decision() const { return impl_->decision; }
const std::string& Monitor::model() const { return impl_->binding.model; }
const MonitorOptions& Monitor::options() const { return impl_->options; }
const std::vector<std::string>& Monitor::warnings() const { return impl_->warnings; }
std::vector<Monitor::ToleratedShare> Monitor::tolerated_shares() const { return impl_->tolerated_shares; }
const MonitorSource& Monitor::source() const { return impl_->source; }
void Monitor::set_source(MonitorSource source) { impl_->source = std::move(source); }

std::string Monitor::SerializeState() const { return SerializeMonitorSnapshot(impl_->Snapshot()); }

absl::Status Monitor::RestoreState(std::string_view json) {
  PINCHBECK_ASSIGN_OR_RETURN(const internal::MonitorSnapshot snapshot, internal::ParseMonitorSnapshot(json));
  return impl_->Restore(snapshot);
}

absl::Status Monitor::SaveState(const std::string& path, bool durable) const {
  const std::string temporary = path + ".part";
  internal::FileDescriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file.is_open()) return internal::ErrnoStatus(errno, path, "cannot write the state");
  absl::Status status = internal::WriteAll(file, temporary, SerializeState());
  if (status.ok() && durable) status = internal::Sync(file, temporary);
  if (const int error = file.Close(); status.ok() && error != 0) {
    status = internal::ErrnoStatus(error, path, "cannot write the state");
  }
  if (status.ok() && std::rename(temporary.c_str(), path.c_str()) != 0) {
    status = internal::ErrnoStatus(errno, path, "cannot replace the state");
  }
  if (!status.ok()) std::remove(temporary.c_str());
  return status;
}

absl::Status Monitor::LoadState(const std::string& path) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::string text,
                             internal::ReadFile(path, internal::kMaxMonitorStateBytes));
  return internal::Annotate(RestoreState(text), path);
}

absl::StatusOr<NamedDecision> ReadMonitorDecision(const std::string& path) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::string text,
                             internal::ReadFile(path, internal::kMaxMonitorStateBytes));
  const absl::StatusOr<internal::MonitorSnapshot> snapshot = internal::ParseMonitorSnapshot(text);
  if (!snapshot.ok()) return internal::Annotate(snapshot.status(), path);
  return NamedDecision{path, snapshot->binding.model, snapshot->binding.alpha, snapshot->decision};
}

absl::StatusOr<CombinedDecision> CombineMonitors(std::span<const NamedDecision> endpoints, double alpha) {
  if (endpoints.empty()) return absl::InvalidArgumentError("endpoints: the list is empty; give at least one");
  if (!(alpha > 0 && alpha < 1)) {
    return absl::InvalidArgumentError("alpha is " + std::to_string(alpha) + "; it must lie in (0, 1)");
  }
  std::vector<double> p_values;
  for (const NamedDecision& endpoint : endpoints) {
    p_values.push_back(std::min(1.0, std::pow(10.0, -endpoint.decision.log10_largest_e_value)));
  }
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<double> adjusted,
                             stats::BenjaminiYekutieliAdjust(p_values, p_values.size()));
  CombinedDecision combined;
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    if (adjusted[i] > alpha) continue;
    combined.differs.push_back(i);
    const double value = endpoints[i].decision.log10_largest_e_value;
    combined.log10_threshold = std::min(combined.log10_threshold.value_or(value), value);
  }
  return combined;
}

}  // namespace pinchbeck
