// A small SVG canvas with two axes, curves or marks, and a legend, readable on light and dark pages.
#ifndef PINCHBECK_BENCH_ACCURACY_DRAWING_H_
#define PINCHBECK_BENCH_ACCURACY_DRAWING_H_

#include <cstddef>
#include <string>
#include <vector>

#include "bench/accuracy/result.h"

namespace pinchbeck::accuracy {

struct Axis {
  std::string name;
  // Increasing; the first and the last are the ends.
  std::vector<double> ticks;
  bool logarithmic = false;
  // Instead of the ticks' values.
  std::vector<std::string> labels = {};

  // From 0 to 1; values beyond the ends are put there.
  [[nodiscard]] double Place(double value) const;
};

class Drawing {
 public:
  // Room on the left for the labels of `y`, on the right for the legend.
  Drawing(const std::string& title, Axis x, Axis y, const std::vector<std::string>& legend);

  // The next entry of the legend, as a line through the points with marks at them, a line, or marks.
  enum class Style { kMarkedLine, kLine, kMarks };
  void Add(const std::vector<Point>& points, Style style);
  // A remark below the legend, of at most 40 letters.
  void AddRemark(const std::string& text);

  [[nodiscard]] std::string Finish() const { return svg_ + "</svg>\n"; }

 private:
  [[nodiscard]] double Column(double x) const;
  [[nodiscard]] double Line(double y) const;
  void AddRule(double x1, double y1, double x2, double y2);
  void AddText(double x, double y, const std::string& anchor, const std::string& text);
  void AddMark(const Point& point, const std::string& colour);

  Axis x_, y_;
  std::vector<std::string> legend_;
  double left_ = 0, width_ = 0;
  std::string svg_;
  std::size_t added_ = 0, remarks_ = 0;
};

}  // namespace pinchbeck::accuracy

#endif  // PINCHBECK_BENCH_ACCURACY_DRAWING_H_
