#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <tuple>

#include "bench/accuracy/output.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck::accuracy {
namespace {

using Json = nlohmann::ordered_json;

// Chance of about one in a hundred that an unchanged measurement is called worse.
constexpr double kErrors = 2.6;

template <class T>
Json Optional(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

// Enough digits for any use, few enough that files of equal runs are equal.
double Rounded(double value) { return std::round(value * 1e6) / 1e6; }

Json MeasurementToJson(const Measurement& m, bool timing) {
  Json json = {{"contestant", m.contestant},
               {"metric", m.metric},
               {"x", m.x},
               {"value", Rounded(m.value)},
               {"higher_is_better", m.higher_is_better},
               {"standard_error", Rounded(m.standard_error)},
               {"monte_carlo_error", Rounded(m.monte_carlo_error)},
               {"reporting_half", m.reporting_half ? Json(Rounded(*m.reporting_half)) : Json(nullptr)},
               {"pairs", m.pairs},
               {"draws_per_pair", m.draws_per_pair},
               {"not_scoreable", m.not_scoreable},
               {"valid", m.valid},
               {"goal", Optional(m.goal)}};
  if (m.false_alarms) {
    json["false_alarms"] = {{"alarms", m.false_alarms->alarms},
                            {"comparisons", m.false_alarms->comparisons},
                            {"rate", Rounded(m.false_alarms->rate)},
                            {"low", Rounded(m.false_alarms->low)},
                            {"high", Rounded(m.false_alarms->high)}};
  } else {
    json["false_alarms"] = nullptr;
  }
  if (timing && m.seconds_per_verdict)
    json["milliseconds_per_verdict"] = Rounded(1000 * *m.seconds_per_verdict);
  return json;
}

absl::StatusOr<Json> ReadJson(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(path + ": cannot be read");
  Json json = Json::parse(file, nullptr, false);
  if (json.is_discarded()) return absl::InvalidArgumentError(path + ": not JSON");
  return json;
}

using Key = std::tuple<std::string, std::string, std::string, double>;

Key KeyOf(const Row& row, const Measurement& m) { return {row.id, m.contestant, m.metric, m.x}; }

std::string Describe(const Key& key) {
  std::ostringstream text;
  text << std::get<0>(key) << ": " << std::get<1>(key) << ", " << std::get<2>(key) << " at "
       << std::get<3>(key);
  return text.str();
}

}  // namespace

std::string ToJson(const std::vector<Row>& rows, const RowContext& context, bool timing) {
  Json json = {{"schema", "pinchbeck.accuracy/1"},
               {"quick", context.quick},
               {"seed", context.seed},
               {"permutations", context.permutations},
               {"rows", Json::array()}};
  for (const Row& row : rows) {
    Json one = {{"id", row.id},       {"title", row.title},   {"source", row.source},
                {"alpha", row.alpha}, {"x_name", row.x_name}, {"notes", row.notes}};
    if (timing) {
      one["wall_seconds"] = Rounded(row.wall_s);
      one["cpu_seconds"] = Rounded(row.cpu_s);
    }
    one["measurements"] = Json::array();
    for (const Measurement& m : row.measurements) one["measurements"].push_back(MeasurementToJson(m, timing));
    json["rows"].push_back(std::move(one));
  }
  return json.dump(1) + "\n";
}

absl::Status SetGoals(const std::string& path, std::vector<Row>& rows) {
  PINCHBECK_ASSIGN_OR_RETURN(const Json json, ReadJson(path));
  if (!json.is_array()) return absl::InvalidArgumentError(path + ": expected an array of goals");
  for (const Json& goal : json) {
    for (const char* field : {"row", "contestant", "metric"}) {
      if (!goal.is_object() || !goal.contains(field) || !goal[field].is_string()) {
        return absl::InvalidArgumentError(path + ": a goal lacks the text \"" + field + "\"");
      }
    }
    if (!goal.contains("values") || !goal["values"].is_array()) {
      return absl::InvalidArgumentError(path + ": a goal lacks \"values\", a list of [x, value]");
    }
    for (const Json& value : goal["values"]) {
      if (!value.is_array() || value.size() != 2 || !value[0].is_number() || !value[1].is_number()) {
        return absl::InvalidArgumentError(path + ": \"values\" holds something else than [x, value]");
      }
      for (Row& row : rows) {
        for (Measurement& m : row.measurements) {
          const bool matches = row.id == goal["row"] && m.contestant == goal["contestant"] &&
                               m.metric == goal["metric"] && m.x == value[0].get<double>();
          if (matches) m.goal = value[1].get<double>();
        }
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> CompareWithRecorded(const std::string& path,
                                                             const std::vector<Row>& rows) {
  PINCHBECK_ASSIGN_OR_RETURN(const Json json, ReadJson(path));
  if (!json.is_object() || json.value("schema", "") != "pinchbeck.accuracy/1") {
    return absl::InvalidArgumentError(path + ": not a recorded run of this benchmark");
  }
  std::map<Key, const Measurement*> measured;
  std::set<std::string> ran;
  for (const Row& row : rows) {
    ran.insert(row.id);
    for (const Measurement& m : row.measurements) measured[KeyOf(row, m)] = &m;
  }
  std::vector<std::string> messages;
  for (const Row& row : rows) {
    for (const Measurement& m : row.measurements) {
      const bool ours = m.contestant.rfind("pinchbeck", 0) == 0;
      if (ours && !m.valid) {
        messages.push_back(Describe(KeyOf(row, m)) + ": false alarms " +
                           std::to_string(m.false_alarms->alarms) + " of " +
                           std::to_string(m.false_alarms->comparisons) + ", above the level");
      }
    }
  }
  for (const Json& row : json.at("rows")) {
    if (ran.count(row.at("id").get<std::string>()) == 0) continue;
    for (const Json& recorded : row.at("measurements")) {
      const Key key = {row.at("id"), recorded.at("contestant"), recorded.at("metric"),
                       recorded.at("x").get<double>()};
      const auto found = measured.find(key);
      if (found == measured.end()) {
        messages.push_back(Describe(key) + ": recorded, but not measured");
        continue;
      }
      const Measurement& now = *found->second;
      const double error = std::hypot(now.monte_carlo_error, recorded.at("monte_carlo_error").get<double>());
      const double change = now.value - recorded.at("value").get<double>();
      const double loss = now.higher_is_better ? -change : change;
      if (loss > kErrors * error + 1e-6) {
        std::ostringstream text;
        text << Describe(key) << ": " << now.value << ", recorded " << recorded.at("value")
             << " (Monte-Carlo error of the difference " << error << ")";
        messages.push_back(text.str());
      }
    }
  }
  return messages;
}

}  // namespace pinchbeck::accuracy
