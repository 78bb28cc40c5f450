#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_format.h"
#include "pinchbeck/report/monitor_writers.h"
#include "pinchbeck/report/report_writers.h"

namespace pinchbeck {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
Json Optional(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

std::string VerdictOf(const MonitorDecision& decision) {
  return decision.alarm_at ? "differs" : "inconclusive";
}

void PutDecision(const MonitorDecision& decision, Json& json) {
  json["observations"] = decision.observations;
  json["log10_e_value"] = decision.log10_e_value;
  json["log10_largest_e_value"] = decision.log10_largest_e_value;
  json["log10_e_detector"] = Optional(decision.log10_e_detector);
  json["verdict"] = VerdictOf(decision);
  json["alarm_at"] = Optional(decision.alarm_at);
  json["alarm_by"] = decision.alarm_by ? Json(MonitorAlarmName(*decision.alarm_by)) : Json(nullptr);
  json["change_near"] = Optional(decision.change_near);
  json["change_at"] = Optional(decision.change_at);
  json["used"] = decision.used;
  for (std::size_t i = 0; i < kMonitorSkips; ++i) {
    json["skipped"][std::string(MonitorSkipName(static_cast<MonitorSkip>(i)))] = decision.skipped[i];
  }
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string SkippedText(const MonitorDecision& decision) {
  static constexpr const char* kReasons[kMonitorSkips] = {
      "failed requests", "probes that the fingerprint does not hold", "without an answer that is monitored",
      "repeats at temperature 0 within a session"};
  std::string text;
  for (std::size_t i = 0; i < kMonitorSkips; ++i) {
    if (decision.skipped[i] == 0) continue;
    text += absl::StrFormat("  not used: %d %s\n", decision.skipped[i], kReasons[i]);
  }
  return text;
}

std::string AlarmText(const MonitorDecision& decision) {
  std::string text = absl::StrFormat("  alarm at observation %d, raised by the %s\n", *decision.alarm_at,
                                     *decision.alarm_by == MonitorAlarm::kEValue ? "e-value" : "e-detector");
  if (decision.change_at) {
    text += absl::StrFormat("  the change is put near observation %d", *decision.change_at);
    if (decision.change_near) text += ", " + Printable(*decision.change_near);
    text += " (an estimate)\n";
  }
  return text;
}

}  // namespace

std::string MonitorToJson(const Monitor& monitor) {
  const MonitorOptions& options = monitor.options();
  Json json = {{"schema", kMonitorSchema}};
  PutDecision(monitor.decision(), json);
  json["model"] = monitor.model();
  json["alpha"] = options.alpha;
  json["tolerance"] = options.tolerance;
  json["greedy_tolerance"] = options.greedy_tolerance;
  json["mean_run"] = Optional(options.mean_run);
  json["seed"] = options.seed;
  json["tolerated_shares"] = Json::array();
  for (const Monitor::ToleratedShare& item : monitor.tolerated_shares()) {
    json["tolerated_shares"].push_back({{"model", item.model}, {"fraction", item.share}});
  }
  return Dump(json);
}

std::string MonitorToText(const Monitor& monitor) {
  const MonitorDecision decision = monitor.decision();
  const MonitorOptions& options = monitor.options();
  std::string text = absl::StrFormat(
      "%s  after %d observations, %d of them used: %s\n", VerdictOf(decision), decision.observations,
      decision.used,
      decision.alarm_at ? "the endpoint differs from the reference of " + Printable(monitor.model())
                        : "no alarm so far against the reference of " + Printable(monitor.model()));
  if (decision.alarm_at) text += AlarmText(decision);
  text += absl::StrFormat("  e-value     10^%.2f; alarm at 10^%.2f, ever a false one: chance at most %g\n",
                          decision.log10_e_value, -std::log10(options.alpha), options.alpha);
  if (decision.log10_e_detector) {
    text += absl::StrFormat("  e-detector  10^%.2f; ", *decision.log10_e_detector);
    text += options.mean_run
                ? absl::StrFormat("alarm at %g, the mean run to a false one\n", *options.mean_run)
                : "reported only; false alarms at N come once in N observations or more\n";
  }
  text += SkippedText(decision);
  for (const Monitor::ToleratedShare& item : monitor.tolerated_shares()) {
    text += absl::StrFormat("  inside the tolerance: up to %.3f of the answers from %s\n", item.share,
                            Printable(item.model));
  }
  return text;
}

std::string CombinedToJson(std::span<const NamedDecision> endpoints, const CombinedDecision& combined,
                           double alpha) {
  Json json = {{"schema", kMonitorSummarySchema}, {"alpha", alpha}};
  json["verdict"] = combined.differs.empty() ? "inconclusive" : "differs";
  json["log10_threshold"] = Optional(combined.log10_threshold);
  json["endpoints"] = Json::array();
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const bool differs =
        std::find(combined.differs.begin(), combined.differs.end(), i) != combined.differs.end();
    Json item = {{"name", endpoints[i].name}, {"model", endpoints[i].model}, {"differs_together", differs}};
    PutDecision(endpoints[i].decision, item);
    json["endpoints"].push_back(std::move(item));
  }
  return Dump(json);
}

std::string CombinedToText(std::span<const NamedDecision> endpoints, const CombinedDecision& combined,
                           double alpha) {
  std::string text = absl::StrFormat(
      "%d of %d endpoints differ from their references; expected share of honest ones among them: at most "
      "%g\n",
      combined.differs.size(), endpoints.size(), alpha);
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const bool differs =
        std::find(combined.differs.begin(), combined.differs.end(), i) != combined.differs.end();
    const MonitorDecision& decision = endpoints[i].decision;
    text += absl::StrFormat("  %-12s  largest e-value 10^%.2f in %d observations  %s\n",
                            differs ? "differs" : "inconclusive", decision.log10_largest_e_value,
                            decision.observations, Printable(endpoints[i].name, 50));
  }
  return text;
}

}  // namespace pinchbeck
