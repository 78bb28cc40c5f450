// Plots as SVG, drawn here so that the benchmark needs no other program.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "bench/accuracy/output.h"

namespace pinchbeck::accuracy {
namespace {

constexpr double kWidth = 760, kHeight = 420;
constexpr double kLeft = 60, kRight = 300, kTop = 40, kBottom = 50;
// Distinguishable also without full colour vision (Okabe & Ito 2008), with dashes where they repeat.
constexpr const char* kColours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                    "#56B4E9", "#E69F00", "#000000"};

std::string Number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string Escape(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '<') {
      escaped += "&lt;";
    } else if (c == '>') {
      escaped += "&gt;";
    } else if (c == '&') {
      escaped += "&amp;";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

struct Axis {
  std::string name;
  std::vector<double> ticks;
  bool logarithmic = false;

  [[nodiscard]] double Place(double value) const {
    const double low = ticks.front(), high = ticks.back();
    if (low == high) return 0.5;
    if (logarithmic) return std::log(value / low) / std::log(high / low);
    return (value - low) / (high - low);
  }
};

class Drawing {
 public:
  Drawing(const std::string& title, Axis x, Axis y) : x_(std::move(x)), y_(std::move(y)) {
    svg_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + Number(kWidth) + "\" height=\"" +
           Number(kHeight) + "\" font-family=\"sans-serif\" font-size=\"12\">\n" +
           "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
    Text(kLeft, 22, "start", title);
    for (const double tick : x_.ticks) {
      Line(Column(tick), Row(y_.ticks.front()), Column(tick), Row(y_.ticks.back()), "#dddddd");
      Text(Column(tick), kHeight - kBottom + 16, "middle", Number(tick));
    }
    for (const double tick : y_.ticks) {
      Line(kLeft, Row(tick), kWidth - kRight, Row(tick), "#dddddd");
      Text(kLeft - 6, Row(tick) + 4, "end", Number(tick));
    }
    Text((kLeft + kWidth - kRight) / 2, kHeight - 12, "middle", x_.name);
    Text(kLeft - 6, kTop - 6, "end", y_.name);
  }

  void AddCurve(const std::string& name, const std::vector<Point>& points, bool marks) {
    const std::string colour = kColours[curves_ % std::size(kColours)];
    const std::string dash = curves_ >= std::size(kColours) ? "\" stroke-dasharray=\"5 3" : "";
    std::string path;
    for (const Point& point : points) {
      path += (path.empty() ? "M" : " L") + Number(Column(point.x)) + " " + Number(Row(point.y));
      if (marks) {
        svg_ += "<circle cx=\"" + Number(Column(point.x)) + "\" cy=\"" + Number(Row(point.y)) +
                "\" r=\"3\" fill=\"" + colour + "\"/>\n";
      }
    }
    svg_ +=
        "<path d=\"" + path + "\" fill=\"none\" stroke-width=\"1.8\" stroke=\"" + colour + dash + "\"/>\n";
    const double legend = kTop + 18 * static_cast<double>(curves_);
    svg_ += "<path d=\"M" + Number(kWidth - kRight + 12) + " " + Number(legend) +
            " h 20\" stroke-width=\"2\" stroke=\"" + colour + dash + "\"/>\n";
    Text(kWidth - kRight + 38, legend + 4, "start", name);
    ++curves_;
  }

  [[nodiscard]] std::string Finish() const { return svg_ + "</svg>\n"; }

 private:
  [[nodiscard]] double Column(double x) const { return kLeft + x_.Place(x) * (kWidth - kLeft - kRight); }
  [[nodiscard]] double Row(double y) const {
    return kHeight - kBottom - y_.Place(y) * (kHeight - kTop - kBottom);
  }
  void Line(double x1, double y1, double x2, double y2, const std::string& colour) {
    svg_ += "<path d=\"M" + Number(x1) + " " + Number(y1) + " L" + Number(x2) + " " + Number(y2) +
            "\" stroke=\"" + colour + "\"/>\n";
  }
  void Text(double x, double y, const std::string& anchor, const std::string& text) {
    svg_ += "<text x=\"" + Number(x) + "\" y=\"" + Number(y) + "\" text-anchor=\"" + anchor + "\">" +
            Escape(text) + "</text>\n";
  }

  Axis x_, y_;
  std::string svg_;
  std::size_t curves_ = 0;
};

const std::vector<double> kUnit = {0, 0.2, 0.4, 0.6, 0.8, 1};

std::string PowerPlot(const Row& row) {
  std::vector<double> ticks;
  std::vector<std::string> order;
  std::map<std::string, std::vector<Point>> curves;
  for (const Measurement& m : row.measurements) {
    if (m.metric.find("power") == std::string::npos || !m.valid) continue;
    if (curves.count(m.contestant) == 0) order.push_back(m.contestant);
    curves[m.contestant].push_back({m.x, m.value});
    ticks.push_back(m.x);
  }
  std::sort(ticks.begin(), ticks.end());
  ticks.erase(std::unique(ticks.begin(), ticks.end()), ticks.end());
  if (ticks.size() < 2) return "";
  const bool logarithmic = ticks.front() > 0 && ticks.back() / ticks.front() > 8;
  Drawing drawing(row.title, {row.x_name, ticks, logarithmic}, {"power", kUnit, false});
  for (const std::string& name : order) drawing.AddCurve(name, curves[name], true);
  return drawing.Finish();
}

std::string RocPlot(const Row& row) {
  if (row.roc.empty()) return "";
  Drawing drawing(row.title + ": all thresholds", {"false-alarm rate", kUnit, false},
                  {"power", kUnit, false});
  for (const Curve& curve : row.roc) drawing.AddCurve(curve.contestant, curve.points, false);
  return drawing.Finish();
}

}  // namespace

std::vector<Plot> ToPlots(const std::vector<Row>& rows) {
  std::vector<Plot> plots;
  for (const Row& row : rows) {
    const std::string power = PowerPlot(row), roc = RocPlot(row);
    if (!power.empty()) plots.push_back({row.id + ".svg", power});
    if (!roc.empty()) plots.push_back({row.id + "-roc.svg", roc});
  }
  return plots;
}

}  // namespace pinchbeck::accuracy
