// What would an audit cost that notices a given substitute?
#ifndef PINCHBECK_AUDIT_PLAN_H_
#define PINCHBECK_AUDIT_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/power.h"

namespace pinchbeck {

struct PlanOptions {
  // Of the audit: chance of a false `differs`, chance of noticing the substitute, the question asked.
  double alpha = 0.01;
  double power = 0.9;
  Claim claim = Claim::kWeights;
  // Share of the answers that the substitute gives, in (0, 1].
  double share = 1;
  // verify() will be given the substitute among its alternatives.
  bool known_substitute = true;
  // Largest number of answers a probe that is considered.
  std::int64_t max_answers = 1000;
  // Simulated audits behind each power.
  std::int64_t runs = 300;
  std::uint64_t seed = 1;
  int threads = 1;
  // Tokens of a request where the fingerprints do not say.
  std::optional<double> input_tokens = std::nullopt;
  std::optional<double> output_tokens = std::nullopt;
  // Price of a million input and of a million output tokens, in any currency. Without both, no money is
  // stated.
  std::optional<double> price_per_mtok_in = std::nullopt;
  std::optional<double> price_per_mtok_out = std::nullopt;
};

// One probe, in the order in which the cheapest design takes them.
struct PlanCell {
  std::string probe;
  std::vector<std::string> signals;
  // Mean tokens of a request; absent where nobody recorded or stated them.
  std::optional<double> input_tokens = std::nullopt;
  std::optional<double> output_tokens = std::nullopt;
  // Answers stored on both sides, the smaller.
  std::int64_t stored = 0;
  // Squared standard score that an answer adds, per answer, and per token where those are known: what the
  // probes are ranked by.
  double information = 0;
  double information_per_cost = 0;
};

struct PlanDesign {
  // "choice", "logprob", "token_length", "text": that signal alone, on all its probes. "combined": all
  // signals. "cheapest": all signals of the best-ranked probes.
  std::string name;
  std::vector<std::string> signals;
  std::vector<std::string> probes;
  // Counted signals among which alpha is shared.
  std::size_t family = 1;
  // Most answers a probe that were considered: max_answers, or twice what is stored if that is less.
  std::int64_t most_answers = 0;
  // Fewest answers a probe that reach the power; absent when most_answers do not.
  std::optional<std::int64_t> answers_per_probe = std::nullopt;
  std::int64_t requests = 0;
  std::optional<double> input_tokens = std::nullopt;
  std::optional<double> output_tokens = std::nullopt;
  std::optional<double> cost = std::nullopt;
  // By fresh random numbers at that size (at most_answers where the power is not reached), with its
  // simulation error.
  stats::PowerEstimate power = {};
  // Where the power is not reached: share of audits at most_answers that reject equality, whatever the effect
  // gate says. Those beyond `power` end in `inconclusive`.
  std::optional<double> rejection_power = std::nullopt;
  // Answers a probe that the simulation's error leaves open.
  std::int64_t answers_low = 1;
  std::optional<std::int64_t> answers_high = std::nullopt;
  // More answers than are stored had to be simulated, by drawing stored ones several times: optimistic.
  bool beyond_stored = false;
};

struct Plan {
  // `substitute` is empty where a kind of change is planned for.
  std::string claimed, substitute;
  // What is to be noticed, in words, where there is no second fingerprint.
  std::optional<std::string> change = std::nullopt;
  // Options as used, for the report.
  PlanOptions options = {};
  std::vector<PlanDesign> designs = {};
  // Index of the design with the fewest tokens (requests, where tokens are not known); absent when none
  // reaches the power.
  std::optional<std::size_t> cheapest = std::nullopt;
  std::vector<PlanCell> cells = {};
  std::vector<std::string> condition_differences = {};
  std::vector<std::string> warnings = {};
};

// Plans an audit of `claimed` that notices `substitute`, by simulating audits from the two fingerprints.
//
// A simulated audit draws, for every probe, the observed answers without replacement from the substitute's
// stored ones (and, for a share below 1, from the claimed model's); the reference and the stored alternative
// keep the rest. So the three samples are disjoint, as they are in a real audit, and the power is unbiased as
// long as stored answers last: up to half of them may be drawn. Beyond that answers are drawn repeatedly, and
// the power is too high; `beyond_stored` says so. For the cheapest design, whose probes are chosen by what
// the stored answers show, the substitute's answers are split once: one half chooses and is the stored
// alternative, the other is what is observed, so that the choice cannot flatter the power. An audit counts
// when some counted signal rejects at alpha over the family's size and passes its effect gate, against every
// honest variant and their mixture: what verify() calls `differs`, but for Holm's later steps.
//
// Sizes are found by stats::RequiredSampleSize(). Probes are ranked by the squared standard score that their
// tests gain per answer and token in a pilot simulation; the cheapest design is sought among the first 1, 2,
// 3, 4, 6, 8, 12, ... of them with equally many answers each.
//
// Limits: answers to one prompt are drawn independently signal by signal, although one answer may feed
// several; relabelings are fewer than in verify(), which costs a little power; the stored answers are taken
// for the models.
//
// InvalidArgument: alpha, power or share out of range, runs below 20, max_answers below 1, negative tokens or
// prices. FailedPrecondition: the two share no probe with a counted signal, or were made under other
// conditions (the message lists them).
// Cost: some thousand tests; seconds for a few probes, minutes for hundreds of long texts.
// Reference: Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 16.
[[nodiscard]] absl::StatusOr<Plan> PlanAudit(const Fingerprint& claimed, const Fingerprint& substitute,
                                             const PlanOptions& options = {});

// Power of one design: `answers` to each of `probes`, all their counted signals, over options.runs audits.
// Errors as above; an unknown probe is InvalidArgument.
[[nodiscard]] absl::StatusOr<stats::PowerEstimate> DesignPower(const Fingerprint& claimed,
                                                               const Fingerprint& substitute,
                                                               const std::vector<std::string>& probes,
                                                               std::int64_t answers,
                                                               const PlanOptions& options = {});

// What might be served instead, where nobody has a fingerprint of it.
struct PlanChange {
  enum class Kind : std::uint8_t {
    // A model as far away as a typical sibling: the default effect of choices, log-probabilities and lengths
    // (docs/design/0004-effect-gates.md). Nothing is said about texts.
    kOtherModel,
    // The same model at the temperature `value`, whatever is asked for. Seen in choices.
    kTemperature,
    // Answers `value` times as long. Seen in lengths.
    kLength,
  };
  Kind kind = Kind::kOtherModel;
  double value = 1;
};

// "other_model", "temperature=T" with T above 0 and up to 10, "length=F" with F above 0 and up to 100.
// InvalidArgument: anything else.
[[nodiscard]] absl::StatusOr<PlanChange> ParsePlanChange(std::string_view text);

// Plans an audit that notices a kind of change, from one fingerprint. One half of its answers stands for the
// reference; the other, changed, for the endpoint. So the reference is half as large as in a real audit and
// sizes come out somewhat too large. verify() is assumed to know no alternatives, and alpha is shared among
// all signals that the fingerprint feeds.
//
// The stored answers themselves are changed, so that they stay independent draws. Of choices at temperature T
// each is kept with a probability proportional to p^(T0 / T - 1), p being the stored shares and T0 their
// temperature; probes at a temperature below 0.1, or whose temperature was not recorded, are left out. For
// another model part of the choices give way to the next likelier answer until the divergence is the default
// effect; its lengths are multiplied until Cliff's delta is, and its log-probabilities moved up and down in
// turn.
//
// Errors as PlanAudit(); InvalidArgument: a value out of range. FailedPrecondition: the fingerprint has no
// data in which such a change can be seen.
[[nodiscard]] absl::StatusOr<Plan> PlanForChange(const Fingerprint& claimed, const PlanChange& change,
                                                 const PlanOptions& options = {});

}  // namespace pinchbeck

#endif  // PINCHBECK_AUDIT_PLAN_H_
