#include "pinchbeck/audit/identify.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "pinchbeck/internal/status_macros.h"
#include "src/audit/decision.h"
#include "src/audit/identify_library.h"
#include "src/signal/failure_kind.h"

namespace pinchbeck {
namespace {

using internal::Decision;
using internal::ModelScores;
using Model = IdentifyLibrary::Data::Model;

// Share of the likelihood of all models that makes the best model `known`.
constexpr double kKnownShare = 0.9;
// Part of alpha spent on calling the true model implausible.
constexpr double kPlausiblePart = 0.1;
// Other models that a test looks for in particular.
constexpr std::size_t kMostAlternatives = 16;
// Plausible models that are tested before the verdict is left open.
constexpr std::size_t kMostTests = 64;

absl::Status CheckOptions(const IdentifyOptions& options) {
  if (!(options.alpha > 0 && options.alpha <= 0.5)) {
    return absl::InvalidArgumentError("alpha is " + std::to_string(options.alpha) +
                                      "; it must lie in (0, 0.5]");
  }
  if (options.permutations < 99) {
    return absl::InvalidArgumentError("permutations is " + std::to_string(options.permutations) +
                                      "; at least 99 are needed");
  }
  return absl::OkStatus();
}

// Outcome of the test of one model.
struct Tested {
  std::optional<double> p_value;
  bool rejected = false;
  // Rejected by more than honest servings show among themselves.
  bool beyond_gate = false;
};

// The tests of one observed sample against models of the library.
class Tester {
 public:
  Tester(const IdentifyLibrary::Data& library, const SampleSet& observed, const ModelScores& scores,
         const IdentifyOptions& options)
      : library_(library), observed_(observed), scores_(scores), options_(options) {}

  [[nodiscard]] std::int64_t permutations() const { return permutations_; }

  Tested Test(std::size_t model) {
    const Model& tested = library_.models[model];
    const std::vector<const SampleSet*> alternatives = Alternatives(model);
    std::vector<const SampleSet*> references = {&tested.pooled};
    for (const auto& variant : tested.variants) references.push_back(&variant.second);
    Tested best;
    for (const SampleSet* reference : references) {
      const bool conflicting = scores_.conflicting[model] > 0 && !options_.ranking_only;
      const Tested next = conflicting ? TestReference(WithoutConflicts(*reference), tested, alternatives)
                                      : TestReference(*reference, tested, alternatives);
      if (!next.p_value) continue;
      // The composite null of any honest serving: what agrees best counts.
      if (!best.p_value || *next.p_value > *best.p_value) best = next;
    }
    return best;
  }

 private:
  // The probes that were asked under the observed conditions.
  [[nodiscard]] SampleSet WithoutConflicts(const SampleSet& reference) const {
    SampleSet kept = reference;
    for (const auto& [probe, sample] : observed_.probes) {
      const auto found = kept.probes.find(probe);
      if (found == kept.probes.end()) continue;
      if (!internal::ConditionsAgree(found->second.conditions, sample.conditions)) kept.probes.erase(found);
    }
    return kept;
  }

  Tested TestReference(const SampleSet& reference, const Model& model,
                       const std::vector<const SampleSet*>& alternatives) {
    const internal::DecisionInput input{.reference = &reference,
                                        .observed = &observed_,
                                        .alternatives = alternatives,
                                        .spread = &model.spread,
                                        .counted_only = true,
                                        .identification = true};
    const auto family = static_cast<double>(internal::FamilySize(reference, observed_));
    VerifyOptions options;
    options.alpha = options_.alpha;
    options.seed = options_.seed;
    options.threads = options_.threads;
    options.permutations =
        std::max(options_.permutations, static_cast<std::int64_t>(std::ceil(20 * family / options_.alpha)));
    permutations_ = std::max(permutations_, options.permutations);
    const Decision decision = internal::Decide(input, options);
    return {decision.p_value, decision.any_rejected, decision.any_differs};
  }

  // Others that the test looks for. Of many, those that fit the answers of both sides together best: a choice
  // that does not depend on which answers are the observed ones, so that the test stays exact.
  std::vector<const SampleSet*> Alternatives(std::size_t model) const {
    std::vector<std::size_t> others;
    for (std::size_t i = 0; i < library_.models.size(); ++i) {
      if (i != model && scores_.cells[i] > 0) others.push_back(i);
    }
    if (others.size() > kMostAlternatives) {
      const SampleSet both = MergeSamples({&library_.models[model].pooled, &observed_});
      const Eigen::ArrayXd fit = library_.index.Score(both, true).log_marginal;
      const auto better = [&](std::size_t a, std::size_t b) {
        return fit(static_cast<Eigen::Index>(a)) > fit(static_cast<Eigen::Index>(b));
      };
      std::nth_element(others.begin(), others.begin() + kMostAlternatives, others.end(), better);
      others.resize(kMostAlternatives);
    }
    std::vector<const SampleSet*> samples;
    for (const std::size_t other : others) samples.push_back(&library_.models[other].pooled);
    return samples;
  }

  const IdentifyLibrary::Data& library_;
  const SampleSet& observed_;
  const ModelScores& scores_;
  const IdentifyOptions& options_;
  std::int64_t permutations_ = 0;
};

// Comparable models, best first, ties in the library's order.
std::vector<std::size_t> RankedIndices(const ModelScores& scores) {
  std::vector<std::size_t> ranked;
  for (std::size_t i = 0; i < scores.cells.size(); ++i) {
    if (scores.cells[i] > 0) ranked.push_back(i);
  }
  std::stable_sort(ranked.begin(), ranked.end(), [&](std::size_t a, std::size_t b) {
    return scores.log_marginal(static_cast<Eigen::Index>(a)) >
           scores.log_marginal(static_cast<Eigen::Index>(b));
  });
  return ranked;
}

std::vector<RankedModel> Ranking(const IdentifyLibrary::Data& library, const ModelScores& scores,
                                 const std::vector<std::size_t>& ranked) {
  std::vector<RankedModel> ranking;
  double total = 0;
  const auto score = [&](std::size_t i) { return scores.log_marginal(static_cast<Eigen::Index>(i)); };
  for (const std::size_t i : ranked) {
    const double likelihood = std::exp(score(i) - score(ranked.front()));
    total += likelihood;
    ranking.push_back({library.models[i].name, likelihood, score(i), std::nullopt, scores.cells[i]});
  }
  for (RankedModel& model : ranking) model.posterior /= total;
  return ranking;
}

// Share of the likelihood that fingerprints with the best one's label have.
double ShareOfBest(const Identification& result) {
  double share = 0;
  for (const RankedModel& model : result.ranking) {
    share += model.model == result.ranking.front().model ? model.posterior : 0;
  }
  return share;
}

bool NoiseExplainsBetter(const Identification& result, double allowed) {
  return result.noise_log_marginal &&
         *result.noise_log_marginal > result.ranking.front().log_marginal - allowed;
}

void Conclude(Identification& result, IdentificationVerdict verdict, const char* reason = nullptr) {
  result.verdict = verdict;
  result.reason = reason == nullptr ? std::nullopt : std::optional<std::string>(reason);
}

void ConcludeAccepted(Identification& result, bool best_rejected) {
  if (best_rejected) return Conclude(result, IdentificationVerdict::kInconclusive, "best_model_rejected");
  if (ShareOfBest(result) < kKnownShare) {
    return Conclude(result, IdentificationVerdict::kInconclusive, "several_models_fit");
  }
  // By Markov's inequality noise is taken for a given model with probability at most alpha.
  if (NoiseExplainsBetter(result, -std::log(result.alpha))) {
    return Conclude(result, IdentificationVerdict::kInconclusive, "noise_fits");
  }
  Conclude(result, IdentificationVerdict::kKnown);
}

// A rejection is certain of a difference, not of another model: servings of one model differ a little, too.
// Noise that explains the answers better is no serving of a model.
void WarnAboutSmallEffect(const Tested& best, Identification& result) {
  const RankedModel& model = result.ranking.front();
  if (best.beyond_gate || NoiseExplainsBetter(result, 0)) return;
  result.warnings.push_back("the answers differ from the reference of \"" + model.model +
                            "\", but by no more than honest servings of one model may; it may be another "
                            "serving of it");
}

// Tests the models from the best down as far as the verdict needs, and sets it.
void Judge(Tester& tester, const std::vector<std::size_t>& ranked, const IdentifyOptions& options,
           Identification& result) {
  const double plausible = kPlausiblePart * options.alpha / static_cast<double>(ranked.size());
  bool any_accepted = false, best_rejected = false, exhausted = false, untested = false;
  for (std::size_t r = 0; r < ranked.size(); ++r) {
    const bool matters = result.ranking[r].posterior >= plausible && !any_accepted;
    if (matters && r >= kMostTests) {
      exhausted = true;
      break;
    }
    if (!matters && r >= options.tested) break;
    const Tested tested = tester.Test(ranked[r]);
    result.ranking[r].p_value = tested.p_value;
    if (!matters) continue;
    untested |= !tested.p_value;
    any_accepted = tested.p_value && !tested.rejected;
    if (r == 0 && tested.rejected) {
      best_rejected = true;
      WarnAboutSmallEffect(tested, result);
    }
  }
  result.permutations = tester.permutations();
  if (any_accepted) return ConcludeAccepted(result, best_rejected);
  if (untested) return Conclude(result, IdentificationVerdict::kInconclusive, "not_tested");
  if (exhausted) return Conclude(result, IdentificationVerdict::kInconclusive, "too_many_models");
  Conclude(result, IdentificationVerdict::kNoneOfThese);
}

std::int64_t UsableKnown(const IdentifyLibrary& library, const SampleSet& observed) {
  std::int64_t usable = 0;
  for (const auto& [id, probe] : observed.probes) usable += library.plan().count(id) > 0 ? probe.usable : 0;
  return usable;
}

void ListNotComparable(const IdentifyLibrary::Data& library, const ModelScores& scores,
                       Identification& result) {
  std::int64_t partly = 0;
  for (std::size_t i = 0; i < library.models.size(); ++i) {
    const bool conflicting = scores.conflicting[i] > 0;
    if (scores.cells[i] == 0) {
      result.not_comparable.push_back(
          {library.models[i].name, conflicting ? "other_conditions" : "no_shared_probe"});
    } else if (conflicting) {
      ++partly;
    }
  }
  if (partly > 0) {
    result.warnings.push_back(std::to_string(partly) +
                              " fingerprints hold some probes under other conditions than the recording; "
                              "these probes were left out for them");
  }
}

absl::Status OtherConditions(const IdentifyLibrary::Data& library, const ModelScores& scores,
                             const SampleSet& observed) {
  const auto first = std::find_if(scores.conflicting.begin(), scores.conflicting.end(),
                                  [](std::int64_t count) { return count > 0; });
  const Model& model = library.models[static_cast<std::size_t>(first - scores.conflicting.begin())];
  const std::vector<std::string> differences = ConditionDifferences(model.pooled, observed);
  std::string message = "every stored model was enrolled under other conditions than the recording";
  if (!differences.empty()) message += "; fingerprint \"" + model.name + "\": " + differences.front();
  return absl::FailedPreconditionError(
      message + "\nrecord again with the fingerprints' settings, or rank only (--ranking-only)");
}

}  // namespace

std::string_view IdentificationVerdictName(IdentificationVerdict verdict) {
  switch (verdict) {
    case IdentificationVerdict::kKnown:
      return "known";
    case IdentificationVerdict::kNoneOfThese:
      return "none_of_these";
    case IdentificationVerdict::kInconclusive:
      return "inconclusive";
    case IdentificationVerdict::kNotMeasurable:
      return "not_measurable";
  }
  return "not_measurable";
}

std::vector<double> ScoreModels(const IdentifyLibrary& library, const SampleSet& observed) {
  const ModelScores scores = library.data().index.Score(observed);
  std::vector<double> result(library.size(), -std::numeric_limits<double>::infinity());
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (scores.cells[i] > 0) result[i] = scores.log_marginal(static_cast<Eigen::Index>(i));
  }
  return result;
}

absl::StatusOr<Identification> Identify(const IdentifyLibrary& library, const SampleSet& observed,
                                        const IdentifyOptions& options) {
  PINCHBECK_RETURN_IF_ERROR(CheckOptions(options));
  const IdentifyLibrary::Data& data = library.data();
  Identification result;
  result.alpha = options.alpha;
  result.seed = options.seed;
  result.n_observed = UsableKnown(library, observed);
  for (const auto& entry : observed.failures) result.n_failed += entry.second;
  result.warnings = library.warnings();
  const ModelScores scores = data.index.Score(observed, options.ranking_only);
  ListNotComparable(data, scores, result);
  const std::vector<std::size_t> ranked = RankedIndices(scores);
  if (ranked.empty()) {
    const bool conflict = std::any_of(scores.conflicting.begin(), scores.conflicting.end(),
                                      [](std::int64_t count) { return count > 0; });
    if (conflict) return OtherConditions(data, scores, observed);
    Conclude(result, IdentificationVerdict::kNotMeasurable,
             observed.usable == 0 && result.n_failed > 0 ? "no_usable_observation" : "nothing_comparable");
    return result;
  }
  result.noise_log_marginal = scores.noise;
  result.ranking = Ranking(data, scores, ranked);
  Tester tester(data, observed, scores, options);
  Judge(tester, ranked, options, result);
  if (options.ranking_only) Conclude(result, IdentificationVerdict::kInconclusive, "ranking_only");
  if (internal::IsSelectedByLog(observed)) {
    Conclude(result, IdentificationVerdict::kInconclusive, "answers_not_in_log");
  }
  return result;
}

absl::StatusOr<Identification> IdentifyRecordings(const IdentifyLibrary& library,
                                                  const std::vector<std::string>& recordings,
                                                  const IdentifyOptions& options) {
  PINCHBECK_ASSIGN_OR_RETURN(const ObservedSample observed, ReadObserved(recordings, library.plan()));
  return IdentifyObserved(library, observed, options);
}

absl::StatusOr<Identification> IdentifyObserved(const IdentifyLibrary& library,
                                                const ObservedSample& observed,
                                                const IdentifyOptions& options) {
  PINCHBECK_ASSIGN_OR_RETURN(Identification result, Identify(library, observed.sample, options));
  result.warnings.insert(result.warnings.begin(), observed.recordings.warnings.begin(),
                         observed.recordings.warnings.end());
  if (observed.unplanned > 0) {
    result.warnings.push_back(std::to_string(observed.unplanned) +
                              " observations belong to probes that no fingerprint holds and were left out");
  }
  if (result.n_failed > 0) {
    result.warnings.push_back(std::to_string(result.n_failed) +
                              " requests failed; failures are counted, not compared");
  }
  return result;
}

}  // namespace pinchbeck
