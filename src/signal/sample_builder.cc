#include "pinchbeck/signal/sample_builder.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "absl/time/time.h"
#include "pinchbeck/internal/utf8.h"
#include "src/signal/declaration_sample.h"
#include "src/signal/failure_kind.h"
#include "src/signal/length_cells.h"
#include "src/signal/logprob_reading.h"

namespace pinchbeck {
namespace {

// An answer of at most this many characters can be a choice.
constexpr std::size_t kShortAnswer = 16;
// Up to this many tokens an answer is read raw: normalising would erase what was chosen.
constexpr std::int64_t kRawChoiceTokens = 4;
constexpr std::int64_t kMostInputTokens = 1'000'000'000;
constexpr auto kMostOutputTokens = static_cast<std::int64_t>(internal::kMostLength);
constexpr std::int64_t kMostReasoningTokens = 1'000'000'000;

std::optional<std::int64_t> MinuteOf(const std::optional<std::string>& time) {
  if (!time) return std::nullopt;
  absl::Time parsed;
  if (!absl::ParseTime(absl::RFC3339_full, *time, &parsed, nullptr)) return std::nullopt;
  return absl::ToUnixSeconds(parsed) / 60;
}

template <class Field>
void MergeField(const std::optional<Field>& seen, std::optional<Field>& kept, std::string_view name,
                std::vector<std::string>& differing) {
  if (!seen) return;
  if (kept && *kept != *seen) differing.emplace_back(name);
  if (!kept) kept = seen;
}

void AddLatency(const Observation& observation, ProbeSample& sample) {
  const TimingRecord& timing = observation.timing;
  const std::optional<double> first = timing.first_token_s ? timing.first_token_s : timing.total_s;
  if (!first) return;
  Latency latency;
  // Never zero: the logarithm is taken later, and clocks tick in microseconds at best.
  latency.first_token_s = std::max(1e-6, *first - timing.connect_s.value_or(0));
  if (timing.event_s.size() >= 3) {
    std::vector<double> gaps;
    for (std::size_t i = 1; i < timing.event_s.size(); ++i)
      gaps.push_back(timing.event_s[i] - timing.event_s[i - 1]);
    // Before the order is lost.
    latency.gaps = ShapeOfGaps(gaps);
    const auto middle = gaps.begin() + static_cast<std::ptrdiff_t>(gaps.size() / 2);
    std::nth_element(gaps.begin(), middle, gaps.end());
    latency.median_gap_s = std::max(1e-6, *middle);
  }
  const auto tokens = observation.usage.output_tokens;
  if (tokens && *tokens > 1 && timing.total_s && timing.first_token_s &&
      *timing.total_s > *timing.first_token_s) {
    // Times that differ by next to nothing have no speed.
    const double speed = static_cast<double>(*tokens - 1) / (*timing.total_s - *timing.first_token_s);
    if (std::isfinite(speed)) latency.tokens_per_s = speed;
  }
  if (tokens && *tokens > 0 && timing.total_s) {
    latency.total_per_token_s =
        std::max(1e-6, *timing.total_s - timing.connect_s.value_or(0)) / static_cast<double>(*tokens);
  }
  const auto& input_tokens = observation.usage.input_tokens;
  if (input_tokens && *input_tokens <= kMostInputTokens) latency.input_tokens = input_tokens;
  latency.minute = MinuteOf(observation.time);
  sample.latencies.push_back(latency);
}

bool Declares(const ProbeFacts& facts, std::string_view signal) {
  return facts.declared_signals.count(std::string(signal)) > 0;
}

ProbePlan PlanFor(const ProbeFacts& facts) {
  ProbePlan plan;
  const bool few_tokens = facts.max_tokens && *facts.max_tokens <= kRawChoiceTokens;
  plan.normalise_choice = !few_tokens;
  plan.length_source = facts.any_usage_length ? LengthSource::kUsage
                       : facts.any_events     ? LengthSource::kEvents
                                              : LengthSource::kCharacters;
  if (!facts.declared_signals.empty()) {
    plan.choice = Declares(facts, "choice");
    plan.logprob = Declares(facts, "logprob");
    plan.token_length = Declares(facts, "token_length");
    plan.latency = Declares(facts, "latency");
    plan.text = Declares(facts, "text");
    plan.tokenizer = Declares(facts, "tokenizer");
    // Batteries that know no reasoning tokens ask for lengths, of which these are a part.
    plan.reasoning = facts.any_reasoning && (Declares(facts, "reasoning") || plan.token_length);
    return plan;
  }
  plan.logprob = facts.any_logprob;
  plan.choice = facts.any_answer && (facts.every_answer_short || few_tokens);
  plan.text = facts.any_answer && !plan.choice;
  plan.token_length =
      (facts.any_usage_length || facts.any_events) && (!facts.max_tokens || *facts.max_tokens > 16);
  plan.latency = facts.any_timing;
  plan.tokenizer = facts.any_input_tokens;
  plan.reasoning = facts.any_reasoning;
  return plan;
}

}  // namespace

absl::Status SampleBuilder::CheckConditions(const Observation& observation, ProbeSample& sample) {
  const RequestRecord& request = observation.request;
  ProbeConditions& kept = sample.conditions;
  std::vector<std::string> differing;
  MergeField(request.temperature, kept.temperature, "temperature", differing);
  MergeField(request.top_p, kept.top_p, "top_p", differing);
  MergeField(request.top_k, kept.top_k, "top_k", differing);
  MergeField(request.min_p, kept.min_p, "min_p", differing);
  MergeField(request.max_tokens, kept.max_tokens, "max_tokens", differing);
  MergeField(request.prompt_sha256, kept.prompt_sha256, "prompt_sha256", differing);
  if (differing.empty()) return absl::OkStatus();
  std::string message = "probe \"" + observation.probe + "\" was asked under two conditions: request.";
  for (std::size_t i = 0; i < differing.size(); ++i) message += (i > 0 ? ", request." : "") + differing[i];
  return absl::InvalidArgumentError(message + " changed within the recording; use one recording per setting");
}

void SampleBuilder::AddRequestFacts(const Observation& observation, ProbeFacts& facts) {
  facts.declared_signals.insert(observation.signals.begin(), observation.signals.end());
  if (observation.request.max_tokens) facts.max_tokens = observation.request.max_tokens;
}

void SampleBuilder::AddFacts(const Observation& observation, ProbeFacts& facts) {
  AddRequestFacts(observation, facts);
  if (observation.response.text) {
    facts.any_answer = true;
    facts.every_answer_short =
        facts.every_answer_short && internal::CountCodePoints(*observation.response.text) <= kShortAnswer;
  }
  facts.any_logprob = facts.any_logprob || !observation.logprobs.empty();
  facts.any_usage_length = facts.any_usage_length || observation.usage.output_tokens.has_value();
  facts.any_events = facts.any_events || !observation.timing.event_s.empty();
  facts.any_timing = facts.any_timing || observation.timing.first_token_s || observation.timing.total_s;
  facts.any_input_tokens = facts.any_input_tokens || observation.usage.input_tokens.has_value();
  facts.any_reasoning = facts.any_reasoning || observation.usage.reasoning_tokens.value_or(0) > 0;
}

void SampleBuilder::AddLengths(const Observation& observation, RawProbe& probe) {
  const auto& cap = probe.sample.conditions.max_tokens;
  const bool cut = observation.response.finish_reason == "length";
  auto length = [&](double value, bool counts_tokens) {
    const bool at_cap = counts_tokens && cap && value >= static_cast<double>(*cap);
    // Answers cut at the cap are ties, whatever the server counted for them.
    return OutputLength{.length = at_cap ? static_cast<double>(*cap) : value, .capped = cut || at_cap};
  };
  if (observation.usage.output_tokens && *observation.usage.output_tokens <= kMostOutputTokens) {
    probe.lengths.usage.push_back(length(static_cast<double>(*observation.usage.output_tokens), true));
  }
  if (!observation.timing.event_s.empty()) {
    probe.lengths.events.push_back(length(static_cast<double>(observation.timing.event_s.size()), true));
  }
  if (observation.response.text) {
    probe.lengths.characters.push_back(
        length(static_cast<double>(internal::CountCodePoints(*observation.response.text)), false));
  }
}

void SampleBuilder::AddReasoning(const Observation& observation, ProbeSample& sample) {
  const auto& tokens = observation.usage.reasoning_tokens;
  if (!tokens || *tokens > kMostReasoningTokens) return;
  const bool no_text = !observation.response.text || observation.response.text->empty();
  // Only who ran into the cap that was asked for would have gone on: a relay that stops reasoning earlier, by
  // a limit of its own, reasons less.
  const auto& cap = sample.conditions.max_tokens;
  const bool at_cap = cap && std::max(*tokens, observation.usage.output_tokens.value_or(0)) >= *cap;
  const bool cut = observation.response.finish_reason == "length" && no_text && at_cap;
  sample.reasoning.push_back({.length = static_cast<double>(*tokens), .capped = cut});
}

absl::Status SampleBuilder::Add(const Observation& observation) {
  const ProbePlan* plan = nullptr;
  if (plan_) {
    const auto it = plan_->find(observation.probe);
    if (it == plan_->end()) {
      ++unplanned_;
      return absl::OkStatus();
    }
    plan = &it->second;
  }
  RawProbe& probe = probes_[observation.probe];
  if (absl::Status status = CheckConditions(observation, probe.sample); !status.ok()) return status;
  if (observation.time) {
    if (!first_time_ || *observation.time < *first_time_) first_time_ = observation.time;
    if (!last_time_ || *observation.time > *last_time_) last_time_ = observation.time;
  }
  if (observation.error) {
    ++failures_[internal::FailureKind(observation)];
    ++probe.sample.failed;
    AddRequestFacts(observation, probe.facts);
    return absl::OkStatus();
  }
  ++usable_;
  ++probe.sample.usable;
  internal::AddDeclaration(observation, declaration_);
  AddFacts(observation, probe.facts);
  if (!plan || plan->token_length) AddLengths(observation, probe);
  if (!plan || plan->reasoning) AddReasoning(observation, probe.sample);
  if (!plan || plan->latency) AddLatency(observation, probe.sample);
  if (!plan || plan->logprob) internal::AddLogprobs(observation, probe.token_index, probe.sample);
  const auto& input_tokens = observation.usage.input_tokens;
  // A count beyond every context length is nonsense, not a measurement.
  if (input_tokens && *input_tokens <= kMostInputTokens && (!plan || plan->tokenizer)) {
    ++probe.sample.input_tokens[*input_tokens];
  }
  if (observation.response.text) {
    const std::string& text = *observation.response.text;
    const bool declared_choice = Declares(probe.facts, "choice");
    const bool may_be_choice = probe.facts.every_answer_short || declared_choice ||
                               (probe.facts.max_tokens && *probe.facts.max_tokens <= kRawChoiceTokens);
    if (plan ? plan->choice : may_be_choice) {
      if (!plan || !plan->normalise_choice) ++probe.raw_choices[RawChoice(text)];
      if (!plan || plan->normalise_choice) ++probe.sample.choices[NormaliseChoice(text)];
    }
    const bool may_be_text = probe.facts.declared_signals.empty() || Declares(probe.facts, "text");
    if (plan ? plan->text : may_be_text) {
      const auto& ids = observation.response.token_ids;
      probe.sample.texts.push_back(ExtractTextFeatures(
          text, ids ? std::span<const std::int64_t>(*ids) : std::span<const std::int64_t>()));
    }
  }
  return absl::OkStatus();
}

SignalPlan SampleBuilder::DecidePlan(const std::vector<const SampleBuilder*>& parts) {
  std::map<std::string, ProbeFacts> facts;
  for (const SampleBuilder* part : parts) {
    for (const auto& [id, probe] : part->probes_) facts[id].Merge(probe.facts);
  }
  SignalPlan plan;
  for (const auto& [id, merged] : facts) plan.emplace(id, PlanFor(merged));
  return plan;
}

void ProbeFacts::Merge(const ProbeFacts& other) {
  declared_signals.insert(other.declared_signals.begin(), other.declared_signals.end());
  every_answer_short = every_answer_short && other.every_answer_short;
  any_answer = any_answer || other.any_answer;
  any_logprob = any_logprob || other.any_logprob;
  any_usage_length = any_usage_length || other.any_usage_length;
  any_events = any_events || other.any_events;
  any_timing = any_timing || other.any_timing;
  any_input_tokens = any_input_tokens || other.any_input_tokens;
  any_reasoning = any_reasoning || other.any_reasoning;
  if (other.max_tokens) max_tokens = other.max_tokens;
}

SampleSet SampleBuilder::Finish(const SignalPlan& plan) && {
  SampleSet set;
  for (auto& [id, probe] : probes_) {
    const auto it = plan.find(id);
    if (it == plan.end()) continue;
    const ProbePlan& wanted = it->second;
    ProbeSample sample = std::move(probe.sample);
    if (!wanted.normalise_choice) sample.choices = std::move(probe.raw_choices);
    if (!wanted.choice) sample.choices.clear();
    if (!wanted.logprob) {
      sample.logprobs.clear();
      sample.tokens.clear();
      sample.logprob_lists = {};
    }
    if (wanted.token_length) {
      sample.lengths = wanted.length_source == LengthSource::kUsage    ? std::move(probe.lengths.usage)
                       : wanted.length_source == LengthSource::kEvents ? std::move(probe.lengths.events)
                                                                       : std::move(probe.lengths.characters);
    }
    if (!wanted.reasoning) sample.reasoning.clear();
    if (!wanted.latency) sample.latencies.clear();
    if (!wanted.tokenizer) sample.input_tokens.clear();
    if (!wanted.text) sample.texts.clear();
    set.probes.emplace(id, std::move(sample));
  }
  set.declaration = std::move(declaration_);
  set.usable = usable_;
  set.failures = std::move(failures_);
  return set;
}

}  // namespace pinchbeck
