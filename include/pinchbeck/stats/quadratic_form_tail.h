// Upper tails of positive quadratic forms in normal variables, the limits of rank statistics that integrate a
// squared gap.
#ifndef PINCHBECK_STATS_QUADRATIC_FORM_TAIL_H_
#define PINCHBECK_STATS_QUADRATIC_FORM_TAIL_H_

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>

namespace pinchbeck::stats::internal {

// Where an integration path crosses the real axis: the saddle point of M(s) exp(-s x), moved off the pole
// at 0.
struct Saddle {
  double position = 0;
  double curvature = 0;  // second derivative of log M there
};

template <typename LogMoment>
[[nodiscard]] inline Saddle FindSaddle(double x, double edge, const LogMoment& log_moment) {
  auto real = [&](double s) { return log_moment(std::complex<double>(s, 0)).real(); };
  // log M is convex, so its slope grows with s; search the distance to the edge on a logarithmic scale.
  double near = std::log(edge * 1e-9), far = std::log(edge * 1e7);
  double distance = edge, step = 0;
  for (int i = 0; i < 40; ++i) {
    distance = std::exp(0.5 * (near + far));
    step = 1e-3 * distance;
    const double s = edge - distance, slope = (real(s + step) - real(s - step)) / (2 * step);
    (slope > x ? near : far) = 0.5 * (near + far);
  }
  Saddle saddle;
  saddle.position = edge - distance;
  step = 0.05 * distance;
  saddle.curvature =
      (real(saddle.position + step) - 2 * real(saddle.position) + real(saddle.position - step)) /
      (step * step);
  const double clear = std::min(1 / std::sqrt(saddle.curvature), 0.3 * edge);
  if (std::abs(saddle.position) < clear) saddle.position = std::copysign(clear, saddle.position);
  return saddle;
}

// P(H >= x) for H >= 0 with moment generating function M(s) = E exp(s H), from
//
//   P(H >= x) = (1 / 2 pi i) * integral of M(s) exp(-s x) / s ds,
//
// along a hyperbola that crosses the real axis near the saddle point and bends round the singularities on
// [edge, infinity). Crossing left of the pole at 0 gives the same minus 1. The trapezoidal rule converges
// geometrically, and relative accuracy survives in the tail because the integrand is as small as the result.
// `log_moment(s)`: log M on the upper half plane and on the real axis below `edge`, continuous. 1 for x <= 0;
// below 1e-308 the result fades to 0.
//
// Cost: some hundred evaluations of log_moment.
//
// Reference: Daniels 1954, doi:10.1214/aoms/1177728652 (saddle point); Weideman & Trefethen 2007,
// doi:10.1090/S0025-5718-07-01945-X (hyperbola).
template <typename LogMoment>
[[nodiscard]] inline double QuadraticFormUpperTail(double x, double edge, const LogMoment& log_moment) {
  if (!(x > 0)) return std::isnan(x) ? x : 1;
  const Saddle saddle = FindSaddle(x, edge, log_moment);
  const double c = saddle.position, scale = edge - c;
  // s(v) = c - scale + scale (cosh v + i sinh v): the edge is pi/4 away from the real v axis; the pole:
  const double pole = std::min(1.0, (1 - c / scale) / std::sqrt(2.0));
  const double strip = std::abs(std::acos(pole) - std::numbers::pi / 4);
  const double step = std::min({0.1, 2 * std::numbers::pi * (pole < 1 ? strip : std::numbers::pi / 4) / 38,
                                0.5 / (1 + scale * std::sqrt(saddle.curvature))});
  const double peak = log_moment(std::complex<double>(c, 0)).real() - c * x;
  double sum = 0.5 * scale / c;
  for (double v = step; v < 30; v += step) {
    const std::complex<double> s(c + scale * (std::cosh(v) - 1), scale * std::sinh(v));
    const std::complex<double> slope(scale * std::sinh(v), scale * std::cosh(v));
    const std::complex<double> exponent = log_moment(s) - s * x - peak;
    sum += (std::exp(exponent) * slope / s).imag();
    if (exponent.real() < -42 - v) break;
  }
  const double integral = std::exp(peak) * sum * step / std::numbers::pi;
  // So far out in either tail that the path leaves the range of doubles.
  if (!std::isfinite(integral)) return c > 0 ? 0 : 1;
  return std::clamp(c > 0 ? integral : 1 + integral, 0.0, 1.0);
}

}  // namespace pinchbeck::stats::internal

#endif  // PINCHBECK_STATS_QUADRATIC_FORM_TAIL_H_
