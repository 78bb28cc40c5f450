#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "pinchbeck/report/checks_writers.h"
#include "pinchbeck/report/report_writers.h"

namespace pinchbeck {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
Json OrNull(const std::optional<T>& value) {
  return value.has_value() ? Json(*value) : Json(nullptr);
}

Json CheckJson(const CheckResult& check) {
  const bool measured = check.p_value.has_value();
  Json json;
  json["check"] = check.check;
  json["status"] = SignalStatusName(check.status);
  json["p_value"] = OrNull(check.p_value);
  json["adjusted_p_value"] = OrNull(check.adjusted_p_value);
  const bool counted = measured && check.trials > 0;
  json["events"] = counted ? Json(check.events) : Json(nullptr);
  json["trials"] = counted ? Json(check.trials) : Json(nullptr);
  json["low"] = counted ? Json(check.low) : Json(nullptr);
  json["high"] = counted ? Json(check.high) : Json(nullptr);
  json["effect"] = OrNull(check.effect);
  json["effect_unit"] = check.effect.has_value() ? Json(check.effect_unit) : Json(nullptr);
  json["reference_events"] = OrNull(check.reference_events);
  json["reference_trials"] = OrNull(check.reference_trials);
  json["null_hypothesis"] = check.null_hypothesis;
  json["method"] = check.method;
  json["notes"] = check.notes;
  return json;
}

std::string EventName(const CheckResult& check) {
  if (check.check == "cache") return "pairs of equal answers";
  if (check.check == "effort") return "problems without longer reasoning at high effort";
  return check.check.starts_with("context") ? "needles lost" : "lines changed";
}

std::string CheckText(const CheckResult& check) {
  std::string text =
      absl::StrFormat("\n  %-16s %s", check.check, std::string(SignalStatusName(check.status)));
  if (check.p_value.has_value()) {
    text +=
        absl::StrFormat("  p = %.2g (adjusted %.2g)", *check.p_value, check.adjusted_p_value.value_or(1.0));
    if (check.trials > 0) {
      text += absl::StrFormat("\n    %s: %d of %d (95 %% interval %.1f to %.1f %%)", EventName(check),
                              check.events, check.trials, 100 * check.low, 100 * check.high);
    }
    if (check.reference_trials.has_value()) {
      text += absl::StrFormat("; reference: %d of %d", *check.reference_events, *check.reference_trials);
    }
    if (check.effect.has_value())
      text += absl::StrFormat("\n    effect: %.2f (%s)", *check.effect, check.effect_unit);
    text += "\n    tested: " + check.null_hypothesis;
  }
  text += "\n";
  for (const std::string& note : check.notes) text += "    " + Printable(note, 200) + "\n";
  return text;
}

std::string ContextText(const ContextEstimate& context) {
  const std::string low = context.low.has_value() ? absl::StrFormat("%d", *context.low) : "the shortest rung";
  if (!context.high.has_value()) {
    return context.low.has_value()
               ? absl::StrFormat("\nUsable context: at least %s tokens; no rung is known to fail.\n", low)
               : "\nUsable context: too few answers to say.\n";
  }
  return absl::StrFormat("\nUsable context: %s %s and at most %d tokens.\n",
                         context.low.has_value() ? "at least" : "possibly below", low, *context.high);
}

std::string Headline(Verdict verdict) {
  switch (verdict) {
    case Verdict::kConsistent:
      return "CONSISTENT: answers came back as an honest endpoint gives them";
    case Verdict::kDiffers:
      return "DIFFERS: requests or answers are not passed on as they are";
    case Verdict::kInconclusive:
      return "INCONCLUSIVE";
    case Verdict::kNotMeasurable:
      return "NOT MEASURABLE: no usable answer to a generated probe (collect --groups "
             "cache,context,echo,stream,effort)";
  }
  return "";
}

}  // namespace

std::string ChecksToJson(const ChecksReport& report) {
  Json json;
  json["schema"] = kChecksSchema;
  json["verdict"] = VerdictName(report.verdict);
  json["p_value"] = OrNull(report.p_value);
  json["alpha"] = report.alpha;
  json["seed"] = report.seed;
  json["reference"] = report.has_reference;
  json["checks"] = Json::array();
  for (const CheckResult& check : report.checks) json["checks"].push_back(CheckJson(check));
  json["usable_context"] = nullptr;
  if (report.context.has_value()) {
    json["usable_context"] = {{"low", OrNull(report.context->low)}, {"high", OrNull(report.context->high)}};
  }
  json["warnings"] = report.warnings;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string ChecksToText(const ChecksReport& report) {
  std::string text = Headline(report.verdict) + "\n";
  for (const CheckResult& check : report.checks) text += CheckText(check);
  if (report.context.has_value()) text += ContextText(*report.context);
  for (const std::string& warning : report.warnings) text += "\nWarning: " + Printable(warning, 300) + "\n";
  return text + absl::StrFormat("\nLevel %g over all checks, seed %d.\n", report.alpha, report.seed);
}

}  // namespace pinchbeck
