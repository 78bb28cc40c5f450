#include "src/cli/plan_output.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "pinchbeck/report/report_writers.h"

namespace pinchbeck::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kProbesShown = 12;

template <class T>
Json Optional(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::optional<double> Tokens(const PlanDesign& design) {
  if (!design.input_tokens || !design.output_tokens) return std::nullopt;
  return *design.input_tokens + *design.output_tokens;
}

Json DesignToJson(const PlanDesign& design) {
  const bool reached = design.answers_per_probe.has_value();
  return {{"design", design.name},
          {"signals", design.signals},
          {"probes", design.probes},
          {"family", design.family},
          {"reached", reached},
          {"answers_per_probe", Optional(design.answers_per_probe)},
          {"most_answers", design.most_answers},
          {"answers_low", design.answers_low},
          {"answers_high", Optional(design.answers_high)},
          {"requests", reached ? Json(design.requests) : Json(nullptr)},
          {"input_tokens", reached ? Optional(design.input_tokens) : Json(nullptr)},
          {"output_tokens", reached ? Optional(design.output_tokens) : Json(nullptr)},
          {"cost", reached ? Optional(design.cost) : Json(nullptr)},
          {"rejection_power", Optional(design.rejection_power)},
          {"power", design.power.power},
          {"power_low", design.power.low},
          {"power_high", design.power.high},
          {"monte_carlo_error", design.power.monte_carlo_error},
          {"runs", design.power.runs},
          {"beyond_stored", design.beyond_stored}};
}

std::string DesignText(const PlanDesign& design) {
  std::string text = absl::StrFormat("  %-13s %4d", design.name, design.probes.size());
  if (!design.answers_per_probe) {
    return text + absl::StrFormat("   not reached: power %.2f with %d answers a probe\n", design.power.power,
                                  design.most_answers);
  }
  const std::optional<double> tokens = Tokens(design);
  const std::string range = design.answers_high
                                ? absl::StrFormat("(%d-%d)", design.answers_low, *design.answers_high)
                                : absl::StrFormat("(%d+)", design.answers_low);
  text += absl::StrFormat(" %7d %-9s %8d %9s", *design.answers_per_probe, range, design.requests,
                          tokens ? absl::StrFormat("%.0f", *tokens) : "?");
  if (design.cost) text += absl::StrFormat(" %10.4g", *design.cost);
  return text + absl::StrFormat("   %.2f +- %.2f%s\n", design.power.power, design.power.monte_carlo_error,
                                design.beyond_stored ? " *" : "");
}

std::string CheapestText(const Plan& plan) {
  const PlanDesign& design = plan.designs[*plan.cheapest];
  const std::optional<double> tokens = Tokens(design);
  std::string text = absl::StrFormat("Cheapest: %d answer%s to each of %d of %d probes, %d requests",
                                     *design.answers_per_probe, *design.answers_per_probe == 1 ? "" : "s",
                                     design.probes.size(), plan.cells.size(), design.requests);
  if (tokens) text += absl::StrFormat(", %.0f tokens", *tokens);
  if (design.cost) text += absl::StrFormat(", %.4g at the prices given", *design.cost);
  text += absl::StrFormat(" (%s)\n", absl::StrJoin(design.signals, ", "));
  for (std::size_t i = 0; i < std::min(kProbesShown, design.probes.size()); ++i) {
    text += "  " + Printable(design.probes[i]) + "\n";
  }
  if (design.probes.size() > kProbesShown) {
    text += absl::StrFormat("  and %d more (--json lists all)\n", design.probes.size() - kProbesShown);
  }
  return text;
}

}  // namespace

std::string PlanToText(const Plan& plan) {
  const PlanOptions& options = plan.options;
  std::string text = plan.change ? absl::StrFormat("To notice %s at an endpoint of %s", *plan.change,
                                                   Printable(plan.claimed))
                                 : absl::StrFormat("To notice %s served for %s", Printable(plan.substitute),
                                                   Printable(plan.claimed));
  if (options.share < 1) text += absl::StrFormat(" in %g %% of the answers", 100 * options.share);
  text += absl::StrFormat(" with power %g at alpha %g:\n\n", options.power, options.alpha);
  const bool money = std::any_of(plan.designs.begin(), plan.designs.end(),
                                 [](const PlanDesign& design) { return design.cost.has_value(); });
  text += absl::StrFormat("  %-13s %4s %7s %-9s %8s %9s%s   %s\n", "design", "probes", "answers", "(range)",
                          "requests", "tokens", money ? "       cost" : "", "power +- simulation error");
  for (const PlanDesign& design : plan.designs) text += DesignText(design);
  text += "\n";
  if (plan.cheapest) text += CheapestText(plan);
  text += absl::StrFormat(
      "Answers are per probe; the range is what %d simulated audits leave open (seed %d). verify is assumed "
      "to "
      "%s.\n",
      options.runs, options.seed,
      options.known_substitute ? "have the substitute among its --alternatives" : "know no alternatives");
  for (const std::string& warning : plan.warnings) text += "Note: " + Printable(warning, 400) + "\n";
  return text;
}

std::string PlanToJson(const Plan& plan) {
  const PlanOptions& options = plan.options;
  Json json = {{"schema", "pinchbeck.plan/1"},
               {"claimed", plan.claimed},
               {"substitute", plan.change ? Json(nullptr) : Json(plan.substitute)},
               {"change", Optional(plan.change)},
               {"share", options.share},
               {"alpha", options.alpha},
               {"power", options.power},
               {"claim", ClaimName(options.claim)},
               {"known_substitute", options.known_substitute},
               {"max_answers", options.max_answers},
               {"runs", options.runs},
               {"seed", options.seed},
               {"price_per_mtok_in", Optional(options.price_per_mtok_in)},
               {"price_per_mtok_out", Optional(options.price_per_mtok_out)}};
  json["designs"] = Json::array();
  for (const PlanDesign& design : plan.designs) json["designs"].push_back(DesignToJson(design));
  json["cheapest"] = plan.cheapest ? DesignToJson(plan.designs[*plan.cheapest]) : Json(nullptr);
  json["cells"] = Json::array();
  for (const PlanCell& cell : plan.cells) {
    json["cells"].push_back({{"probe", cell.probe},
                             {"signals", cell.signals},
                             {"input_tokens", Optional(cell.input_tokens)},
                             {"output_tokens", Optional(cell.output_tokens)},
                             {"stored", cell.stored},
                             {"information", cell.information},
                             {"information_per_cost", cell.information_per_cost}});
  }
  json["warnings"] = plan.warnings;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace pinchbeck::cli
