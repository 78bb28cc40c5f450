#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_format.h"
#include "pinchbeck/report/identification_writers.h"
#include "pinchbeck/report/report_writers.h"
#include "src/report/identification_words.h"

namespace pinchbeck {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShownModels = 10;
constexpr std::size_t kNameWidth = 48;

std::string Headline(const Identification& identification) {
  switch (identification.verdict) {
    case IdentificationVerdict::kKnown:
      return "KNOWN: " + Printable(identification.ranking.front().model, kNameWidth);
    case IdentificationVerdict::kNoneOfThese:
      return "NONE OF THESE";
    case IdentificationVerdict::kInconclusive:
      return "INCONCLUSIVE";
    case IdentificationVerdict::kNotMeasurable:
      return "NOT MEASURABLE";
  }
  return "";
}

std::string ReasonText(const std::string& reason) {
  if (reason == "several_models_fit")
    return "More than one stored model explains the answers. More answers decide.";
  if (reason == "noise_fits") {
    return "Answers drawn at random explain the recording about as well as the best stored model.\n"
           "More answers decide.";
  }
  if (reason == "best_model_rejected") {
    return "The answers differ from the reference of the best model; a less likely one is not ruled out.";
  }
  if (reason == "too_many_models") return "Too many stored models are plausible to test all of them.";
  if (reason == "not_tested") return "The data that are shared allow a ranking but no test.";
  if (reason == "ranking_only")
    return "The conditions may differ, so the models are ranked and nothing more is said.";
  if (reason == "answers_not_in_log") {
    return "The log that the recording was made of lacks more than 1 in 100 answers; the others may be a\n"
           "selection, so the models are ranked and nothing more is said.";
  }
  if (reason == "no_usable_observation") return "Every request to a known probe failed.";
  if (reason == "nothing_comparable") return "No stored model shares a probe with the recording.";
  return reason;
}

std::string RankingTable(const Identification& identification) {
  if (identification.ranking.empty()) return "";
  std::string text =
      "\nStored models, by how well they explain the answers (shares compare them with each\n"
      "other only):\n";
  text += absl::StrFormat("  %-*s %10s %10s\n", static_cast<int>(kNameWidth), "model", "share", "p-value");
  const std::size_t shown = std::min(kShownModels, identification.ranking.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const RankedModel& model = identification.ranking[i];
    const std::string p_value = model.p_value ? absl::StrFormat("%.4f", *model.p_value) : "not tested";
    text += absl::StrFormat("  %-*s %10.4f %10s\n", static_cast<int>(kNameWidth),
                            Printable(model.model, kNameWidth), model.posterior, p_value);
  }
  if (shown < identification.ranking.size()) {
    text += absl::StrFormat("  and %d more\n", identification.ranking.size() - shown);
  }
  return text;
}

}  // namespace

namespace internal {

std::string IdentificationSentence(const Identification& identification) {
  if (identification.verdict == IdentificationVerdict::kKnown) {
    return "The answers agree with its reference and fit no other stored model nearly as well.";
  }
  if (identification.verdict == IdentificationVerdict::kNoneOfThese) {
    return "The answers differ from the reference of every stored model that they resemble.";
  }
  return ReasonText(identification.reason.value_or(""));
}

}  // namespace internal

std::string IdentificationToJson(const Identification& identification) {
  Json json = {{"schema", kIdentificationSchema},
               {"verdict", IdentificationVerdictName(identification.verdict)},
               {"reason", identification.reason ? Json(*identification.reason) : Json(nullptr)},
               {"alpha", identification.alpha},
               {"seed", identification.seed},
               {"permutations", identification.permutations},
               {"n_observed", identification.n_observed},
               {"n_failed", identification.n_failed}};
  json["ranking"] = Json::array();
  for (const RankedModel& model : identification.ranking) {
    json["ranking"].push_back({{"model", model.model},
                               {"posterior", model.posterior},
                               {"p_value", model.p_value ? Json(*model.p_value) : Json(nullptr)},
                               {"log_marginal", model.log_marginal},
                               {"cells", model.cells}});
  }
  json["noise_log_marginal"] =
      identification.noise_log_marginal ? Json(*identification.noise_log_marginal) : Json(nullptr);
  json["not_comparable"] = Json::array();
  for (const NotComparable& item : identification.not_comparable) {
    json["not_comparable"].push_back({{"model", item.model}, {"reason", item.reason}});
  }
  json["warnings"] = identification.warnings;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string IdentificationToText(const Identification& identification) {
  std::string text =
      Headline(identification) + "\n" + internal::IdentificationSentence(identification) + "\n";
  text += RankingTable(identification);
  if (!identification.not_comparable.empty()) {
    text +=
        absl::StrFormat("\n%d stored models could not be compared (no shared probe, or other conditions).\n",
                        identification.not_comparable.size());
  }
  for (const std::string& warning : identification.warnings)
    text += "note: " + Printable(warning, 400) + "\n";
  text += absl::StrFormat("\n%d answers, level %g, %d relabelings, seed %d\n", identification.n_observed,
                          identification.alpha, identification.permutations, identification.seed);
  return text;
}

}  // namespace pinchbeck
