#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/report/report_writers.h"

namespace pinchbeck {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
Json Optional(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::string JoinNotes(const SignalEvidence& evidence) {
  std::string text = evidence.reason;
  for (const std::string& note : evidence.notes) text += (text.empty() ? "" : "; ") + note;
  return text;
}

Json SignalToJson(const SignalReport& report) {
  const SignalEvidence& evidence = report.evidence;
  const std::string note = JoinNotes(evidence);
  Json json = {
      {"signal", evidence.signal},
      {"status", SignalStatusName(report.status)},
      {"counted", evidence.counted},
      {"p_value", Optional(evidence.p_value)},
      {"adjusted_p_value", Optional(report.adjusted_p_value)},
      {"equality_p_value", Optional(evidence.equality_p_value)},
      {"statistic", Optional(evidence.statistic)},
      {"effect", Optional(evidence.effect)},
      {"effect_low", Optional(evidence.effect_low)},
      {"effect_high", Optional(evidence.effect_high)},
      {"effect_unit", evidence.effect_unit},
      {"effect_gate", evidence.counted && evidence.measurable ? Json(evidence.effect_gate) : Json(nullptr)},
      {"detectable_effect", Optional(evidence.detectable_effect)},
      {"probes", evidence.probes},
      {"n_reference", evidence.n_reference},
      {"n_observed", evidence.n_observed},
      {"method", evidence.method},
      {"note", note.empty() ? Json(nullptr) : Json(note)}};
  return json;
}

Json PowerToJson(const std::vector<PowerStatement>& statements) {
  Json list = Json::array();
  for (const PowerStatement& item : statements) {
    list.push_back({{"against", item.against},
                    {"effect", Optional(item.effect)},
                    {"effect_unit", item.effect ? Json(item.effect_unit) : Json(nullptr)},
                    {"power", item.power},
                    {"n_observed", item.n_observed}});
  }
  return list;
}

Json ConfigurationToJson(const Configuration& found) {
  return {{"kind", found.kind},
          {"explains", found.explains},
          {"temperature_factor", Optional(found.temperature_factor)},
          {"temperature_low", Optional(found.temperature_low)},
          {"temperature_high", Optional(found.temperature_high)},
          {"p_value", Optional(found.p_value)},
          {"note", found.note}};
}

Json TokenizerToJson(const TokenizerFit& fit) {
  Json backends = Json::array();
  for (const CountingBackend& backend : fit.backends) {
    backends.push_back({{"shift", backend.shift}, {"share", backend.share}});
  }
  return {{"reading", TokenizerReadingName(fit.reading)},
          {"probes", fit.probes},
          {"matching", fit.matching},
          {"distinct_counts", fit.distinct},
          {"slope", fit.slope},
          {"intercept", fit.intercept},
          {"intercept_low", fit.intercept_low},
          {"intercept_high", fit.intercept_high},
          {"r_squared", Optional(fit.r_squared)},
          {"largest_residual", fit.largest_residual},
          {"unstable_probes", fit.unstable},
          {"backends", std::move(backends)}};
}

Json UsageToJson(const UsageAgainstText& usage) {
  return {{"unit", usage.unit},
          {"probes", usage.probes},
          {"n_reference", usage.n_reference},
          {"n_observed", usage.n_observed},
          {"factor", usage.factor},
          {"low", usage.low},
          {"high", usage.high}};
}

}  // namespace

std::string ReportToJson(const Report& report) {
  Json json = {{"schema", kReportSchema},
               {"verdict", VerdictName(report.verdict)},
               {"p_value", Optional(report.p_value)},
               {"alpha", report.alpha},
               {"seed", report.seed},
               {"permutations", report.permutations},
               {"claim", ClaimName(report.claim)},
               {"model", report.model},
               {"variant", report.variants > 1 ? Json(report.variant) : Json(nullptr)},
               {"n_reference", report.n_reference},
               {"n_observed", report.n_observed},
               {"n_failed", report.n_failed}};
  json["signals"] = Json::array();
  for (const SignalReport& signal : report.signals) json["signals"].push_back(SignalToJson(signal));
  json["attribution"] = nullptr;
  if (report.attribution) {
    json["attribution"] = {{"model", report.attribution->model},
                           {"posterior", Optional(report.attribution->posterior)},
                           {"p_value", report.attribution->p_value}};
  }
  json["reason"] = Optional(report.reason);
  json["power_against"] = report.power_against.empty() ? Json(nullptr) : Json(report.power_against);
  json["power"] = PowerToJson(report.power);
  json["not_ruled_out"] = Json::array();
  for (const NotRuledOut& item : report.not_ruled_out) {
    json["not_ruled_out"].push_back({{"model", item.model}, {"power", item.power}});
  }
  json["largest_shares"] = Json::array();
  for (const LargestShare& item : report.largest_shares) {
    json["largest_shares"].push_back({{"model", item.model}, {"fraction", item.fraction}});
  }
  json["n_observed_needed"] = Optional(report.n_observed_needed);
  json["mixture"] = nullptr;
  if (report.mixture) {
    json["mixture"] = {{"model", report.mixture->model},
                       {"fraction", report.mixture->fraction},
                       {"low", report.mixture->low},
                       {"high", report.mixture->high}};
  }
  json["other_share"] =
      report.other_share_low ? Json{{"low", *report.other_share_low}, {"high", 1}} : Json(nullptr);
  json["configuration"] = report.configuration ? ConfigurationToJson(*report.configuration) : Json(nullptr);
  json["tokenizer"] = report.tokenizer ? TokenizerToJson(*report.tokenizer) : Json(nullptr);
  json["usage_against_text"] = report.usage ? UsageToJson(*report.usage) : Json(nullptr);
  json["condition_differences"] = report.condition_differences;
  json["warnings"] = report.warnings;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace pinchbeck
