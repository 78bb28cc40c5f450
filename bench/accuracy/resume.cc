#include "bench/accuracy/resume.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "bench/accuracy/output.h"

namespace pinchbeck::accuracy {
namespace {

using Json = nlohmann::json;

constexpr const char* kSchema = "pinchbeck.accuracy_row/1";

template <class T>
Json Optional(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

template <class T>
std::optional<T> ReadOptional(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional<T>(json.get<T>());
}

Json ToKept(const Measurement& m) {
  Json json = {{"contestant", m.contestant},
               {"metric", m.metric},
               {"x", m.x},
               {"value", m.value},
               {"higher_is_better", m.higher_is_better},
               {"standard_error", m.standard_error},
               {"monte_carlo_error", m.monte_carlo_error},
               {"reporting_half", Optional(m.reporting_half)},
               {"pairs", m.pairs},
               {"draws_per_pair", m.draws_per_pair},
               {"not_scoreable", m.not_scoreable},
               {"valid", m.valid},
               {"goal", Optional(m.goal)},
               {"seconds_per_verdict", Optional(m.seconds_per_verdict)},
               {"false_alarms", nullptr}};
  if (m.false_alarms) json["false_alarms"] = {m.false_alarms->alarms, m.false_alarms->comparisons};
  return json;
}

Measurement FromKept(const Json& json) {
  Measurement m;
  m.contestant = json.at("contestant");
  m.metric = json.at("metric");
  m.x = json.at("x");
  m.value = json.at("value");
  m.higher_is_better = json.at("higher_is_better");
  m.standard_error = json.at("standard_error");
  m.monte_carlo_error = json.at("monte_carlo_error");
  m.reporting_half = ReadOptional<double>(json.at("reporting_half"));
  m.pairs = json.at("pairs");
  m.draws_per_pair = json.at("draws_per_pair");
  m.not_scoreable = json.at("not_scoreable");
  m.valid = json.at("valid");
  m.goal = ReadOptional<double>(json.at("goal"));
  m.seconds_per_verdict = ReadOptional<double>(json.at("seconds_per_verdict"));
  const Json& alarms = json.at("false_alarms");
  if (!alarms.is_null()) {
    m.false_alarms = MakeFalseAlarms(alarms.at(0).get<std::int64_t>(), alarms.at(1).get<std::int64_t>());
  }
  return m;
}

Row ReadRow(const Json& json) {
  Row row;
  row.id = json.at("id");
  row.title = json.at("title");
  row.source = json.at("source");
  row.alpha = json.at("alpha");
  row.x_name = json.at("x_name");
  row.notes = json.at("notes").get<std::vector<std::string>>();
  row.wall_s = json.at("wall_s");
  row.cpu_s = json.at("cpu_s");
  for (const Json& measurement : json.at("measurements")) row.measurements.push_back(FromKept(measurement));
  for (const Json& curve : json.at("roc")) {
    Curve one{curve.at(0).get<std::string>(), {}};
    for (const Json& point : curve.at(1)) one.points.push_back({point.at(0), point.at(1)});
    row.roc.push_back(std::move(one));
  }
  return row;
}

std::string PathOf(const std::string& folder, const std::string& id) {
  return folder + "/rows/" + id + ".json";
}

}  // namespace

std::string RunKey(const RowContext& context, const std::string& program) {
  std::uint64_t digest = 14695981039346656037u;
  std::ifstream file(program, std::ios::binary);
  for (std::istreambuf_iterator<char> it(file), end; it != end; ++it) {
    digest = (digest ^ static_cast<unsigned char>(*it)) * 1099511628211u;
  }
  return Json{{"data", context.data},   {"quick", context.quick},
              {"seed", context.seed},   {"permutations", context.permutations},
              {"draws", context.draws}, {"program", digest}}
      .dump();
}

absl::Status KeepRow(const std::string& folder, const std::string& key, const Row& row) {
  Json json = {{"schema", kSchema},    {"key", key},         {"id", row.id},         {"title", row.title},
               {"source", row.source}, {"alpha", row.alpha}, {"x_name", row.x_name}, {"notes", row.notes},
               {"wall_s", row.wall_s}, {"cpu_s", row.cpu_s}};
  json["measurements"] = Json::array();
  for (const Measurement& measurement : row.measurements) json["measurements"].push_back(ToKept(measurement));
  json["roc"] = Json::array();
  for (const Curve& curve : row.roc) {
    Json points = Json::array();
    for (const Point& point : curve.points) points.push_back({point.x, point.y});
    json["roc"].push_back({curve.contestant, std::move(points)});
  }
  std::error_code error;
  std::filesystem::create_directories(folder + "/rows", error);
  // A run that is broken off while it writes must not leave half a row.
  const std::string path = PathOf(folder, row.id), unfinished = path + ".new";
  const absl::Status written = WriteFile(unfinished, json.dump() + "\n");
  if (!written.ok()) return written;
  std::filesystem::rename(unfinished, path, error);
  return error ? absl::PermissionDeniedError(path + ": " + error.message()) : absl::OkStatus();
}

std::optional<Row> KeptRow(const std::string& folder, const std::string& key, const std::string& id) {
  std::ifstream file(PathOf(folder, id));
  if (!file) return std::nullopt;
  const Json json = Json::parse(file, nullptr, false);
  if (!json.is_object() || json.value("schema", "") != kSchema || json.value("key", "") != key) {
    return std::nullopt;
  }
  try {
    return ReadRow(json);
  } catch (const Json::exception&) {
    // Not what KeepRow() writes: measured again.
    return std::nullopt;
  }
}

}  // namespace pinchbeck::accuracy
