// Plots as SVG, drawn here so that the benchmark needs no other program.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bench/accuracy/drawing.h"
#include "bench/accuracy/output.h"

namespace pinchbeck::accuracy {
namespace {

const std::vector<double> kUnit = {0, 0.2, 0.4, 0.6, 0.8, 1};
constexpr const char* kTokensNeeded = "output tokens needed, ";

// Points by name, names in order of appearance.
struct Series {
  std::vector<std::string> order;
  std::map<std::string, std::vector<Point>> points;
  void Add(const std::string& name, const Point& point) {
    if (points.count(name) == 0) order.push_back(name);
    points[name].push_back(point);
  }
};

std::string PowerPlot(const Row& row) {
  std::vector<double> ticks;
  Series curves;
  bool left_out = false;
  for (const Measurement& m : row.measurements) {
    if (m.metric.find("power") == std::string::npos) continue;
    left_out |= !m.valid;
    if (!m.valid) continue;
    curves.Add(m.contestant, {m.x, m.value});
    ticks.push_back(m.x);
  }
  std::sort(ticks.begin(), ticks.end());
  ticks.erase(std::unique(ticks.begin(), ticks.end()), ticks.end());
  if (ticks.size() < 2) return "";
  const bool logarithmic = ticks.front() > 0 && ticks.back() / ticks.front() > 8;
  Drawing drawing(row.title, {row.x_name, ticks, logarithmic}, {"power", kUnit}, curves.order);
  for (const std::string& name : curves.order) drawing.Add(curves.points[name], Drawing::Style::kMarkedLine);
  if (left_out) drawing.AddRemark("Void measurements are not drawn.");
  return drawing.Finish();
}

std::string RocPlot(const Row& row) {
  if (row.roc.empty()) return "";
  std::vector<std::string> names;
  for (const Curve& curve : row.roc) names.push_back(curve.contestant);
  // False alarms of one in a hundred matter more than those of one in two.
  Drawing drawing(row.title + ": all thresholds", {"false-alarm rate", {0.001, 0.01, 0.1, 1}, true},
                  {"power", kUnit}, names);
  for (const Curve& curve : row.roc) drawing.Add(curve.points, Drawing::Style::kLine);
  return drawing.Finish();
}

// Powers of ten around the values.
std::vector<double> Decades(const std::vector<double>& values) {
  const auto ends = std::minmax_element(values.begin(), values.end());
  std::vector<double> ticks;
  const auto first = static_cast<int>(std::floor(std::log10(*ends.first))),
             last = static_cast<int>(std::ceil(std::log10(*ends.second)));
  for (int exponent = first; exponent <= std::max(last, first + 1); ++exponent) {
    ticks.push_back(std::pow(10, exponent));
  }
  return ticks;
}

// A line a contestant and a mark for each substitution that it notices.
std::string TokensPlot(const Row& row) {
  Series marks;
  std::vector<std::string> lines;
  std::vector<double> tokens;
  for (const Measurement& m : row.measurements) {
    const std::size_t at = m.metric.find(kTokensNeeded);
    if (at != 0 || !m.valid || !(m.value > 0)) continue;
    auto line = std::find(lines.begin(), lines.end(), m.contestant);
    if (line == lines.end()) line = lines.insert(lines.end(), m.contestant);
    // Counted from the bottom later on.
    marks.Add(m.metric.substr(std::string(kTokensNeeded).size()),
              {m.value, static_cast<double>(line - lines.begin())});
    tokens.push_back(m.value);
  }
  if (tokens.empty()) return "";
  Axis y{"", {}, false, {}};
  const double top = static_cast<double>(lines.size());
  // A free line at each end.
  y.ticks.push_back(-0.5);
  y.labels.emplace_back("");
  for (std::size_t i = lines.size(); i > 0; --i) {
    y.ticks.push_back(static_cast<double>(lines.size() - i));
    y.labels.push_back(lines[i - 1]);
  }
  y.ticks.push_back(top - 0.5);
  y.labels.emplace_back("");
  Drawing drawing(row.title, {"output tokens", Decades(tokens), true}, y, marks.order);
  // Marks of one line stand a little apart, so that equal ones are all seen.
  double shift = 0.12 * (static_cast<double>(marks.order.size()) - 1) / 2;
  for (const std::string& name : marks.order) {
    std::vector<Point> points = marks.points[name];
    for (Point& point : points) point.y = top - 1 - point.y + shift;
    drawing.Add(points, Drawing::Style::kMarks);
    shift -= 0.12;
  }
  drawing.AddRemark("No mark: not noticed with power 0.9.");
  return drawing.Finish();
}

}  // namespace

std::vector<Plot> ToPlots(const std::vector<Row>& rows) {
  std::vector<Plot> plots;
  for (const Row& row : rows) {
    const std::string power = PowerPlot(row), roc = RocPlot(row), tokens = TokensPlot(row);
    if (!power.empty()) plots.push_back({row.id + ".svg", power});
    if (!roc.empty()) plots.push_back({row.id + "-roc.svg", roc});
    if (!tokens.empty()) plots.push_back({row.id + "-tokens.svg", tokens});
  }
  return plots;
}

}  // namespace pinchbeck::accuracy
