// Planning for a kind of change: a stand-in for the substitute is made from half of the fingerprint's
// answers.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <map>
#include <utility>

#include "pinchbeck/audit/plan.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/counter_rng.h"
#include "src/audit/audit_simulation.h"
#include "src/signal/choice_power.h"

namespace pinchbeck {
namespace {

constexpr double kLowestTemperature = 0.1;
constexpr double kHighestTemperature = 10;
constexpr double kLargestLengthFactor = 100;

using Choices = std::map<std::string, std::int64_t>;

std::string Number(double value) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.3g", value);
  return buffer;
}

std::int64_t Total(const Choices& choices) {
  std::int64_t total = 0;
  for (const auto& entry : choices) total += entry.second;
  return total;
}

std::int64_t TimesOf(const Choices& choices, const std::string& answer) {
  const auto it = choices.find(answer);
  return it == choices.end() ? 0 : it->second;
}

// The stored answers are kept with probabilities proportional to p^(power - 1), so that what is left are
// genuine draws from p^power: drawing anew from estimated shares would add the estimate's noise to the
// change.
Choices Tempered(const Choices& endpoint, const Choices& reference, double power, stats::CounterRng& rng) {
  const double total = static_cast<double>(Total(endpoint) + Total(reference));
  std::map<std::string, double> chances;
  double largest = 0;
  for (const auto& [answer, times] : endpoint) {
    const double share = static_cast<double>(times + TimesOf(reference, answer)) / total;
    chances[answer] = std::pow(share, power - 1);
    largest = std::max(largest, chances[answer]);
  }
  Choices kept;
  for (const auto& [answer, times] : endpoint) {
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < times; ++i) count += rng.Uniform() * largest < chances[answer] ? 1 : 0;
    if (count > 0) kept[answer] = count;
  }
  return kept;
}

// Some of the stored answers give way to their likelier neighbour (or to a new answer), as DivergingShares()
// does with shares.
Choices Diverged(const Choices& endpoint, const Choices& reference, double bits, stats::CounterRng& rng) {
  Choices all = reference;
  for (const auto& [answer, times] : endpoint) all[answer] += times;
  std::vector<std::pair<std::int64_t, std::string>> order;
  for (const auto& [answer, times] : all) order.emplace_back(times, answer);
  std::sort(order.rbegin(), order.rend());
  std::vector<double> shares;
  const double total = static_cast<double>(Total(all));
  for (const auto& entry : order) shares.push_back(static_cast<double>(entry.first) / total);
  shares.push_back(0);
  const std::vector<double> moved = internal::DivergingShares(shares, bits);
  // The share of answers that give way: where the neighbours' shares differ most it is read off best.
  const std::size_t answers = order.size();
  double giving_way = moved.back(), largest = 0;
  const bool to_new = moved.back() > 0;
  for (std::size_t k = 0; k < answers && !to_new; ++k) {
    const double step = shares[(k + 1) % answers] - shares[k];
    if (std::abs(step) <= largest) continue;
    largest = std::abs(step);
    giving_way = (moved[k] - shares[k]) / step;
  }
  Choices changed;
  const std::string new_answer = "(an answer never given)";
  for (std::size_t k = 0; k < answers; ++k) {
    const std::string& next = to_new ? new_answer : order[(k + answers - 1) % answers].second;
    for (std::int64_t i = 0; i < TimesOf(endpoint, order[k].second); ++i) {
      ++changed[rng.Uniform() < giving_way ? next : order[k].second];
    }
  }
  return changed;
}

OutputLength Scaled(const OutputLength& length, double factor, const ProbeConditions& conditions) {
  const double value = std::round(length.length * factor);
  const bool beyond = conditions.max_tokens && value >= static_cast<double>(*conditions.max_tokens);
  // What was cut is at least that long; shortened, it is taken to be just that.
  if (beyond) return {static_cast<double>(*conditions.max_tokens), true};
  return {std::max(0.0, value), length.capped && factor >= 1};
}

// Cliff's delta of the lengths of `second`, scaled, over those of `first`; mean over probes.
double MeanDelta(const SampleSet& first, const SampleSet& second, double factor) {
  double sum = 0, probes = 0;
  for (const auto& [id, probe] : second.probes) {
    const auto it = first.probes.find(id);
    if (probe.lengths.empty() || it == first.probes.end() || it->second.lengths.empty()) continue;
    double balance = 0;
    for (const OutputLength& own : probe.lengths) {
      const double y = Scaled(own, factor, probe.conditions).length;
      for (const OutputLength& other : it->second.lengths) {
        balance += static_cast<double>((y > other.length) - (y < other.length));
      }
    }
    sum += balance / static_cast<double>(probe.lengths.size() * it->second.lengths.size());
    ++probes;
  }
  return probes > 0 ? sum / probes : 0;
}

double FactorForDelta(const SampleSet& first, const SampleSet& second, double delta) {
  double low = 1, high = 64;
  for (int i = 0; i < 30; ++i) {
    const double middle = std::sqrt(low * high);
    (MeanDelta(first, second, middle) < delta ? low : high) = middle;
  }
  return high;
}

void MoveLogprobs(double nats, ProbeSample& probe) {
  for (FirstTokenLogprobs& vector : probe.logprobs) {
    for (auto& [token, value] : vector.entries)
      value = std::min(0.0, value + (token % 2 == 0 ? -nats : nats));
    std::sort(vector.entries.begin(), vector.entries.end(),
              [](const auto& a, const auto& b) { return a.second > b.second; });
  }
}

// Half of the fingerprint as the reference, the other half as the endpoint that is to be changed.
struct Halves {
  Fingerprint reference;
  SampleSet endpoint;
};

Halves Split(const Fingerprint& claimed, std::uint64_t seed) {
  Halves halves{claimed, {}};
  std::vector<SampleSet> lent;
  for (std::size_t i = 0; i < claimed.parts.size(); ++i) {
    SampleSet kept, other;
    internal::HalveSample(claimed.parts[i].sample, stats::MixSeed(seed, 0xC4A6 + i), kept, other);
    // A single stored answer cannot stand on both sides: every change of it would be seen at once.
    internal::RemoveSingles(claimed.parts[i].sample, other);
    halves.reference.parts[i].sample = std::move(kept);
    lent.push_back(std::move(other));
  }
  std::vector<const SampleSet*> parts;
  for (const SampleSet& sample : lent) parts.push_back(&sample);
  halves.endpoint = MergeSamples(parts);
  return halves;
}

// Removes what the change says nothing about.
void KeepOnly(bool choices, bool lengths, bool logprobs, ProbeSample& probe) {
  if (!choices) probe.choices.clear();
  if (!lengths) probe.lengths.clear();
  if (!logprobs) probe.logprobs.clear();
  probe.texts.clear();
  probe.reasoning.clear();
}

const Choices& ChoicesOf(const SampleSet& sample, const std::string& probe) {
  static const Choices kNone;
  const auto it = sample.probes.find(probe);
  return it == sample.probes.end() ? kNone : it->second.choices;
}

std::string ChangeTemperature(double temperature, const SampleSet& reference, std::uint64_t seed,
                              SampleSet& endpoint) {
  std::uint64_t stream = 0;
  for (auto& entry : endpoint.probes) {
    ProbeSample& probe = entry.second;
    stats::CounterRng rng(stats::MixSeed(seed, 0x7E3), stream++);
    const auto& asked = probe.conditions.temperature;
    KeepOnly(asked && *asked >= kLowestTemperature, false, false, probe);
    if (probe.choices.empty()) continue;
    probe.choices = Tempered(probe.choices, ChoicesOf(reference, entry.first), *asked / temperature, rng);
  }
  return "temperature " + Number(temperature);
}

std::string ChangeLength(double factor, SampleSet& endpoint) {
  for (auto& entry : endpoint.probes) {
    KeepOnly(false, true, false, entry.second);
    for (OutputLength& length : entry.second.lengths) {
      length = Scaled(length, factor, entry.second.conditions);
    }
  }
  return "answers " + Number(factor) + " times as long";
}

std::string ChangeModel(const SampleSet& reference, const PlanOptions& options, SampleSet& endpoint) {
  SignalOptions signal;
  signal.claim = options.claim;
  signal.permutations = 99;
  signal.decision_only = true;
  const SignalEvidence choice = EvaluateChoice(reference, endpoint, signal),
                       length = EvaluateTokenLength(reference, endpoint, signal),
                       logprob = EvaluateLogprob(reference, endpoint, signal);
  const double factor = length.measurable ? FactorForDelta(reference, endpoint, length.default_effect) : 1;
  std::uint64_t stream = 0;
  for (auto& entry : endpoint.probes) {
    ProbeSample& probe = entry.second;
    stats::CounterRng rng(stats::MixSeed(options.seed, 0x07E4), stream++);
    KeepOnly(true, true, true, probe);
    if (!probe.choices.empty()) {
      probe.choices = Diverged(probe.choices, ChoicesOf(reference, entry.first), choice.default_effect, rng);
    }
    for (OutputLength& item : probe.lengths) item = Scaled(item, factor, probe.conditions);
    MoveLogprobs(logprob.default_effect, probe);
  }
  std::string text;
  for (const SignalEvidence* evidence : {&choice, &logprob, &length}) {
    if (!evidence->measurable) continue;
    text += (text.empty() ? "" : ", ") + evidence->signal + " " + Number(evidence->default_effect) + " " +
            evidence->effect_unit;
  }
  return "another model at a typical distance (" + text + ")";
}

absl::Status CheckChange(const PlanChange& change) {
  const bool temperature = change.kind == PlanChange::Kind::kTemperature;
  const double most = temperature ? kHighestTemperature : kLargestLengthFactor;
  if (change.kind == PlanChange::Kind::kOtherModel || (change.value > 0 && change.value <= most)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(std::string(temperature ? "temperature" : "length") + " is " +
                                    Number(change.value) + "; give a number above 0 and up to " +
                                    Number(most));
}

bool HasCounted(const ProbeSample& probe) {
  return std::any_of(std::begin(internal::kCountedSignals), std::end(internal::kCountedSignals),
                     [&](std::string_view signal) { return internal::HasSignal(probe, signal); });
}

// Counted signals that a sample has data for.
double CountSignals(const SampleSet& sample) {
  double count = 0;
  for (const std::string_view signal : internal::kCountedSignals) {
    count += std::any_of(sample.probes.begin(), sample.probes.end(),
                         [&](const auto& entry) { return internal::HasSignal(entry.second, signal); });
  }
  return count;
}

}  // namespace

absl::StatusOr<PlanChange> ParsePlanChange(std::string_view text) {
  PlanChange change;
  if (text == "other_model") return change;
  const auto equals = text.find('=');
  const std::string_view name = text.substr(0, equals);
  const bool temperature = name == "temperature";
  if ((!temperature && name != "length") || equals == std::string_view::npos) {
    return absl::InvalidArgumentError("change \"" + std::string(text) +
                                      "\" is unknown; give other_model, temperature=T or length=F");
  }
  change.kind = temperature ? PlanChange::Kind::kTemperature : PlanChange::Kind::kLength;
  const std::string_view value = text.substr(equals + 1);
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), change.value);
  if (parsed.ec != std::errc() || parsed.ptr != value.data() + value.size()) {
    return absl::InvalidArgumentError("change \"" + std::string(text) + "\": \"" + std::string(value) +
                                      "\" is no number");
  }
  PINCHBECK_RETURN_IF_ERROR(CheckChange(change));
  return change;
}

absl::StatusOr<Plan> PlanForChange(const Fingerprint& claimed, const PlanChange& change,
                                   const PlanOptions& options) {
  PINCHBECK_RETURN_IF_ERROR(CheckChange(change));
  Halves halves = Split(claimed, options.seed);
  const double family = CountSignals(halves.endpoint);
  const SampleSet reference = halves.reference.Pooled();
  std::string description;
  switch (change.kind) {
    case PlanChange::Kind::kOtherModel:
      description = ChangeModel(reference, options, halves.endpoint);
      break;
    case PlanChange::Kind::kTemperature:
      description = ChangeTemperature(change.value, reference, options.seed, halves.endpoint);
      break;
    case PlanChange::Kind::kLength:
      description = ChangeLength(change.value, halves.endpoint);
      break;
  }
  const double seen = CountSignals(halves.endpoint);
  const bool any = std::any_of(halves.endpoint.probes.begin(), halves.endpoint.probes.end(),
                               [](const auto& entry) { return HasCounted(entry.second); });
  if (!any) {
    return absl::FailedPreconditionError("the fingerprint of \"" + claimed.model +
                                         "\" has no data in which \"" + description +
                                         "\" can be seen; a probe needs two stored answers or more");
  }
  Fingerprint substitute;
  substitute.model = description;
  substitute.plan = claimed.plan;
  substitute.parts.push_back({"default", "", std::nullopt, std::nullopt, std::move(halves.endpoint)});
  PlanOptions asked = options;
  asked.known_substitute = false;
  // The signals that show nothing of the change take their share of alpha all the same.
  if (options.alpha > 0) asked.alpha = options.alpha * seen / family;
  PINCHBECK_ASSIGN_OR_RETURN(Plan plan, PlanAudit(halves.reference, substitute, asked));
  plan.options = options;
  plan.options.known_substitute = false;
  plan.substitute.clear();
  plan.change = std::move(description);
  plan.warnings.emplace_back(
      "half of the stored answers stood for the reference, so sizes are rather too large");
  if (change.kind == PlanChange::Kind::kTemperature && options.claim == Claim::kWeights) {
    plan.warnings.emplace_back(
        "verify --claim weights calls another temperature `inconclusive` (configuration) once the answers "
        "prove it; --claim serving calls it `differs`");
  }
  return plan;
}

}  // namespace pinchbeck
