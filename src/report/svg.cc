#include "src/report/svg.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "src/report/safe_text.h"

namespace pinchbeck::internal {
namespace {

// Tenths of a pixel are enough.
std::string Pixel(double value) {
  std::string text = absl::StrFormat("%.1f", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

std::string Attribute(std::string_view name, double value) {
  return " " + std::string(name) + "=\"" + Pixel(value) + "\"";
}

std::string Css(std::string_view css) { return " class=\"" + std::string(css) + "\""; }

std::string Closed(std::string_view element, std::string_view tip) {
  if (tip.empty()) return "/>";
  return "><title>" + Escape(tip) + "</title></" + std::string(element) + ">";
}

std::vector<double> LogarithmicTicks(double low, double high, int wanted) {
  const int first = static_cast<int>(std::floor(std::log10(low)));
  const int last = static_cast<int>(std::ceil(std::log10(high)));
  // Powers of a thousand, of ten, or with 2 and 5 between them.
  for (const std::vector<double>& steps : {std::vector<double>{1, 2, 5}, {1}}) {
    std::vector<double> ticks;
    for (int power = first; power <= last; ++power) {
      for (const double step : steps) {
        const double tick = step * std::pow(10, power);
        if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push_back(tick);
      }
    }
    if (static_cast<int>(ticks.size()) <= 2 * wanted) return ticks;
  }
  std::vector<double> ticks;
  const int every = std::max(1, (last - first) / wanted);
  for (int power = first; power <= last; power += every) {
    if (const double tick = std::pow(10, power); tick >= low && tick <= high) ticks.push_back(tick);
  }
  return ticks;
}

}  // namespace

void Svg::Line(double x1, double y1, double x2, double y2, std::string_view css) {
  shapes_ += "<line" + Css(css) + Attribute("x1", x1) + Attribute("y1", y1) + Attribute("x2", x2) +
             Attribute("y2", y2) + "/>";
}

void Svg::Rect(double x, double y, double width, double height, std::string_view css, std::string_view tip) {
  shapes_ += "<rect" + Css(css) + Attribute("x", x) + Attribute("y", y) +
             Attribute("width", std::max(0.0, width)) + Attribute("height", std::max(0.0, height)) +
             Closed("rect", tip);
}

void Svg::Circle(double x, double y, double radius, std::string_view css, std::string_view tip) {
  shapes_ += "<circle" + Css(css) + Attribute("cx", x) + Attribute("cy", y) + Attribute("r", radius) +
             Closed("circle", tip);
}

void Svg::Diamond(double x, double y, double radius, std::string_view css) {
  Polyline({x - radius, x, x + radius, x, x - radius}, {y, y - radius, y, y + radius, y}, css);
}

void Svg::Polyline(const std::vector<double>& xs, const std::vector<double>& ys, std::string_view css) {
  std::string points, previous;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    std::string point = Pixel(xs[i]) + "," + Pixel(ys[i]);
    if (point == previous) continue;
    points += (points.empty() ? "" : " ") + point;
    previous = std::move(point);
  }
  shapes_ += "<polyline" + Css(css) + " points=\"" + points + "\"/>";
}

void Svg::Text(double x, double y, Anchor anchor, std::string_view css, std::string_view text) {
  const char* place = anchor == Anchor::kStart    ? ""
                      : anchor == Anchor::kMiddle ? " text-anchor=\"middle\""
                                                  : " text-anchor=\"end\"";
  shapes_ += "<text" + (css.empty() ? std::string() : Css(css)) + Attribute("x", x) + Attribute("y", y) +
             place + ">" + Escape(text) + "</text>";
}

std::string Svg::Image(std::string_view id, std::string_view title, std::string_view description) const {
  const std::string name(id);
  return "<svg viewBox=\"0 0 " + Pixel(width_) + " " + Pixel(height_) + "\" role=\"img\" aria-labelledby=\"" +
         name + "-t\" aria-describedby=\"" + name + "-d\"><title id=\"" + name + "-t\">" + Escape(title) +
         "</title><desc id=\"" + name + "-d\">" + Escape(description) + "</desc>" + shapes_ + "</svg>";
}

std::string Svg::Decoration(std::string_view css) const {
  return "<svg" + (css.empty() ? std::string() : Css(css)) + " viewBox=\"0 0 " + Pixel(width_) + " " +
         Pixel(height_) + "\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">" +
         shapes_ + "</svg>";
}

double Scale::operator()(double value) const {
  if (!(high > low)) return (from + to) / 2;
  const double share = logarithmic ? (std::log(value) - std::log(low)) / (std::log(high) - std::log(low))
                                   : (value - low) / (high - low);
  return from + std::clamp(share, 0.0, 1.0) * (to - from);
}

std::vector<double> Ticks(double low, double high, int wanted, bool logarithmic) {
  if (!(low < high) || !std::isfinite(high - low) || wanted < 1) return {};
  if (logarithmic) return low > 0 ? LogarithmicTicks(low, high, wanted) : std::vector<double>();
  const double rough = (high - low) / wanted;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double step = power * (rough / power > 5 ? 10 : rough / power > 2 ? 5 : rough / power > 1 ? 2 : 1);
  std::vector<double> ticks;
  for (double k = std::ceil(low / step - 1e-9); k * step <= high + 1e-9 * step && ticks.size() < 50; ++k)
    ticks.push_back(k == 0 ? 0 : k * step);
  return ticks;
}

}  // namespace pinchbeck::internal
