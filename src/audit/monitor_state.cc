#include "src/audit/monitor_state.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "pinchbeck/internal/status_macros.h"
#include "src/internal/json_value.h"

namespace pinchbeck::internal {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kLargest = std::int64_t{1} << 53;
constexpr double kLargestNumber = std::numeric_limits<double>::max();

// 64-bit words as text: JSON readers keep 53 bits of a number only.
std::string Hex(std::uint64_t word) {
  std::string text(16, '0');
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (std::size_t i = 0; i < 16; ++i) text[15 - i] = kDigits[(word >> (4 * i)) & 15];
  return text;
}

absl::StatusOr<std::uint64_t> ReadHex(const JsonValue& value) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::string text, value.String());
  std::uint64_t word = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), word, 16);
  if (text.size() != 16 || result.ec != std::errc() || result.ptr != text.data() + text.size()) {
    return value.Error("expected 16 hexadecimal digits");
  }
  return word;
}

absl::StatusOr<std::int64_t> ReadCount(const JsonValue& object, const char* name) {
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue value, object.Member(name));
  return value.Integer(0, kLargest);
}

absl::StatusOr<double> ReadNumber(const JsonValue& object, const char* name) {
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue value, object.Member(name));
  return value.Number(-kLargestNumber, kLargestNumber);
}

absl::StatusOr<std::string> ReadString(const JsonValue& object, const char* name) {
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue value, object.Member(name));
  return value.String();
}

absl::StatusOr<std::vector<std::int64_t>> ReadIntegers(const JsonValue& object, const char* name) {
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue list, object.Member(name));
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<JsonValue> items, list.List());
  std::vector<std::int64_t> result;
  result.reserve(items.size());
  for (const JsonValue& item : items) {
    PINCHBECK_ASSIGN_OR_RETURN(const std::int64_t value, item.Integer(0, kLargest));
    result.push_back(value);
  }
  return result;
}

absl::StatusOr<std::vector<double>> ReadNumbers(const JsonValue& object, const char* name) {
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue list, object.Member(name));
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<JsonValue> items, list.List());
  std::vector<double> result;
  result.reserve(items.size());
  for (const JsonValue& item : items) {
    PINCHBECK_ASSIGN_OR_RETURN(const double value, item.Number(-kLargestNumber, kLargestNumber));
    result.push_back(value);
  }
  return result;
}

// ---- streams ----

Json StreamToJson(const MonitorStreamState& state) {
  Json json;
  if (!state.conformal.cell_sizes.empty()) {
    const stats::ConformalState& process = state.conformal;
    json["conformal"] = {{"design", Hex(process.design)},
                         {"observations", process.observations},
                         {"max_log_wealth", process.max_log_wealth},
                         {"cell_sizes", process.cell_sizes},
                         {"weights", process.weights},
                         {"bets", process.bets},
                         {"minus_log_p", process.minus_log_p},
                         {"minus_log_complement", process.minus_log_complement},
                         {"both_ends_quarter", process.both_ends_quarter},
                         {"both_ends_full", process.both_ends_full}};
  } else {
    json["likelihood_ratio"] = {{"design", Hex(state.ratio.design)},
                                {"observations", state.ratio.observations},
                                {"max_log_wealth", state.ratio.max_log_wealth},
                                {"log_wealth", state.ratio.log_wealth}};
  }
  json["restart"] = {{"observations", state.restart.observations},
                     {"wealth", state.restart.wealth},
                     {"exponent", state.restart.exponent}};
  json["detector"] = {{"observations", state.detector.observations},
                      {"first_alarm", state.detector.first_alarm},
                      {"sum", state.detector.sum},
                      {"sum_exponent", state.detector.sum_exponent},
                      {"product", state.detector.product},
                      {"product_exponent", state.detector.product_exponent},
                      {"start", state.detector.start}};
  json["founded"] = state.founded;
  json["sessions"] = Json::array();
  for (const std::vector<std::uint64_t>& sessions : state.sessions) {
    Json list = Json::array();
    for (const std::uint64_t session : sessions) list.push_back(Hex(session));
    json["sessions"].push_back(std::move(list));
  }
  json["starts"] = Json::array();
  for (const auto& [observation, start] : state.starts) {
    json["starts"].push_back({{"observation", observation},
                              {"position", start.position},
                              {"time", start.time ? Json(*start.time) : Json(nullptr)}});
  }
  return json;
}

absl::Status ReadConformal(const JsonValue& json, stats::ConformalState* state) {
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue design, json.Member("design"));
  PINCHBECK_ASSIGN_OR_RETURN(state->design, ReadHex(design));
  PINCHBECK_ASSIGN_OR_RETURN(state->observations, ReadCount(json, "observations"));
  PINCHBECK_ASSIGN_OR_RETURN(state->max_log_wealth, ReadNumber(json, "max_log_wealth"));
  PINCHBECK_ASSIGN_OR_RETURN(state->cell_sizes, ReadIntegers(json, "cell_sizes"));
  if (state->cell_sizes.empty()) return json.Error("cell_sizes: must not be empty");
  PINCHBECK_ASSIGN_OR_RETURN(state->weights, ReadIntegers(json, "weights"));
  PINCHBECK_ASSIGN_OR_RETURN(state->bets, ReadIntegers(json, "bets"));
  PINCHBECK_ASSIGN_OR_RETURN(state->minus_log_p, ReadNumbers(json, "minus_log_p"));
  PINCHBECK_ASSIGN_OR_RETURN(state->minus_log_complement, ReadNumbers(json, "minus_log_complement"));
  PINCHBECK_ASSIGN_OR_RETURN(state->both_ends_quarter, ReadNumbers(json, "both_ends_quarter"));
  PINCHBECK_ASSIGN_OR_RETURN(state->both_ends_full, ReadNumbers(json, "both_ends_full"));
  return absl::OkStatus();
}

absl::Status ReadRatio(const JsonValue& json, stats::LikelihoodRatioState* state) {
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue design, json.Member("design"));
  PINCHBECK_ASSIGN_OR_RETURN(state->design, ReadHex(design));
  PINCHBECK_ASSIGN_OR_RETURN(state->observations, ReadCount(json, "observations"));
  PINCHBECK_ASSIGN_OR_RETURN(state->max_log_wealth, ReadNumber(json, "max_log_wealth"));
  PINCHBECK_ASSIGN_OR_RETURN(state->log_wealth, ReadNumbers(json, "log_wealth"));
  return absl::OkStatus();
}

absl::Status ReadRestart(const JsonValue& json, stats::RestartState* state) {
  PINCHBECK_ASSIGN_OR_RETURN(state->observations, ReadCount(json, "observations"));
  PINCHBECK_ASSIGN_OR_RETURN(state->wealth, ReadNumbers(json, "wealth"));
  PINCHBECK_ASSIGN_OR_RETURN(state->exponent, ReadIntegers(json, "exponent"));
  return absl::OkStatus();
}

absl::Status ReadDetector(const JsonValue& json, stats::ChangeDetectorState* state) {
  PINCHBECK_ASSIGN_OR_RETURN(state->observations, ReadCount(json, "observations"));
  PINCHBECK_ASSIGN_OR_RETURN(state->first_alarm, ReadCount(json, "first_alarm"));
  PINCHBECK_ASSIGN_OR_RETURN(state->sum, ReadNumbers(json, "sum"));
  PINCHBECK_ASSIGN_OR_RETURN(state->sum_exponent, ReadIntegers(json, "sum_exponent"));
  PINCHBECK_ASSIGN_OR_RETURN(state->product, ReadNumbers(json, "product"));
  PINCHBECK_ASSIGN_OR_RETURN(state->product_exponent, ReadIntegers(json, "product_exponent"));
  PINCHBECK_ASSIGN_OR_RETURN(state->start, ReadIntegers(json, "start"));
  return absl::OkStatus();
}

absl::Status ReadFounded(const JsonValue& json, std::vector<std::vector<std::uint32_t>>* founded) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<JsonValue> cells, json.List());
  for (const JsonValue& cell : cells) {
    founded->emplace_back();
    PINCHBECK_ASSIGN_OR_RETURN(const std::vector<JsonValue> items, cell.List());
    for (const JsonValue& item : items) {
      PINCHBECK_ASSIGN_OR_RETURN(const std::int64_t value, item.Integer(0, kAnswerCategories - 1));
      founded->back().push_back(static_cast<std::uint32_t>(value));
    }
  }
  return absl::OkStatus();
}

absl::Status ReadSessions(const JsonValue& json, std::vector<std::vector<std::uint64_t>>* sessions) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<JsonValue> cells, json.List());
  for (const JsonValue& cell : cells) {
    sessions->emplace_back();
    PINCHBECK_ASSIGN_OR_RETURN(const std::vector<JsonValue> items, cell.List());
    for (const JsonValue& item : items) {
      PINCHBECK_ASSIGN_OR_RETURN(const std::uint64_t word, ReadHex(item));
      sessions->back().push_back(word);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> ReadOptionalString(const JsonValue& object, const char* name) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<JsonValue> value, object.OptionalMember(name));
  if (!value) return std::optional<std::string>();
  PINCHBECK_ASSIGN_OR_RETURN(std::string text, value->String());
  return std::optional<std::string>(std::move(text));
}

absl::Status ReadStarts(const JsonValue& json, std::map<std::int64_t, MonitorStart>* starts) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<JsonValue> items, json.List());
  for (const JsonValue& item : items) {
    MonitorStart start;
    PINCHBECK_ASSIGN_OR_RETURN(const std::int64_t observation, ReadCount(item, "observation"));
    PINCHBECK_ASSIGN_OR_RETURN(start.position, ReadCount(item, "position"));
    PINCHBECK_ASSIGN_OR_RETURN(start.time, ReadOptionalString(item, "time"));
    if (!starts->emplace(observation, std::move(start)).second) {
      return item.Error("the observation is listed twice");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<MonitorStreamState> ReadStream(const JsonValue& json) {
  MonitorStreamState state;
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<JsonValue> conformal, json.OptionalMember("conformal"));
  if (conformal) {
    PINCHBECK_RETURN_IF_ERROR(ReadConformal(*conformal, &state.conformal));
  } else {
    PINCHBECK_ASSIGN_OR_RETURN(const JsonValue ratio, json.Member("likelihood_ratio"));
    PINCHBECK_RETURN_IF_ERROR(ReadRatio(ratio, &state.ratio));
  }
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue restart, json.Member("restart"));
  PINCHBECK_RETURN_IF_ERROR(ReadRestart(restart, &state.restart));
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue detector, json.Member("detector"));
  PINCHBECK_RETURN_IF_ERROR(ReadDetector(detector, &state.detector));
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue founded, json.Member("founded"));
  PINCHBECK_RETURN_IF_ERROR(ReadFounded(founded, &state.founded));
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue sessions, json.Member("sessions"));
  PINCHBECK_RETURN_IF_ERROR(ReadSessions(sessions, &state.sessions));
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue starts, json.Member("starts"));
  PINCHBECK_RETURN_IF_ERROR(ReadStarts(starts, &state.starts));
  return state;
}

// ---- binding and decision ----

template <class T>
Json Optional(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

absl::Status ReadBinding(const JsonValue& root, MonitorBinding* binding) {
  PINCHBECK_ASSIGN_OR_RETURN(binding->model, ReadString(root, "model"));
  PINCHBECK_ASSIGN_OR_RETURN(binding->fingerprint_sha256, ReadString(root, "fingerprint_sha256"));
  PINCHBECK_ASSIGN_OR_RETURN(binding->alternatives_sha256, ReadString(root, "alternatives_sha256"));
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue signals, root.Member("signals"));
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<JsonValue> names, signals.List());
  for (const JsonValue& name : names) {
    PINCHBECK_ASSIGN_OR_RETURN(std::string text, name.String());
    binding->signals.push_back(std::move(text));
  }
  PINCHBECK_ASSIGN_OR_RETURN(binding->tolerance, ReadNumber(root, "tolerance"));
  PINCHBECK_ASSIGN_OR_RETURN(binding->greedy_tolerance, ReadNumber(root, "greedy_tolerance"));
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue alpha, root.Member("alpha"));
  PINCHBECK_ASSIGN_OR_RETURN(binding->alpha, alpha.Number(std::numeric_limits<double>::min(), 0.5));
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<JsonValue> mean_run, root.OptionalMember("mean_run"));
  if (mean_run) {
    PINCHBECK_ASSIGN_OR_RETURN(binding->mean_run, mean_run->Number(1, kLargestNumber));
  }
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue seed, root.Member("seed"));
  PINCHBECK_ASSIGN_OR_RETURN(binding->seed, ReadHex(seed));
  return absl::OkStatus();
}

absl::Status ReadAlarm(const JsonValue& root, MonitorDecision* decision) {
  const std::int64_t n = decision->observations;
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<JsonValue> at, root.OptionalMember("alarm_at"));
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<std::string> by, ReadOptionalString(root, "alarm_by"));
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<JsonValue> change, root.OptionalMember("change_at"));
  PINCHBECK_ASSIGN_OR_RETURN(decision->change_near, ReadOptionalString(root, "change_near"));
  if (at.has_value() != by.has_value()) return root.Error("alarm_by: does not match alarm_at");
  if (!at) return absl::OkStatus();
  PINCHBECK_ASSIGN_OR_RETURN(decision->alarm_at, at->Integer(1, n));
  for (const MonitorAlarm alarm : {MonitorAlarm::kEValue, MonitorAlarm::kEDetector}) {
    if (*by == MonitorAlarmName(alarm)) decision->alarm_by = alarm;
  }
  if (!decision->alarm_by) return root.Error("alarm_by: unknown value");
  if (change) {
    PINCHBECK_ASSIGN_OR_RETURN(decision->change_at, change->Integer(1, n));
  }
  return absl::OkStatus();
}

absl::Status ReadDecision(const JsonValue& root, MonitorDecision* decision) {
  PINCHBECK_ASSIGN_OR_RETURN(decision->observations, ReadCount(root, "observations"));
  PINCHBECK_ASSIGN_OR_RETURN(decision->used, ReadCount(root, "used"));
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue skipped, root.Member("skipped"));
  std::int64_t total = decision->used;
  for (std::size_t i = 0; i < kMonitorSkips; ++i) {
    const std::string name(MonitorSkipName(static_cast<MonitorSkip>(i)));
    PINCHBECK_ASSIGN_OR_RETURN(decision->skipped[i], ReadCount(skipped, name.c_str()));
    total += decision->skipped[i];
  }
  if (total != decision->observations) return root.Error("observations: not the sum of used and skipped");
  PINCHBECK_ASSIGN_OR_RETURN(decision->log10_e_value, ReadNumber(root, "log10_e_value"));
  // States of older versions have no such field: what it must have reached at least errs on the safe side.
  const double least = std::max(0.0, decision->log10_e_value);
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<JsonValue> largest,
                             root.OptionalMember("log10_largest_e_value"));
  decision->log10_largest_e_value = least;
  if (largest) {
    PINCHBECK_ASSIGN_OR_RETURN(decision->log10_largest_e_value,
                               largest->Number(-kLargestNumber, kLargestNumber));
  }
  if (decision->log10_largest_e_value < least) {
    return root.Error("log10_largest_e_value: smaller than 0 or than log10_e_value");
  }
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<JsonValue> detector,
                             root.OptionalMember("log10_e_detector"));
  if (detector) {
    PINCHBECK_ASSIGN_OR_RETURN(decision->log10_e_detector, detector->Number(-kLargestNumber, kLargestNumber));
  }
  return ReadAlarm(root, decision);
}

absl::Status CheckSchema(const JsonValue& root) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::string schema, ReadString(root, "schema"));
  if (schema == kMonitorStateSchema) return absl::OkStatus();
  return absl::InvalidArgumentError("schema: \"" + schema + "\" is not what this program reads (" +
                                    std::string(kMonitorStateSchema) +
                                    "); start a new state file or use a matching version");
}

}  // namespace

std::string SerializeMonitorSnapshot(const MonitorSnapshot& snapshot) {
  const MonitorBinding& binding = snapshot.binding;
  const MonitorDecision& decision = snapshot.decision;
  Json json = {{"schema", kMonitorStateSchema},
               {"model", binding.model},
               {"fingerprint_sha256", binding.fingerprint_sha256},
               {"alternatives_sha256", binding.alternatives_sha256},
               {"signals", binding.signals},
               {"tolerance", binding.tolerance},
               {"greedy_tolerance", binding.greedy_tolerance},
               {"alpha", binding.alpha},
               {"mean_run", Optional(binding.mean_run)},
               {"seed", Hex(binding.seed)},
               {"observations", decision.observations},
               {"used", decision.used}};
  for (std::size_t i = 0; i < kMonitorSkips; ++i) {
    json["skipped"][std::string(MonitorSkipName(static_cast<MonitorSkip>(i)))] = decision.skipped[i];
  }
  json["log10_e_value"] = decision.log10_e_value;
  json["log10_largest_e_value"] = decision.log10_largest_e_value;
  json["log10_e_detector"] = Optional(decision.log10_e_detector);
  json["alarm_at"] = Optional(decision.alarm_at);
  json["alarm_by"] = decision.alarm_by ? Json(MonitorAlarmName(*decision.alarm_by)) : Json(nullptr);
  json["change_at"] = Optional(decision.change_at);
  json["change_near"] = Optional(decision.change_near);
  json["source"] = {{"lines", snapshot.source.lines}, {"digest", snapshot.source.digest}};
  json["tracks"] = Json::array();
  for (const std::vector<MonitorStreamState>& track : snapshot.tracks) {
    Json streams = Json::array();
    for (const MonitorStreamState& stream : track) streams.push_back(StreamToJson(stream));
    json["tracks"].push_back(std::move(streams));
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

absl::StatusOr<MonitorSnapshot> ParseMonitorSnapshot(std::string_view json) {
  PINCHBECK_ASSIGN_OR_RETURN(const nlohmann::json document, ParseJsonDocument(json));
  const JsonValue root(document);
  PINCHBECK_RETURN_IF_ERROR(root.ExpectObject());
  PINCHBECK_RETURN_IF_ERROR(CheckSchema(root));
  MonitorSnapshot snapshot;
  PINCHBECK_RETURN_IF_ERROR(ReadBinding(root, &snapshot.binding));
  PINCHBECK_RETURN_IF_ERROR(ReadDecision(root, &snapshot.decision));
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue source, root.Member("source"));
  PINCHBECK_ASSIGN_OR_RETURN(snapshot.source.lines, ReadCount(source, "lines"));
  PINCHBECK_ASSIGN_OR_RETURN(snapshot.source.digest, ReadString(source, "digest"));
  PINCHBECK_ASSIGN_OR_RETURN(const JsonValue list, root.Member("tracks"));
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<JsonValue> tracks, list.List());
  for (const JsonValue& track : tracks) {
    snapshot.tracks.emplace_back();
    PINCHBECK_ASSIGN_OR_RETURN(const std::vector<JsonValue> streams, track.List());
    for (const JsonValue& stream : streams) {
      PINCHBECK_ASSIGN_OR_RETURN(MonitorStreamState state, ReadStream(stream));
      snapshot.tracks.back().push_back(std::move(state));
    }
  }
  return snapshot;
}

absl::Status CheckMonitorBinding(const MonitorBinding& expected, const MonitorBinding& stored) {
  const auto other = [](const char* field, const std::string& what) {
    return absl::InvalidArgumentError(std::string(field) + ": the state was made with " + what +
                                      "; use the same ones, or start a new state file");
  };
  if (expected.fingerprint_sha256 != stored.fingerprint_sha256) {
    return other("fingerprint_sha256", "another fingerprint (of \"" + stored.model + "\")");
  }
  if (expected.alternatives_sha256 != stored.alternatives_sha256) {
    return other("alternatives_sha256", "other alternatives");
  }
  if (expected.signals != stored.signals) return other("signals", "other signals");
  if (expected.tolerance != stored.tolerance) {
    return other("tolerance", "tolerance " + std::to_string(stored.tolerance));
  }
  if (expected.greedy_tolerance != stored.greedy_tolerance) {
    return other("greedy_tolerance", "greedy tolerance " + std::to_string(stored.greedy_tolerance));
  }
  if (expected.alpha != stored.alpha) return other("alpha", "alpha " + std::to_string(stored.alpha));
  if (expected.mean_run != stored.mean_run) return other("mean_run", "another mean run to a false alarm");
  if (expected.seed != stored.seed) return other("seed", "seed " + std::to_string(stored.seed));
  return absl::OkStatus();
}

}  // namespace pinchbeck::internal
