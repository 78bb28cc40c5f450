#include "src/audit/configuration.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "src/audit/power.h"
#include "src/signal/model_index.h"
#include "src/signal/tempered_choice.h"

namespace pinchbeck::internal {
namespace {

// Reported log-probabilities that agree with the reference's this closely come from the claimed weights (or
// from somebody who runs them): then other answers mean another configuration. Far below what even 4-bit
// weights show.
constexpr double kSameWeightsNats = 0.02;

const SignalReport* Find(const Report& report, std::string_view signal) {
  const auto it = std::find_if(report.signals.begin(), report.signals.end(),
                               [&](const SignalReport& item) { return item.evidence.signal == signal; });
  return it == report.signals.end() ? nullptr : &*it;
}

bool Differs(const SignalReport* signal) {
  return signal != nullptr && signal->status == SignalStatus::kDiffers;
}

bool Rejected(const SignalReport& signal, const Report& report) {
  return signal.evidence.counted && signal.adjusted_p_value && *signal.adjusted_p_value <= report.alpha;
}

// Marks the rejected signals that `explained` holds for; true if none of those is left that decide: the ones
// that differ, or, where none passes its gate, all.
template <class Explained>
bool Mark(Report& report, const std::string& note, Explained explained) {
  const bool any_differs = std::any_of(report.signals.begin(), report.signals.end(), [](const auto& signal) {
    return signal.evidence.counted && signal.status == SignalStatus::kDiffers;
  });
  bool left = false;
  for (SignalReport& signal : report.signals) {
    if (!Rejected(signal, report)) continue;
    if (!explained(signal)) {
      left = left || !any_differs || signal.status == SignalStatus::kDiffers;
      continue;
    }
    signal.status = SignalStatus::kConfigurationDiffers;
    signal.evidence.notes.push_back(note);
  }
  return !left;
}

bool SameLogprobs(const SignalEvidence& evidence) {
  return evidence.measurable && !evidence.incoherent && evidence.detectable_effect && evidence.effect &&
         evidence.effect_high.value_or(*evidence.effect) < kSameWeightsNats;
}

// The log-probabilities fit the claimed weights and no alternative's. An alternative without comparable ones
// cannot be told from the claimed model by them.
bool ShowsSameWeights(const DecisionInput& input, const VerifyOptions& options, const Report& report) {
  const SignalReport* logprob = Find(report, "logprob");
  if (logprob == nullptr || Differs(logprob) || !SameLogprobs(logprob->evidence)) return false;
  SignalOptions quick;
  quick.claim = options.claim;
  quick.seed = options.seed;
  quick.threads = options.threads;
  quick.permutations = 199;
  return std::all_of(input.alternatives.begin(), input.alternatives.end(), [&](const SampleSet* alternative) {
    const SignalEvidence other = EvaluateLogprob(*alternative, *input.observed, quick);
    return other.measurable && other.effect && other.effect_low.value_or(*other.effect) > kSameWeightsNats;
  });
}

// The claimed model is likelier than every alternative over all data that models are scored by.
bool LikeliestOfAll(const DecisionInput& input) {
  std::vector<const SampleSet*> models = input.alternatives;
  models.push_back(input.reference);
  const ModelScores scores = ModelIndex(models).Score(*input.observed, true);
  if (scores.scored_cells == 0) return false;
  const Eigen::Index own = scores.log_marginal.size() - 1;
  return (scores.log_marginal.head(own) < scores.log_marginal(own)).all();
}

bool PowerAgainstAll(const DecisionInput& input, const std::vector<Candidate>& alternatives,
                     const VerifyOptions& options) {
  return std::all_of(alternatives.begin(), alternatives.end(), [&](const Candidate& alternative) {
    return PowerAgainst(alternative.sample, input, options, 1) >= kRequiredPower;
  });
}

std::string Formatted(const char* format, double a, double b = 0, double c = 0) {
  char buffer[160];
  std::snprintf(buffer, sizeof buffer, format, a, b, c);
  return buffer;
}

bool ExplainByLogprobs(const DecisionInput& input, const VerifyOptions& options, Report& report) {
  // Below the gates there is nothing to excuse, and honest drift is no other configuration.
  const bool any = std::any_of(report.signals.begin(), report.signals.end(),
                               [](const SignalReport& signal) { return Differs(&signal); });
  if (!any) return false;
  if (!ShowsSameWeights(input, options, report)) return false;
  Configuration found;
  found.kind = "same_log_probabilities";
  found.note =
      "log-probabilities agree with the claimed weights: other sampling settings, template or system prompt";
  found.explains = Mark(report, found.note, [](const SignalReport&) { return true; });
  report.configuration = std::move(found);
  return report.configuration->explains;
}

bool ExplainByPrompt(const DecisionInput& input, const std::vector<Candidate>& alternatives,
                     const VerifyOptions& options, Report& report) {
  if (!report.tokenizer || !ShowsOtherPrompt(*report.tokenizer)) return false;
  Configuration found;
  found.kind = "other_prompt";
  const double shift = report.tokenizer->intercept;
  found.note =
      Formatted(shift > 0 ? "every prompt counts %.0f tokens more: a hidden prompt or another template"
                          : "every prompt counts %.0f tokens fewer: another template",
                std::abs(shift));
  const bool tells =
      alternatives.empty() || (LikeliestOfAll(input) && PowerAgainstAll(input, alternatives, options));
  if (tells) {
    found.explains = Mark(report, found.note, [](const SignalReport&) { return true; });
  } else {
    found.note += "; a stored alternative fits at least as well, so this explains nothing";
  }
  report.configuration = std::move(found);
  return report.configuration->explains;
}

bool ExplainByTemperatures(const DecisionInput& input, const VerifyOptions& options, Report& report) {
  const SignalReport* choice = Find(report, "choice");
  if (choice == nullptr || !Rejected(*choice, report)) return false;
  const auto finding = ExplainByTemperature(
      *input.reference, *input.observed, input.alternatives,
      {.alpha = options.alpha, .default_effect_bits = choice->evidence.default_effect, .seed = options.seed});
  // A temperature that explains nothing is worth telling only if nothing better was found.
  if (!finding || (!finding->explains && report.configuration)) return false;
  Configuration found;
  found.kind = "temperature";
  found.temperature_factor = finding->factor;
  found.temperature_low = finding->low;
  found.temperature_high = finding->high;
  found.p_value = finding->p_value;
  found.note = finding->reason;
  if (finding->explains) {
    found.note = Formatted("the choices are the reference's at %.2f times its temperature [%.2f, %.2f]",
                           finding->factor, finding->low, finding->high);
    found.explains = Mark(report, found.note, [](const SignalReport& signal) {
      const std::string& name = signal.evidence.signal;
      return name == "choice" || name == "text" || name == "token_length";
    });
  }
  report.configuration = std::move(found);
  return report.configuration->explains;
}

}  // namespace

void MarkWithinMargin(std::vector<SignalReport>& signals, const Report& report) {
  for (SignalReport& signal : signals) {
    SignalEvidence& evidence = signal.evidence;
    if (signal.status != SignalStatus::kConsistent || !evidence.equality_p_value) continue;
    if (*evidence.equality_p_value > report.alpha) continue;
    if (report.claim == Claim::kWeights && report.variants < 2) signal.status = SignalStatus::kInconclusive;
    evidence.notes.emplace_back("not equal, but within the margin that honest servings are granted");
  }
}

bool ExplainByConfiguration(const DecisionInput& input, const std::vector<Candidate>& alternatives,
                            const VerifyOptions& options, Report& report) {
  if (report.claim != Claim::kWeights) return false;
  return ExplainByLogprobs(input, options, report) || ExplainByPrompt(input, alternatives, options, report) ||
         ExplainByTemperatures(input, options, report);
}

}  // namespace pinchbeck::internal
