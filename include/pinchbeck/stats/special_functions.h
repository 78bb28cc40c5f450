// Tail probabilities and quantiles that the tests' limits and intervals need.
//
// Every tail is computed as a tail: where a complement is small it is not 1 minus something. Outside a
// function's domain, and for NaN, the value is NaN; nothing here reports an error in another way. All are
// pure functions, safe to call from several threads.
//
// Accuracy: relative error below 1e-12 for results from 1e-300 up and shape parameters from 0.01 to 1e6,
// against mpmath with 60 digits and R (tests/golden/functions.json) and against Boost.Math where it is
// installed. docs/design/0007-special-functions.md has the measured errors and why this is not Eigen's
// module.
#ifndef PINCHBECK_STATS_SPECIAL_FUNCTIONS_H_
#define PINCHBECK_STATS_SPECIAL_FUNCTIONS_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>

namespace pinchbeck::stats {
namespace internal {

inline constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kTwoPi = 6.2831853071795864769;
inline constexpr double kLogSqrtTwoPi = 0.91893853320467274178;
// Series and continued fractions stop when a step changes less than this.
inline constexpr double kStep = 0.5 * std::numeric_limits<double>::epsilon();
// Far above the steps needed for shape parameters of 1e6 (about 2e4); beyond it the result is NaN.
inline constexpr int kMaximumSteps = 2'000'000;

// log Gamma(2 + z) for |z| <= 1/2, by its Taylor series (1 - gamma) z + sum (-1)^k (zeta(k) - 1) z^k / k,
// whose terms fall like 4^-k.
inline double LogGammaNearTwo(double z) {
  constexpr double kCoefficients[] = {
      0.32246703342411321824,    -0.067352301053198095133,   0.020580808427784547879,
      -0.0073855510286739852663, 0.0028905103307415232858,   -0.0011927539117032609771,
      0.00050966952474304242234, -0.00022315475845357937976, 0.000099457512781808533715,
      -0.0000449262367381331417, 0.000020507212775670691553, -9.439488275268395904e-6,
      4.3748667899074878042e-6,  -2.0392157538013662368e-6,  9.5514121304074198329e-7,
      -4.4924691987645660433e-7, 2.1207184805554665869e-7,   -1.0043224823968099609e-7,
      4.7698101693639805658e-8,  -2.271109460894316491e-8,   1.0838659214896954091e-8,
      -5.1834750419700466551e-9, 2.4836745438024783172e-9,   -1.1921401405860912074e-9,
      5.7313672416788620133e-10, -2.7595228851242331452e-10};
  double sum = 0;
  for (auto c = std::rbegin(kCoefficients); c != std::rend(kCoefficients); ++c) sum = *c + z * sum;
  return z * (0.42278433509846713939 + z * sum);
}

// log Gamma(x) - ((x - 1/2) log x - x + log sqrt(2 pi)) for x >= 10: Stirling's series; the first term left
// out is below 2e-18.
inline double StirlingSeries(double x) {
  constexpr double kCoefficients[] = {1.0 / 12,   -1.0 / 360,        1.0 / 1260, -1.0 / 1680,
                                      1.0 / 1188, -691.0 / 360360.0, 1.0 / 156,  -3617.0 / 122400.0};
  const double square = 1 / (x * x);
  double sum = 0;
  for (auto c = std::rbegin(kCoefficients); c != std::rend(kCoefficients); ++c) sum = *c + square * sum;
  return sum / x;
}

inline double LogGammaStirling(double x) {
  return (x - 0.5) * std::log(x) - x + kLogSqrtTwoPi + StirlingSeries(x);
}

// log Gamma(1 + z) for z >= -1/2; keeps its relative accuracy around the zeros z = 0 and z = 1.
inline double LogGammaOnePlus(double z) {
  if (z <= 0.5) return LogGammaNearTwo(z) - std::log1p(z);
  if (z >= 9) return LogGammaStirling(z + 1);
  double product = 1;
  for (; z > 1.5; z -= 1) product *= z;
  return std::log(product) + LogGammaNearTwo(z - 1);
}

// log Gamma(1 + a) - ((a + 1/2) log a - a + log sqrt(2 pi)), a > 0: the error of Stirling's formula, which
// stays small where the logarithms themselves would cancel.
inline double StirlingError(double a) {
  if (a >= 10) return StirlingSeries(a);
  return LogGammaOnePlus(a) - (a + 0.5) * std::log(a) + a - kLogSqrtTwoPi;
}

// a log(a / x) + x - a >= 0, the exponent of a Poisson or binomial probability at a with mean x. `difference`
// is a - x, which the caller knows more exactly than the subtraction would.
inline double Deviance(double a, double x, double difference) {
  const double v = difference / (a + x);
  if (std::abs(v) >= 0.5) {
    const double ratio = a / x;
    return a * (std::isfinite(ratio) ? std::log(ratio) : std::log(a) - std::log(x)) - difference;
  }
  // log(a / x) = 2 atanh(v): its first term is combined with x - a by hand, so nothing cancels.
  const double square = v * v;
  double power = 2 * a * v, sum = difference * v;
  for (int j = 1; j < 200; ++j) {
    power *= square;
    const double next = sum + power / (2 * j + 1);
    if (next == sum) break;
    sum = next;
  }
  return sum;
}

// x^a e^-x / Gamma(a + 1).
inline double GammaPrefactor(double a, double x) {
  return std::exp(-StirlingError(a) - Deviance(a, x, a - x)) / std::sqrt(kTwoPi * a);
}

// P(a, x) by its power series; all terms are positive. For x < a + 1.
inline double GammaSeries(double a, double x) {
  double term = 1, sum = 1;
  for (int n = 1; n < kMaximumSteps; ++n) {
    term *= x / (a + n);
    sum += term;
    if (term < sum * kStep) return GammaPrefactor(a, x) * sum;
  }
  return kNotANumber;
}

// Q(a, x) by Legendre's continued fraction, evaluated with Lentz's method (Lentz 1976,
// doi:10.1364/AO.15.000668). For x >= a + 1.
inline double GammaFraction(double a, double x) {
  double b = x + 1 - a, c = std::numeric_limits<double>::max(), d = 1 / b, value = d;
  for (int i = 1; i < kMaximumSteps; ++i) {
    const double numerator = -i * (i - a);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    const double factor = c * d;
    value *= factor;
    if (std::abs(factor - 1) <= 2 * kStep) return GammaPrefactor(a, x) * a * value;
  }
  return kNotANumber;
}

// Q(a, x) for a < 1/2 and x < 3/2, where 1 - P would cancel as a -> 0:
// 1 - x^a / Gamma(1 + a) - (x^a / Gamma(1 + a)) a sum_k (-x)^k / (k! (a + k)).
inline double GammaComplementSmallShape(double a, double x) {
  const double exponent = a * std::log(x) - LogGammaOnePlus(a);
  double power = 1, sum = 0;
  for (int k = 1; k < 100; ++k) {
    power *= -x / k;
    const double next = sum + power / (a + k);
    if (next == sum) break;
    sum = next;
  }
  return -std::expm1(exponent) - std::exp(exponent) * a * sum;
}

// a x - b y for x + y = 1 in another form, a - (a + b) x, without its cancellation: the sum's rounding error
// and the product's are carried along. The smaller of x and y is the exact one.
inline double BetaDifference(double a, double b, double x, double y) {
  if (x > y) return -BetaDifference(b, a, y, x);
  const double n = a + b, big = std::max(a, b), small = std::min(a, b);
  const double n_error = small - (n - big);
  const double product = n * x;
  return (a - product) - std::fma(n, x, -product) - n_error * x;
}

// I_x(a, b) for x below its mean, y = 1 - x: x^a y^b / B(a, b) over a continued fraction, all of whose terms
// are positive until n passes b (Didonato & Morris 1992, doi:10.1145/131766.131776, section 5). Evaluated
// with Lentz's method.
inline double BetaFraction(double a, double b, double x, double y) {
  const double n = a + b, difference = BetaDifference(a, b, x, y);
  const double exponent = StirlingError(n) - StirlingError(a) - StirlingError(b) -
                          Deviance(a, n * x, difference) - Deviance(b, n * y, -difference);
  const double prefactor = std::exp(exponent) * std::sqrt(a * (b / n) / kTwoPi);
  double value = a * (difference + 1) / (a + 1), c = value, d = 0;
  for (int m = 1; m < kMaximumSteps; ++m) {
    const double odd = a + 2 * m - 1;
    const double numerator = (a + m - 1) / odd * ((n + m - 1) / odd) * m * (b - m) * x * x;
    const double denominator =
        m + m * (b - m) * x / odd + (a + m) * (difference + 1 + m * (2 - x)) / (a + 2 * m + 1);
    d = 1 / (denominator + numerator * d);
    c = denominator + numerator / c;
    const double factor = c * d;
    value *= factor;
    if (std::abs(factor - 1) <= 2 * kStep) return prefactor / value;
  }
  return kNotANumber;
}

// I_x(a, b) with y = 1 - x, both as exact as the caller has them.
inline double RegularizedBeta(double a, double b, double x, double y) {
  if (!(a > 0 && b > 0 && std::isfinite(a + b) && x >= 0 && y >= 0)) return kNotANumber;
  if (x == 0) return 0;
  if (y == 0) return 1;
  if (x <= (a + 1) / (a + b + 2)) return BetaFraction(a, b, x, y);
  return 1 - BetaFraction(b, a, y, x);
}

}  // namespace internal

// P(Z >= z), Z standard normal.
inline double NormalUpperTail(double z) { return 0.5 * std::erfc(z * 0.70710678118654752440); }

// The z with P(Z <= z) = p, Z standard normal; -infinity at p = 0 and infinity at p = 1.
//
// A rational start (Abramowitz & Stegun 1964, formula 26.2.23, error 4.5e-4) and two steps of Halley's
// method, each of which triples the digits.
inline double NormalQuantile(double p) {
  if (!(p >= 0 && p <= 1)) return internal::kNotANumber;
  const double tail = std::min(p, 1 - p);
  if (tail == 0)
    return p == 0 ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  if (tail == 0.5) return 0;
  const double t = std::sqrt(-2 * std::log(tail));
  double z =
      t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (int step = 0; step < 2; ++step) {
    // Near the middle the tail minus its target is taken from erf, which is exact where erfc rounds to 1.
    const double gap =
        tail > 0.25 ? (0.5 - tail) - 0.5 * std::erf(z * 0.70710678118654752440) : NormalUpperTail(z) - tail;
    const double newton = gap * std::exp(0.5 * z * z + internal::kLogSqrtTwoPi);
    z += newton / (1 - 0.5 * newton * z);
  }
  return p < 0.5 ? -z : z;
}

// log Gamma(x), x > 0. Unlike std::lgamma it writes no global variable.
inline double LogGamma(double x) {
  if (!(x > 0)) return internal::kNotANumber;
  if (x >= 10) return std::isfinite(x) ? internal::LogGammaStirling(x) : x;
  return x < 0.5 ? internal::LogGammaOnePlus(x) - std::log(x) : internal::LogGammaOnePlus(x - 1);
}

// Q(a, x) = Gamma(a, x) / Gamma(a), the upper tail of a gamma distribution with shape a > 0 at x >= 0.
//
// Cost: O(sqrt(a)) near x = a.
inline double RegularizedGammaQ(double a, double x) {
  if (!(a > 0 && std::isfinite(a) && x >= 0)) return internal::kNotANumber;
  if (x == 0) return 1;
  if (std::isinf(x)) return 0;
  if (x < 1.5 && a < 0.5) return internal::GammaComplementSmallShape(a, x);
  return x < a + 1 ? 1 - internal::GammaSeries(a, x) : internal::GammaFraction(a, x);
}

// P(a, x) = 1 - Q(a, x), the lower tail; see RegularizedGammaQ().
inline double RegularizedGammaP(double a, double x) {
  if (!(a > 0 && std::isfinite(a) && x >= 0)) return internal::kNotANumber;
  if (x == 0) return 0;
  if (std::isinf(x)) return 1;
  return x < a + 1 ? internal::GammaSeries(a, x) : 1 - internal::GammaFraction(a, x);
}

// P(X >= x), X chi-square with `degrees` > 0 degrees of freedom; 1 for x <= 0.
inline double ChiSquareUpperTail(double x, double degrees) {
  if (std::isnan(x)) return internal::kNotANumber;
  return RegularizedGammaQ(0.5 * degrees, 0.5 * std::max(x, 0.0));
}

// I_x(a, b), the lower tail of a beta distribution with a, b > 0 at x in [0, 1].
//
// Cost: O(sqrt(a + b)) near the mean.
inline double RegularizedBeta(double a, double b, double x) {
  return internal::RegularizedBeta(a, b, x, 1 - x);
}

// 1 - I_x(a, b), the upper tail.
inline double RegularizedBetaComplement(double a, double b, double x) {
  return internal::RegularizedBeta(b, a, 1 - x, x);
}

// P(X >= k), X binomial with n >= 0 trials of probability p in [0, 1].
inline double BinomialUpperTail(std::int64_t k, std::int64_t n, double p) {
  if (!(n >= 0 && p >= 0 && p <= 1)) return internal::kNotANumber;
  if (k <= 0) return 1;
  if (k > n) return 0;
  return RegularizedBeta(static_cast<double>(k), static_cast<double>(n - k) + 1, p);
}

// P(X <= k), X binomial with n >= 0 trials of probability p in [0, 1].
inline double BinomialLowerTail(std::int64_t k, std::int64_t n, double p) {
  if (!(n >= 0 && p >= 0 && p <= 1)) return internal::kNotANumber;
  if (k < 0) return 0;
  if (k >= n) return 1;
  return RegularizedBetaComplement(static_cast<double>(k) + 1, static_cast<double>(n - k), p);
}

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_SPECIAL_FUNCTIONS_H_
