// Words of the mean bound's methods, for the two files that take them.
#ifndef PINCHBECK_PYTHON_BINDINGS_STATS_MEAN_BOUND_H_
#define PINCHBECK_PYTHON_BINDINGS_STATS_MEAN_BOUND_H_

#include "pinchbeck/stats/mean_bound.h"
#include "python/bindings/enums.h"

namespace pinchbeck::python {

template <>
struct EnumWords<stats::MeanBoundMethod> {
  static constexpr std::string_view kWhat = "method";
  static constexpr EnumName<stats::MeanBoundMethod> kNames[] = {
      {stats::MeanBoundMethod::kBetting, "betting"},
      {stats::MeanBoundMethod::kEmpiricalBernstein, "empirical_bernstein"}};
};

}  // namespace pinchbeck::python

#endif  // PINCHBECK_PYTHON_BINDINGS_STATS_MEAN_BOUND_H_
