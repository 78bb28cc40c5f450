// Inline SVG: a canvas of labelled shapes, scales and ticks.
#ifndef PINCHBECK_SRC_REPORT_SVG_H_
#define PINCHBECK_SRC_REPORT_SVG_H_

#include <string>
#include <string_view>
#include <vector>

namespace pinchbeck::internal {

enum class Anchor { kStart, kMiddle, kEnd };

// Shapes have classes of the style sheet and no colours of their own, so that they follow the colour scheme.
// Text is escaped here.
class Svg {
 public:
  Svg(double width, double height) : width_(width), height_(height) {}

  void Line(double x1, double y1, double x2, double y2, std::string_view css);
  // `tip` is what a pointer over the shape is shown; empty for none.
  void Rect(double x, double y, double width, double height, std::string_view css, std::string_view tip = "");
  void Circle(double x, double y, double radius, std::string_view css, std::string_view tip = "");
  // A diamond around the point.
  void Diamond(double x, double y, double radius, std::string_view css);
  void Polyline(const std::vector<double>& xs, const std::vector<double>& ys, std::string_view css);
  void Text(double x, double y, Anchor anchor, std::string_view css, std::string_view text);

  // The element, as one image with a name and a description for those who do not see it. `id` must be unique
  // in the document.
  [[nodiscard]] std::string Image(std::string_view id, std::string_view title,
                                  std::string_view description) const;
  // The element as decoration: what it shows is in the text beside it.
  [[nodiscard]] std::string Decoration(std::string_view css) const;

 private:
  double width_, height_;
  std::string shapes_;
};

// From data to pixels.
struct Scale {
  double low = 0, high = 1;
  double from = 0, to = 1;
  bool logarithmic = false;
  [[nodiscard]] double operator()(double value) const;
};

// Round numbers in [low, high], about `wanted` of them: multiples of 1, 2 or 5 times a power of ten, or on a
// logarithmic axis the powers with 2 and 5 between them where there is room. Empty unless low < high, finite.
[[nodiscard]] std::vector<double> Ticks(double low, double high, int wanted, bool logarithmic = false);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_REPORT_SVG_H_
