// Limits of Student's distribution.
#ifndef PINCHBECK_SRC_SIGNAL_STUDENT_LIMIT_H_
#define PINCHBECK_SRC_SIGNAL_STUDENT_LIMIT_H_

#include "pinchbeck/stats/special_functions.h"

namespace pinchbeck::internal {

// t with P(|T| > t) = level, for T with `freedom` > 0 degrees of freedom; by bisection of
// P(|T| > t) = I_{f / (f + t^2)}(f / 2, 1 / 2).
inline double StudentTwoSidedLimit(double freedom, double level) {
  const auto tail = [&](double t) {
    return stats::RegularizedBeta(freedom / 2, 0.5, freedom / (freedom + t * t));
  };
  double low = 0, high = 1;
  while (tail(high) > level && high < 1e12) high *= 2;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (tail(middle) > level ? low : high) = middle;
  }
  return high;
}

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_STUDENT_LIMIT_H_
