#include "src/audit/configuration.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "src/signal/model_index.h"
#include "src/signal/tempered_choice.h"

namespace pinchbeck::internal {
namespace {

// Reported log-probabilities that agree with the reference's this closely, over so many probes, come from the
// claimed weights (or from somebody who runs them): then other answers mean another configuration. Far below
// what even 4-bit weights show.
constexpr double kSameWeightsNats = 0.02;
constexpr std::int64_t kFewestLogprobProbes = 8;
constexpr double kInformativeNats = 0.1;

const SignalReport* Find(const std::vector<SignalReport>& signals, std::string_view signal) {
  const auto it = std::find_if(signals.begin(), signals.end(),
                               [&](const SignalReport& item) { return item.evidence.signal == signal; });
  return it == signals.end() ? nullptr : &*it;
}

bool Differs(const SignalReport* signal) {
  return signal != nullptr && signal->status == SignalStatus::kDiffers;
}

bool Rejected(const SignalReport& signal, const Report& report) {
  return signal.evidence.counted && signal.adjusted_p_value && *signal.adjusted_p_value <= report.alpha;
}

// What nobody has tested may be excused up to the effect of a typical substitute only: otherwise one more
// token on every count, or one honest probe, would excuse anything.
bool Excusable(const SignalEvidence& evidence) {
  return evidence.effect && std::abs(*evidence.effect) <= evidence.default_effect;
}

// Marks the rejected signals that `explained` holds for; true if no rejected signal is left.
template <class Predicate>
bool Mark(Report& report, const std::string& note, SignalStatus status, Predicate explained) {
  bool left = false;
  for (SignalReport& signal : report.signals) {
    if (!Rejected(signal, report) || signal.status == SignalStatus::kConfigurationDiffers) continue;
    if (!explained(signal)) {
      left = true;
      continue;
    }
    signal.status = status;
    signal.evidence.notes.push_back(note);
  }
  return !left;
}

// Whether no stored alternative could have given the answers: each is rejected, and in no signal that rejects
// the claimed model is it accepted. A whole decision for each of them, so it is asked for once at most.
class RuledOut {
 public:
  RuledOut(const DecisionInput& input, const VerifyOptions& options, const Report& report)
      : input_(input), options_(options), report_(report) {}

  [[nodiscard]] bool All() {
    if (!all_) {
      all_ = std::all_of(input_.alternatives.begin(), input_.alternatives.end(),
                         [&](const SampleSet* alternative) { return Is(*alternative); });
    }
    return *all_;
  }

 private:
  [[nodiscard]] bool Is(const SampleSet& alternative) const {
    DecisionInput as_claimed = input_;
    as_claimed.reference = &alternative;
    as_claimed.alternatives.clear();
    as_claimed.counted_only = true;
    const Decision decision = Decide(as_claimed, options_);
    return decision.any_rejected &&
           std::none_of(report_.signals.begin(), report_.signals.end(), [&](const SignalReport& signal) {
             if (!Rejected(signal, report_)) return false;
             const SignalReport* own = Find(decision.signals, signal.evidence.signal);
             return own != nullptr && own->adjusted_p_value && *own->adjusted_p_value > report_.alpha;
           });
  }

  const DecisionInput& input_;
  const VerifyOptions& options_;
  const Report& report_;
  std::optional<bool> all_;
};

// Probes whose compared tokens are not all but certain: there, models differ.
std::int64_t InformativeProbes(const SampleSet& reference, const SampleSet& observed) {
  return std::count_if(reference.probes.begin(), reference.probes.end(), [&](const auto& entry) {
    const auto it = observed.probes.find(entry.first);
    if (it == observed.probes.end() || it->second.logprobs.empty()) return false;
    return std::any_of(entry.second.logprobs.begin(), entry.second.logprobs.end(), [](const auto& answer) {
      return std::any_of(answer.entries.begin(), answer.entries.end(),
                         [](const auto& token) { return token.second < -kInformativeNats; });
    });
  });
}

bool SameLogprobs(const SignalEvidence& evidence) {
  return evidence.measurable && !evidence.incoherent && evidence.probes >= kFewestLogprobProbes &&
         evidence.detectable_effect && evidence.effect &&
         evidence.effect_high.value_or(*evidence.effect) < kSameWeightsNats;
}

// Log-probabilities of enough probes that say something agree with the claimed weights.
bool ShowsSameWeights(const DecisionInput& input, const Report& report) {
  const SignalReport* logprob = Find(report.signals, "logprob");
  return logprob != nullptr && !Differs(logprob) && SameLogprobs(logprob->evidence) &&
         InformativeProbes(*input.reference, *input.observed) >= kFewestLogprobProbes;
}

// ... and surely less well with every alternative. One without comparable values cannot be told apart by
// them.
bool ShowsOnlyTheseWeights(const DecisionInput& input, const VerifyOptions& options, const Report& report) {
  const SignalEvidence& logprob = Find(report.signals, "logprob")->evidence;
  const double own = std::max(0.0, logprob.effect_high.value_or(*logprob.effect));
  SignalOptions quick;
  quick.claim = options.claim;
  quick.seed = options.seed;
  quick.threads = options.threads;
  quick.permutations = 199;
  return std::all_of(input.alternatives.begin(), input.alternatives.end(), [&](const SampleSet* alternative) {
    const SignalEvidence other = EvaluateLogprob(*alternative, *input.observed, quick);
    return other.measurable && other.effect && other.effect_low.value_or(*other.effect) > own;
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

std::string Formatted(const char* format, double a, double b = 0, double c = 0) {
  char buffer[160];
  std::snprintf(buffer, sizeof buffer, format, a, b, c);
  return buffer;
}

Explained ExplainByLogprobs(const DecisionInput& input, const VerifyOptions& options, RuledOut& ruled_out,
                            Report& report) {
  // Below the gates there is nothing to excuse, and honest drift is no other configuration.
  const bool any = std::any_of(report.signals.begin(), report.signals.end(),
                               [](const SignalReport& signal) { return Differs(&signal); });
  if (!any || !ShowsSameWeights(input, report) || !ruled_out.All()) return Explained::kNo;
  const bool only = ShowsOnlyTheseWeights(input, options, report);
  Configuration found;
  found.kind = "same_log_probabilities";
  found.note = "log-probabilities agree with the claimed weights: other sampling settings";
  if (!only) found.note += ", of this model or of a stored one that they fit about as well";
  Mark(report, found.note, only ? SignalStatus::kConfigurationDiffers : SignalStatus::kInconclusive,
       [](const SignalReport&) { return true; });
  found.explains = only;
  report.configuration = std::move(found);
  return only ? Explained::kBySettings : Explained::kBySettingsOrAlternative;
}

// Was the prompt of the observed answers enrolled, with whatever serving?
bool KnownPrompt(const std::vector<Candidate>& references, const SampleSet& observed) {
  return std::any_of(references.begin(), references.end(), [&](const Candidate& reference) {
    const auto fit = FitTokenizer(reference.sample, observed);
    return fit && fit->reading == TokenizerReading::kSame;
  });
}

bool ExplainByPrompt(const DecisionInput& input, const std::vector<Candidate>& references,
                     RuledOut& ruled_out, Report& report) {
  if (!report.tokenizer || !ShowsOtherPrompt(*report.tokenizer)) return false;
  if (KnownPrompt(references, *input.observed)) return false;
  Configuration found;
  found.kind = "other_prompt";
  const double shift = report.tokenizer->intercept;
  found.note =
      Formatted(shift > 0 ? "every prompt counts %.0f tokens more: a hidden prompt or another template"
                          : "every prompt counts %.0f tokens fewer: another template",
                std::abs(shift));
  const bool tells = input.alternatives.empty() || (LikeliestOfAll(input) && ruled_out.All());
  if (tells) {
    found.explains = Mark(report, found.note, SignalStatus::kConfigurationDiffers,
                          [](const SignalReport& signal) { return Excusable(signal.evidence); });
    if (!found.explains) found.note += "; what differs is more than another prompt is granted";
  } else {
    found.note += "; a stored alternative fits at least as well, so this explains nothing";
  }
  report.configuration = std::move(found);
  return report.configuration->explains;
}

Configuration Described(const TemperatureFinding& finding) {
  Configuration found;
  found.kind = "temperature";
  found.temperature_factor = finding.factor;
  found.temperature_low = finding.low;
  found.temperature_high = finding.high;
  found.p_value = finding.p_value;
  found.note = finding.reason;
  if (finding.explains) {
    found.note = Formatted("the choices are the reference's at %.2f times its temperature [%.2f, %.2f]",
                           finding.factor, finding.low, finding.high);
  }
  return found;
}

Explained ExplainByTemperatures(const DecisionInput& input, const VerifyOptions& options, RuledOut& ruled_out,
                                Report& report) {
  const SignalReport* choice = Find(report.signals, "choice");
  if (choice == nullptr || !Rejected(*choice, report)) return Explained::kNo;
  const auto finding = ExplainByTemperature(*input.reference, *input.observed, input.alternatives,
                                            {.alpha = options.alpha,
                                             .default_effect_bits = choice->evidence.default_effect,
                                             .seed = options.seed,
                                             .threads = options.threads});
  // A temperature that explains nothing is worth telling only if nothing better was found.
  const bool accepted = finding && (finding->explains || finding->tied);
  if (!finding || (!accepted && report.configuration)) return Explained::kNo;
  Configuration found = Described(*finding);
  bool all = false;
  if (accepted) {
    // Texts and lengths change with the temperature too, but how cannot be computed from stored ones.
    const bool may_go_along = finding->tied || ruled_out.All();
    const SignalStatus status =
        finding->tied ? SignalStatus::kInconclusive : SignalStatus::kConfigurationDiffers;
    all = Mark(report, found.note, status, [&](const SignalReport& signal) {
      const std::string& name = signal.evidence.signal;
      const bool sampled = name == "text" || name == "token_length";
      return name == "choice" || (sampled && may_go_along && Excusable(signal.evidence));
    });
  }
  found.explains = all && finding->explains;
  report.configuration = std::move(found);
  if (!all) return Explained::kNo;
  return finding->explains ? Explained::kBySettings : Explained::kBySettingsOrAlternative;
}

// How much a model reasons is a setting of the request: less of it alone says nothing about the weights.
bool ExplainByEffort(RuledOut& ruled_out, Report& report) {
  const SignalReport* reasoning = Find(report.signals, "reasoning");
  if (reasoning == nullptr || !Rejected(*reasoning, report) || !ruled_out.All()) return false;
  Configuration found;
  found.kind = "reasoning_effort";
  found.note = "less reasoning than the reference: the setting of reasoning effort may be another";
  found.explains =
      Mark(report, found.note, SignalStatus::kConfigurationDiffers, [](const SignalReport& signal) {
        // Reported output tokens hold those of the reasoning.
        const bool shorter = signal.evidence.effect.value_or(0) < 0;
        return signal.evidence.signal == "reasoning" || (signal.evidence.signal == "token_length" && shorter);
      });
  const bool explains = found.explains;
  if (explains || !report.configuration) report.configuration = std::move(found);
  return explains;
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

Explained ExplainByConfiguration(const DecisionInput& input, const std::vector<Candidate>& references,
                                 const VerifyOptions& options, Report& report) {
  if (report.claim != Claim::kWeights) return Explained::kNo;
  // Other settings leave the tokenizer as it is.
  if (report.tokenizer && report.tokenizer->reading == TokenizerReading::kOtherTokenizer)
    return Explained::kNo;
  RuledOut ruled_out(input, options, report);
  Explained explained = ExplainByLogprobs(input, options, ruled_out, report);
  if (explained != Explained::kNo) return explained;
  if (ExplainByPrompt(input, references, ruled_out, report)) return Explained::kBySettings;
  explained = ExplainByTemperatures(input, options, ruled_out, report);
  if (explained != Explained::kNo) return explained;
  return ExplainByEffort(ruled_out, report) ? Explained::kBySettings : Explained::kNo;
}

}  // namespace pinchbeck::internal
