// Which stored model do the answers come from, if any?
#ifndef PINCHBECK_AUDIT_IDENTIFY_H_
#define PINCHBECK_AUDIT_IDENTIFY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/fingerprint/builder.h"
#include "pinchbeck/fingerprint/fingerprint.h"

namespace pinchbeck {

enum class IdentificationVerdict { kKnown, kNoneOfThese, kInconclusive, kNotMeasurable };
// "known", "none_of_these", "inconclusive", "not_measurable".
[[nodiscard]] std::string_view IdentificationVerdictName(IdentificationVerdict verdict);

struct IdentifyOptions {
  // Level of the test that each stored model must pass.
  double alpha = 0.01;
  std::uint64_t seed = 1;
  // Relabelings of that test; raised to 20 / alpha a signal where that is more.
  std::int64_t permutations = 9999;
  int threads = 1;
  // Models at the top of the ranking that get a p-value although the verdict does not need it.
  std::size_t tested = 3;
  // Go on although conditions differ; the verdict is then never `known` or `none_of_these`.
  bool ranking_only = false;
};

struct RankedModel {
  std::string model;
  // Share of the likelihood among the stored models, each of them taken to be as likely as any other: it
  // ranks them and is not the probability of being served this model.
  double posterior = 0;
  double log_marginal = 0;
  // Smallest Holm-adjusted p-value of the model's tests; absent where it was not tested.
  std::optional<double> p_value;
  // Kinds of data, counted per probe, that it shares with the recording.
  std::int64_t cells = 0;
};

// A stored model that could not be scored.
struct NotComparable {
  std::string model;
  // "no_shared_probe" or "other_conditions".
  std::string reason;
};

struct Identification {
  IdentificationVerdict verdict = IdentificationVerdict::kNotMeasurable;
  // Why a verdict is inconclusive or not measurable, one word for programs: "several_models_fit",
  // "noise_fits", "best_model_rejected", "too_many_models", "not_tested", "ranking_only",
  // "answers_not_in_log", "nothing_comparable", "no_usable_observation".
  std::optional<std::string> reason;
  // Best first.
  std::vector<RankedModel> ranking;
  std::vector<NotComparable> not_comparable;
  // Log marginal likelihood if all answers (numbers of the range, known words, binned lengths) were equally
  // likely; absent where only log-probabilities are shared.
  std::optional<double> noise_log_marginal;
  double alpha = 0.01;
  std::uint64_t seed = 1;
  std::int64_t permutations = 0;
  // Usable observations of probes that the library knows, and failed requests.
  std::int64_t n_observed = 0;
  std::int64_t n_failed = 0;
  std::vector<std::string> warnings;
};

// Stored models, prepared once so that each identification reads every probability from a table.
//
// Fingerprints may hold different probes. Where they read the answers of one probe differently (normalised or
// not, lengths from different sources), most decide, and those that differ do without this probe's data.
class IdentifyLibrary {
 public:
  // InvalidArgument: no fingerprint. Cost: about 30 passes over the distinct answers of each model and probe.
  [[nodiscard]] static absl::StatusOr<IdentifyLibrary> Make(std::vector<Fingerprint> fingerprints);

  // How observed answers must be extracted (ReadObserved).
  [[nodiscard]] const SignalPlan& plan() const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] const std::vector<std::string>& warnings() const;

  struct Data;
  [[nodiscard]] const Data& data() const { return *data_; }

 private:
  explicit IdentifyLibrary(std::shared_ptr<const Data> data) : data_(std::move(data)) {}
  std::shared_ptr<const Data> data_;
};

// Log marginal likelihood of the observed sample under every stored model, in the library's order; -infinity
// for a model that shares nothing with it. The first step of Identify(), without tests.
[[nodiscard]] std::vector<double> ScoreModels(const IdentifyLibrary& library, const SampleSet& observed);

// Ranks the stored models and tests whether the best one is more than the nearest of the wrong ones.
//
//   score_j = sum over cells log p(observed | reference of j)
//
// with a Dirichlet-multinomial for short answers and for binned output lengths, whose prior is the
// reference's counts smoothed by what predicts them best (docs/methods/identify.md), and a Gaussian with
// common variance for first-token log-probabilities. A cell that a model lacks adds the mean likelihood of
// those that have it.
//
// H0 of model j: reference and observed answers of j's probes are exchangeable. Tested as in Verify(), and
// against equally likely answers too; Holm over the signals, largest p-value over honest variants. A model is
// plausible if its posterior is at least alpha / (10 x models). The verdict is
//   none_of_these  if every plausible model is rejected at alpha (a warning says so where the difference from
//                  the best one is no larger than honest servings show among themselves);
//   known          if the best model is not rejected, holds 0.9 of the likelihood of all models, and explains
//                  the answers 1 / alpha times better than answers drawn at random do;
//   inconclusive   otherwise.
// A stored true model is answered by none_of_these with probability at most alpha, plus the chance that it is
// not plausible: at most alpha / 10 as far as the priors describe the models.
//
// InvalidArgument: alpha outside (0, 0.5] or permutations < 99. FailedPrecondition: every stored model that
// shares a probe was enrolled under other conditions and ranking_only is off.
// Cost: ScoreModels() and a permutation test for each tested model.
// Reference: Gelman et al. 2013, Bayesian Data Analysis, section 7.4 (marginal likelihoods); Phipson & Smyth
// 2010, doi:10.2202/1544-6115.1585 (the tests).
[[nodiscard]] absl::StatusOr<Identification> Identify(const IdentifyLibrary& library,
                                                      const SampleSet& observed,
                                                      const IdentifyOptions& options = {});

// Reads recordings, identifies, and adds warnings about files and unknown probes.
[[nodiscard]] absl::StatusOr<Identification> IdentifyRecordings(const IdentifyLibrary& library,
                                                                const std::vector<std::string>& recordings,
                                                                const IdentifyOptions& options = {});

// The same for recordings that were read by library.plan() already, from files or from memory.
[[nodiscard]] absl::StatusOr<Identification> IdentifyObserved(const IdentifyLibrary& library,
                                                              const ObservedSample& observed,
                                                              const IdentifyOptions& options = {});

}  // namespace pinchbeck

#endif  // PINCHBECK_AUDIT_IDENTIFY_H_
