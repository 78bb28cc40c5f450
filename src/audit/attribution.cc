#include "src/audit/attribution.h"

#include <Eigen/Core>
#include <algorithm>
#include <optional>

#include "pinchbeck/signal/mixture.h"
#include "src/audit/decision.h"
#include "src/signal/model_index.h"

namespace pinchbeck::internal {
namespace {

// Does the attribution found beat the one that the report has?
bool Better(const Attribution& found, const std::optional<Attribution>& kept) {
  if (!kept) return true;
  const double ours = found.posterior.value_or(0), theirs = kept->posterior.value_or(0);
  return ours > theirs || (found.posterior == kept->posterior && found.p_value > kept->p_value);
}

void NameModel(const SampleSet& reference, const SampleSet& observed,
               const std::vector<Candidate>& alternatives, const VerifyOptions& options, Report& report) {
  std::vector<const SampleSet*> candidates = Samples(alternatives);
  candidates.push_back(&reference);
  const ModelScores scores = ModelIndex(candidates).Score(observed, true);
  const Eigen::ArrayXd marginals = scores.log_marginal;
  const bool scored = scores.scored_cells > 0;
  const Eigen::ArrayXd likelihoods = (marginals - marginals.maxCoeff()).exp();
  const Eigen::ArrayXd posterior = likelihoods / likelihoods.sum();
  std::optional<std::size_t> best_mixture;
  for (std::size_t i = 0; i < alternatives.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    if (scored && (!best_mixture || marginals(row) > marginals(static_cast<Eigen::Index>(*best_mixture)))) {
      best_mixture = i;
    }
    // The claimed model is the alternative of the named one, so that a mixture of both is not taken for
    // either.
    const DecisionInput input{.reference = &alternatives[i].sample,
                              .observed = &observed,
                              .alternatives = {&reference},
                              .spread = nullptr,
                              .counted_only = true};
    const Decision decision = Decide(input, options);
    if (!decision.p_value || *decision.p_value <= options.alpha) continue;
    const Attribution found{alternatives[i].model, scored ? std::optional(posterior(row)) : std::nullopt,
                            *decision.p_value};
    if (Better(found, report.attribution)) report.attribution = found;
  }
  if (!best_mixture) return;
  const Candidate& partner = alternatives[*best_mixture];
  if (const auto estimate = EstimateChoiceMixture(reference, observed, partner.sample)) {
    report.mixture = Mixture{partner.model, estimate->fraction, estimate->low, estimate->high};
  }
}

bool OnlyLatencyDiffers(const std::vector<SignalReport>& signals) {
  return std::all_of(signals.begin(), signals.end(), [](const SignalReport& signal) {
    return signal.status != SignalStatus::kDiffers || signal.evidence.signal == "latency";
  });
}

}  // namespace

void Attribute(const SampleSet& reference, const SampleSet& observed,
               const std::vector<Candidate>& alternatives, const VerifyOptions& options, Report& report) {
  if (OnlyLatencyDiffers(report.signals)) return;
  constexpr double kLevel = 0.05;
  report.other_share_low = LowerLimitOfUnknownShare(reference, observed, kLevel, options.seed);
  if (!alternatives.empty()) NameModel(reference, observed, alternatives, options, report);
}

void NameClosest(const std::vector<Candidate>& alternatives, std::vector<SignalReport>& signals) {
  for (SignalReport& signal : signals) {
    if (const auto closest = signal.evidence.closest_alternative) {
      signal.evidence.notes.push_back("of the stored models these fit \"" + alternatives[*closest].model +
                                      "\" best, better than the claimed one");
    }
  }
}

void AddLargestShares(const SampleSet& reference, const SampleSet& observed,
                      const std::vector<Candidate>& alternatives, Report& report) {
  for (const Candidate& alternative : alternatives) {
    const auto estimate = EstimateChoiceMixture(reference, observed, alternative.sample);
    report.largest_shares.push_back({alternative.model, estimate ? estimate->high : 1});
  }
}

}  // namespace pinchbeck::internal
