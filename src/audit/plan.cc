// Planning: sizes of designs by simulation, ranking of probes, the cheapest design.
#include "pinchbeck/audit/plan.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "pinchbeck/internal/parallel_for.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/counter_rng.h"
#include "src/audit/audit_simulation.h"
#include "src/audit/plan_cost.h"

namespace pinchbeck {
namespace {

using internal::AuditDesign;
using internal::AuditSimulator;

// Pilot audits a probe and size, and the mean standard score at which a size is large enough to rank by:
// beyond it the score is bounded by the number of relabelings.
constexpr int kPilotRuns = 16;
constexpr double kPilotScore = 1.5;
constexpr std::int64_t kLargestPilot = 256;
// Audits simulated between two looks at whether the power can still be reached.
constexpr std::int64_t kBatch = 20;

absl::Status CheckRange(const char* name, double value, bool valid, const char* expected) {
  if (valid) return absl::OkStatus();
  return absl::InvalidArgumentError(std::string(name) + " is " + std::to_string(value) + "; give " +
                                    expected);
}

absl::Status CheckAtLeastZero(const char* name, const std::optional<double>& value) {
  return CheckRange(name, value.value_or(0), !value || (*value >= 0 && std::isfinite(*value)),
                    "a number of at least 0");
}

absl::Status CheckOptions(const PlanOptions& options) {
  PINCHBECK_RETURN_IF_ERROR(CheckRange("alpha", options.alpha, options.alpha > 0 && options.alpha <= 0.5,
                                       "a number above 0 and up to 0.5"));
  PINCHBECK_RETURN_IF_ERROR(
      CheckRange("power", options.power, options.power > 0 && options.power < 1, "a number between 0 and 1"));
  PINCHBECK_RETURN_IF_ERROR(CheckRange("share", options.share, options.share > 0 && options.share <= 1,
                                       "a number above 0 and up to 1"));
  PINCHBECK_RETURN_IF_ERROR(CheckRange("runs", static_cast<double>(options.runs),
                                       options.runs >= 20 && options.runs <= 10000000, "20 to 10000000"));
  PINCHBECK_RETURN_IF_ERROR(CheckRange("max_answers", static_cast<double>(options.max_answers),
                                       options.max_answers >= 1 && options.max_answers <= 1000000,
                                       "1 to 1000000"));
  PINCHBECK_RETURN_IF_ERROR(CheckAtLeastZero("input_tokens", options.input_tokens));
  PINCHBECK_RETURN_IF_ERROR(CheckAtLeastZero("output_tokens", options.output_tokens));
  PINCHBECK_RETURN_IF_ERROR(CheckAtLeastZero("price_per_mtok_in", options.price_per_mtok_in));
  return CheckAtLeastZero("price_per_mtok_out", options.price_per_mtok_out);
}

// What a simulated audit is asked.
enum class Outcome { kDiffers, kRejects };

// Whether the audits so far leave no doubt on which side of the target the power lies.
bool Settled(std::int64_t detected, std::int64_t runs, double target) {
  const double n = static_cast<double>(runs);
  const double error = std::sqrt(target * (1 - target) / n);
  return std::abs(static_cast<double>(detected) / n - target) > 3 * error;
}

// Power of a design. With `may_stop` a power that is clearly above or below the target is left at fewer
// audits than options.runs.
absl::StatusOr<stats::PowerEstimate> SimulatePower(const AuditSimulator& simulator, const AuditDesign& design,
                                                   const PlanOptions& options, std::uint64_t seed,
                                                   bool may_stop, Outcome outcome = Outcome::kDiffers) {
  std::int64_t runs = 0, detected = 0;
  while (runs < options.runs) {
    const std::int64_t batch = std::min(kBatch, options.runs - runs);
    std::vector<char> outcomes(static_cast<std::size_t>(batch), 0);
    internal::ParallelFor(batch, options.threads, [&](std::int64_t i) {
      const std::uint64_t run_seed = stats::MixSeed(seed, static_cast<std::uint64_t>(runs + i));
      const bool hit = outcome == Outcome::kDiffers ? simulator.Differs(design, run_seed)
                                                    : simulator.Rejects(design, run_seed);
      outcomes[static_cast<std::size_t>(i)] = hit ? 1 : 0;
    });
    runs += batch;
    detected += std::count(outcomes.begin(), outcomes.end(), 1);
    if (may_stop && Settled(detected, runs, options.power)) break;
  }
  stats::PowerOptions power;
  power.alpha = options.alpha;
  power.runs = runs;
  return stats::internal::MakePowerEstimate(detected, power);
}

// Finds the fewest answers a probe up to `largest`.
absl::Status FindSize(const AuditSimulator& simulator, std::int64_t largest, const PlanOptions& options,
                      const AuditDesign& asked, PlanDesign& design) {
  const auto sized = [&](std::int64_t n) {
    AuditDesign result = asked;
    result.answers = n;
    return result;
  };
  stats::SampleSizeOptions search;
  search.target_power = options.power;
  search.largest = largest;
  search.seed = stats::MixSeed(options.seed, 0x517E);
  PINCHBECK_ASSIGN_OR_RETURN(const stats::SampleSizeResult found,
                             stats::RequiredSampleSize(
                                 [&](std::int64_t n, std::uint64_t seed) {
                                   return SimulatePower(simulator, sized(n), options, seed, true);
                                 },
                                 search));
  design.answers_per_probe = found.n;
  design.power = found.power;
  design.most_answers = largest;
  design.answers_low = found.n_low;
  design.answers_high = found.n_high;
  if (!found.n) {
    PINCHBECK_ASSIGN_OR_RETURN(const stats::PowerEstimate rejects,
                               SimulatePower(simulator, sized(largest), options,
                                             stats::MixSeed(options.seed, 0x6A7E), true, Outcome::kRejects));
    design.rejection_power = rejects.power;
  }
  design.beyond_stored = simulator.BeyondStored(sized(found.n.value_or(largest)));
  return absl::OkStatus();
}

double MeanScore(const AuditSimulator& simulator, const std::string& probe, const std::string& signal,
                 std::int64_t answers, const PlanOptions& options) {
  std::vector<double> scores(kPilotRuns, 0);
  internal::ParallelFor(kPilotRuns, options.threads, [&](std::int64_t i) {
    scores[static_cast<std::size_t>(i)] =
        simulator.StandardScore(probe, signal, answers, static_cast<std::uint64_t>(i) + 0xF11E7000);
  });
  double sum = 0;
  for (const double score : scores) sum += score;
  return sum / kPilotRuns;
}

// Squared standard score per answer, summed over the probe's signals.
double Information(const AuditSimulator& simulator, const std::string& probe, const PlanOptions& options) {
  double information = 0;
  const std::int64_t largest =
      std::clamp<std::int64_t>(simulator.Stored(probe) / 2, 1, std::min(kLargestPilot, options.max_answers));
  for (const std::string& signal : simulator.SignalsOf(probe)) {
    for (std::int64_t n = 1;; n = std::min(4 * n, largest)) {
      const double score = MeanScore(simulator, probe, signal, n, options);
      if (score < kPilotScore && n < largest) continue;
      information += std::max(0.0, score) * std::max(0.0, score) / static_cast<double>(n);
      break;
    }
  }
  return information;
}

std::vector<PlanCell> RankCells(const AuditSimulator& simulator, const Fingerprint& claimed,
                                const Fingerprint& substitute, const PlanOptions& options, bool& by_tokens) {
  std::vector<PlanCell> cells;
  by_tokens = true;
  for (const std::string& probe : simulator.probes()) {
    PlanCell cell;
    cell.probe = probe;
    cell.signals = simulator.SignalsOf(probe);
    const auto tokens = internal::TokensOfRequest(probe, claimed, substitute, options);
    cell.input_tokens = tokens.input;
    cell.output_tokens = tokens.output;
    cell.stored = simulator.Stored(probe);
    cell.information = Information(simulator, probe, options);
    by_tokens = by_tokens && tokens.input && tokens.output;
    cells.push_back(std::move(cell));
  }
  for (PlanCell& cell : cells) {
    cell.information_per_cost = cell.information / internal::CostOfRequest(cell, by_tokens);
  }
  std::stable_sort(cells.begin(), cells.end(), [](const PlanCell& a, const PlanCell& b) {
    return a.information_per_cost > b.information_per_cost;
  });
  return cells;
}

double CostOf(const PlanDesign& design, bool by_tokens) {
  return by_tokens ? *design.input_tokens + *design.output_tokens : static_cast<double>(design.requests);
}

// 1, 2, 3, 4, 6, 8, 12, 16, 24, ... and the whole.
std::vector<std::size_t> SubsetSizes(std::size_t all) {
  std::set<std::size_t> sizes;
  for (std::size_t k = 1; k < all; k *= 2) {
    sizes.insert(k);
    if (k > 1 && k + k / 2 < all) sizes.insert(k + k / 2);
  }
  sizes.insert(all);
  return {sizes.begin(), sizes.end()};
}

class Planner {
 public:
  Planner(const AuditSimulator& simulator, const PlanOptions& options, bool by_tokens, Plan& plan)
      : simulator_(simulator), options_(options), by_tokens_(by_tokens), plan_(plan) {}

  // One design of given probes; sought up to `largest` answers a probe.
  absl::StatusOr<PlanDesign> Design(const std::string& name, const AuditDesign& asked,
                                    std::int64_t largest) const {
    PlanDesign design;
    design.name = name;
    design.probes = asked.probes;
    const std::vector<std::string> family = simulator_.Family(design.probes);
    design.family = family.size();
    design.signals = asked.signal.empty() ? family : std::vector<std::string>{asked.signal};
    PINCHBECK_RETURN_IF_ERROR(FindSize(simulator_, largest, options_, asked, design));
    internal::SetCost(plan_.cells, design.answers_per_probe.value_or(largest), options_, design);
    return design;
  }

  absl::Status AddWholeDesigns() {
    std::vector<std::string> all;
    for (const PlanCell& cell : plan_.cells) all.push_back(cell.probe);
    for (const std::string& signal : simulator_.Family(all)) {
      std::vector<std::string> probes;
      for (const PlanCell& cell : plan_.cells) {
        if (std::find(cell.signals.begin(), cell.signals.end(), signal) != cell.signals.end()) {
          probes.push_back(cell.probe);
        }
      }
      PINCHBECK_ASSIGN_OR_RETURN(PlanDesign design,
                                 Design(signal, {.probes = probes, .signal = signal}, Most(probes)));
      Keep(std::move(design));
    }
    if (plan_.designs.size() < 2) return absl::OkStatus();
    PINCHBECK_ASSIGN_OR_RETURN(PlanDesign design, Design("combined", {.probes = all}, Most(all)));
    Keep(std::move(design));
    return absl::OkStatus();
  }

  // Tries the best-ranked probes, each number of them only as far as it would be cheaper than what is known.
  absl::Status AddCheapest() {
    std::optional<PlanDesign> best;
    for (const std::size_t k : SubsetSizes(plan_.cells.size())) {
      double round = 0;
      std::vector<std::string> probes;
      for (std::size_t i = 0; i < k; ++i) {
        round += internal::CostOfRequest(plan_.cells[i], by_tokens_);
        probes.push_back(plan_.cells[i].probe);
      }
      const std::int64_t most = Most(probes), largest = std::min(most, Affordable(best, round));
      if (largest < 1) continue;
      const AuditDesign asked{.probes = probes, .signal = "", .answers = largest, .chosen = true};
      if (largest < most) {
        PINCHBECK_ASSIGN_OR_RETURN(
            const stats::PowerEstimate power,
            SimulatePower(simulator_, asked, options_, stats::MixSeed(options_.seed, 0xCEA9 + k), true));
        if (power.power < options_.power) continue;
      }
      PINCHBECK_ASSIGN_OR_RETURN(PlanDesign design, Design("cheapest", asked, largest));
      if (design.answers_per_probe) best = std::move(design);
    }
    if (best) Keep(*std::move(best));
    return absl::OkStatus();
  }

 private:
  [[nodiscard]] std::int64_t Most(const std::vector<std::string>& probes) const {
    return std::min(options_.max_answers, simulator_.MostAnswers(probes));
  }

  // Most answers a probe at which a round of that cost is still cheaper than every design known.
  [[nodiscard]] std::int64_t Affordable(const std::optional<PlanDesign>& best, double round) const {
    std::optional<double> bound;
    if (plan_.cheapest) bound = CostOf(plan_.designs[*plan_.cheapest], by_tokens_);
    if (best) bound = std::min(bound.value_or(CostOf(*best, by_tokens_)), CostOf(*best, by_tokens_));
    if (!bound) return options_.max_answers;
    return std::min(options_.max_answers, static_cast<std::int64_t>(std::ceil(*bound / round)) - 1);
  }

  void Keep(PlanDesign design) {
    const bool reached = design.answers_per_probe.has_value();
    plan_.designs.push_back(std::move(design));
    if (!reached) return;
    const double cost = CostOf(plan_.designs.back(), by_tokens_);
    if (!plan_.cheapest || cost < CostOf(plan_.designs[*plan_.cheapest], by_tokens_)) {
      plan_.cheapest = plan_.designs.size() - 1;
    }
  }

  const AuditSimulator& simulator_;
  const PlanOptions& options_;
  bool by_tokens_;
  Plan& plan_;
};

absl::Status CheckComparable(const Fingerprint& claimed, const Fingerprint& substitute,
                             const AuditSimulator& simulator) {
  if (simulator.probes().empty()) {
    return absl::FailedPreconditionError(
        "the fingerprints of \"" + claimed.model + "\" and \"" + substitute.model +
        "\" share no probe with answers of one kind; nothing can be planned");
  }
  const std::vector<std::string> differences = ConditionDifferences(claimed, substitute.Pooled());
  if (differences.empty()) return absl::OkStatus();
  std::string message = "the fingerprints were made under different conditions:";
  constexpr std::size_t kShown = 5;
  for (std::size_t i = 0; i < std::min(kShown, differences.size()); ++i) message += "\n  " + differences[i];
  if (differences.size() > kShown)
    message += "\n  and " + std::to_string(differences.size() - kShown) + " more";
  return absl::FailedPreconditionError(message);
}

void AddWarnings(const Fingerprint& claimed, const Fingerprint& substitute, bool by_tokens, Plan& plan) {
  for (const Fingerprint* side : {&claimed, &substitute}) {
    if (side->provenance && side->provenance->use == FingerprintUse::kRankingOnly) {
      plan.warnings.push_back("the fingerprint of \"" + side->model +
                              "\" is for ranking only; verify will end in `inconclusive`");
    }
  }
  if (!by_tokens) {
    plan.warnings.emplace_back(
        "tokens are not known for every probe, so designs are compared by requests; state them with "
        "--input-tokens and --output-tokens");
  }
  const bool beyond = std::any_of(plan.designs.begin(), plan.designs.end(),
                                  [](const PlanDesign& design) { return design.beyond_stored; });
  if (beyond) {
    plan.warnings.emplace_back(
        "some sizes exceed half of the stored answers; they were simulated by drawing stored answers several "
        "times, which makes the power too high and the size too small");
  }
  const bool gated = std::any_of(plan.designs.begin(), plan.designs.end(), [&](const PlanDesign& design) {
    return design.rejection_power.value_or(0) >= plan.options.power;
  });
  if (gated) {
    plan.warnings.emplace_back(
        "a design that is not reached would still find a certain difference, but one no larger than honest "
        "servings of the same weights show among themselves: verify ends in `inconclusive` then; for a "
        "change "
        "of one endpoint plan with --claim serving");
  }
  if (!plan.cheapest) {
    plan.warnings.emplace_back(
        "no design reaches the power; sizes were tried up to --max-answers and to twice the stored answers");
  }
}

}  // namespace

absl::StatusOr<Plan> PlanAudit(const Fingerprint& claimed, const Fingerprint& substitute,
                               const PlanOptions& options) {
  PINCHBECK_RETURN_IF_ERROR(CheckOptions(options));
  const AuditSimulator simulator(claimed, substitute, options);
  PINCHBECK_RETURN_IF_ERROR(CheckComparable(claimed, substitute, simulator));
  Plan plan;
  plan.claimed = claimed.model;
  plan.substitute = substitute.model;
  plan.options = options;
  bool by_tokens = false;
  plan.cells = RankCells(simulator, claimed, substitute, options, by_tokens);
  Planner planner(simulator, options, by_tokens, plan);
  PINCHBECK_RETURN_IF_ERROR(planner.AddWholeDesigns());
  if (plan.cells.size() > 1) PINCHBECK_RETURN_IF_ERROR(planner.AddCheapest());
  AddWarnings(claimed, substitute, by_tokens, plan);
  return plan;
}

absl::StatusOr<stats::PowerEstimate> DesignPower(const Fingerprint& claimed, const Fingerprint& substitute,
                                                 const std::vector<std::string>& probes, std::int64_t answers,
                                                 const PlanOptions& options) {
  PINCHBECK_RETURN_IF_ERROR(CheckOptions(options));
  const AuditSimulator simulator(claimed, substitute, options);
  PINCHBECK_RETURN_IF_ERROR(CheckComparable(claimed, substitute, simulator));
  for (const std::string& probe : probes) {
    if (simulator.SignalsOf(probe).empty()) {
      return absl::InvalidArgumentError("probe \"" + probe + "\" is not in both fingerprints");
    }
  }
  if (probes.empty() || answers < 1 || answers > options.max_answers) {
    return absl::InvalidArgumentError("give at least one probe and 1 to max_answers answers");
  }
  return SimulatePower(simulator, {.probes = probes, .signal = "", .answers = answers}, options,
                       stats::MixSeed(options.seed, 0xDE51), false);
}

}  // namespace pinchbeck
