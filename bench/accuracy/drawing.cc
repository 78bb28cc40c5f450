#include "bench/accuracy/drawing.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace pinchbeck::accuracy {
namespace {

constexpr double kPlotWidth = 400, kTop = 48, kBottom = 50, kPlotHeight = 330;
constexpr double kHeight = kTop + kPlotHeight + kBottom;
// Mean width of a letter at this font size, a little generous.
constexpr double kLetter = 6.6;
constexpr double kLegendLine = 18;
// Letters of a remark below the legend that there is room for.
constexpr double kRemarkLetters = 40;
constexpr std::size_t kColours = 7;

// Distinguishable also without full colour vision (Okabe & Ito 2008); lighter ones on dark pages. More curves
// than colours are dashed, and have other marks.
constexpr const char* kStyle =
    "<style>\n"
    ".page{fill:#ffffff}text{fill:#1f2328}.rule{stroke:#d8dee4}\n"
    ".c0{color:#0072b2}.c1{color:#d55e00}.c2{color:#009e73}.c3{color:#cc79a7}.c4{color:#56b4e9}\n"
    ".c5{color:#e69f00}.c6{color:#1f2328}\n"
    ".line{fill:none;stroke:currentColor;stroke-width:1.8}.dash{stroke-dasharray:6 4}"
    ".mark{fill:currentColor}\n"
    "@media (prefers-color-scheme:dark){.page{fill:#0d1117}text{fill:#e6edf3}.rule{stroke:#30363d}\n"
    ".c0{color:#5b9bff}.c1{color:#ff8a4c}.c2{color:#2ec29a}.c3{color:#e59ac6}.c4{color:#8fdcff}\n"
    ".c5{color:#f2c14e}.c6{color:#e6edf3}}\n"
    "</style>\n";

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

std::size_t Longest(const std::vector<std::string>& texts) {
  std::size_t longest = 0;
  for (const std::string& text : texts) longest = std::max(longest, text.size());
  return longest;
}

std::string Colour(std::size_t curve) { return "c" + std::to_string(curve % kColours); }

}  // namespace

double Axis::Place(double value) const {
  const double low = ticks.front(), high = ticks.back();
  if (low == high) return 0.5;
  const double place = logarithmic ? std::log(std::max(value, low) / low) / std::log(high / low)
                                   : (value - low) / (high - low);
  return std::clamp(place, 0.0, 1.0);
}

Drawing::Drawing(const std::string& title, Axis x, Axis y, const std::vector<std::string>& legend)
    : x_(std::move(x)), y_(std::move(y)), legend_(legend) {
  left_ = std::max(60.0, kLetter * static_cast<double>(Longest(y_.labels)) + 16);
  width_ = std::max({left_ + kPlotWidth + 50 + kLetter * static_cast<double>(Longest(legend_)),
                     left_ + kPlotWidth + 12 + kLetter * kRemarkLetters,
                     20 + 1.15 * kLetter * static_cast<double>(title.size())});
  svg_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + Number(width_) + "\" height=\"" +
         Number(kHeight) + "\" viewBox=\"0 0 " + Number(width_) + " " + Number(kHeight) +
         "\" role=\"img\" font-family=\"sans-serif\" font-size=\"12\">\n<title>" + Escape(title) +
         "</title>\n" + kStyle + "<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n";
  svg_ += "<text x=\"10\" y=\"20\" font-size=\"14\" font-weight=\"bold\">" + Escape(title) + "</text>\n";
  for (std::size_t i = 0; i < x_.ticks.size(); ++i) {
    const double tick = x_.ticks[i];
    AddRule(Column(tick), kTop, Column(tick), kTop + kPlotHeight);
    AddText(Column(tick), kTop + kPlotHeight + 16, "middle",
            i < x_.labels.size() ? x_.labels[i] : Number(tick));
  }
  for (std::size_t i = 0; i < y_.ticks.size(); ++i) {
    const double tick = y_.ticks[i];
    AddRule(left_, Line(tick), left_ + kPlotWidth, Line(tick));
    AddText(left_ - 8, Line(tick) + 4, "end", i < y_.labels.size() ? y_.labels[i] : Number(tick));
  }
  AddText(left_ + kPlotWidth / 2, kHeight - 12, "middle", x_.name);
  AddText(left_, kTop - 9, "start", y_.name);
}

void Drawing::Add(const std::vector<Point>& points, Style style) {
  const std::string colour = Colour(added_);
  const std::string dash = added_ >= kColours ? " dash" : "";
  const bool line = style != Style::kMarks, marks = style != Style::kLine;
  std::string path;
  for (const Point& point : points) {
    path += (path.empty() ? "M" : " L") + Number(Column(point.x)) + " " + Number(Line(point.y));
  }
  if (line) svg_ += "<path class=\"line " + colour + dash + "\" d=\"" + path + "\"/>\n";
  if (marks) {
    for (const Point& point : points) AddMark({Column(point.x), Line(point.y)}, colour);
  }
  const double x = left_ + kPlotWidth + 12, y = kTop + 6 + kLegendLine * static_cast<double>(added_);
  if (line) {
    svg_ += "<path class=\"line " + colour + dash + "\" d=\"M" + Number(x) + " " + Number(y) + " h 20\"/>\n";
  }
  if (marks) AddMark({x + 10, y}, colour);
  if (added_ < legend_.size()) AddText(x + 26, y + 4, "start", legend_[added_]);
  ++added_;
}

void Drawing::AddRemark(const std::string& text) {
  const double y = kTop + 16 + kLegendLine * static_cast<double>(added_ + remarks_);
  AddText(left_ + kPlotWidth + 12, y, "start", text);
  ++remarks_;
}

double Drawing::Column(double x) const { return left_ + x_.Place(x) * kPlotWidth; }

double Drawing::Line(double y) const { return kTop + (1 - y_.Place(y)) * kPlotHeight; }

void Drawing::AddRule(double x1, double y1, double x2, double y2) {
  svg_ += "<path class=\"rule\" d=\"M" + Number(x1) + " " + Number(y1) + " L" + Number(x2) + " " +
          Number(y2) + "\"/>\n";
}

void Drawing::AddText(double x, double y, const std::string& anchor, const std::string& text) {
  svg_ += "<text x=\"" + Number(x) + "\" y=\"" + Number(y) + "\" text-anchor=\"" + anchor + "\">" +
          Escape(text) + "</text>\n";
}

void Drawing::AddMark(const Point& point, const std::string& colour) {
  if (added_ < kColours) {
    svg_ += "<circle class=\"mark " + colour + "\" cx=\"" + Number(point.x) + "\" cy=\"" + Number(point.y) +
            "\" r=\"3.5\"/>\n";
    return;
  }
  svg_ += "<rect class=\"mark " + colour + "\" x=\"" + Number(point.x - 3) + "\" y=\"" + Number(point.y - 3) +
          "\" width=\"6\" height=\"6\"/>\n";
}

}  // namespace pinchbeck::accuracy
