// The same functions against Boost.Math, on random arguments, where Boost is installed.
#include <gtest/gtest.h>

#include <cmath>

#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/special_functions.h"

#if __has_include(<boost/math/special_functions/beta.hpp>)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#pragma GCC diagnostic pop
#define PINCHBECK_HAVE_BOOST_MATH 1
#endif

namespace pinchbeck::stats {
namespace {

#ifdef PINCHBECK_HAVE_BOOST_MATH

namespace policies = boost::math::policies;
// No long double, and no exception for results that underflow.
using Policy =
    policies::policy<policies::promote_double<false>, policies::underflow_error<policies::ignore_error>,
                     policies::overflow_error<policies::ignore_error>>;

// Boost's own error in double precision grows with the shape: about 1e-10 at 1e6 (docs/design/0006).
double Tolerance(double shape) { return 1e-12 + 2e-16 * shape; }

double LogUniform(CounterRng& rng, double low, double high) {
  return low * std::pow(high / low, rng.Uniform());
}

void ExpectClose(double value, double expected, double tolerance, double a, double b, double x) {
  if (expected < 1e-300) return;
  EXPECT_NEAR(value / expected, 1, tolerance) << a << " " << b << " " << x;
}

TEST(SpecialFunctionsBoostTest, RegularizedGamma) {
  CounterRng rng(3, 0);
  for (int i = 0; i < 2000; ++i) {
    const double a = LogUniform(rng, 0.1, 1e5);
    const double x = std::abs(a + (rng.Uniform() * 30 - 15) * std::sqrt(a + 1));
    ExpectClose(RegularizedGammaP(a, x), boost::math::gamma_p(a, x, Policy()), Tolerance(a), a, 0, x);
    ExpectClose(RegularizedGammaQ(a, x), boost::math::gamma_q(a, x, Policy()), Tolerance(a), a, 0, x);
  }
}

TEST(SpecialFunctionsBoostTest, RegularizedBeta) {
  CounterRng rng(3, 1);
  for (int i = 0; i < 2000; ++i) {
    const double a = LogUniform(rng, 0.5, 1e5), b = LogUniform(rng, 0.5, 1e5), mean = a / (a + b);
    const double x = mean + (rng.Uniform() * 20 - 10) * std::sqrt(mean * (1 - mean) / (a + b + 1));
    if (x <= 0 || x >= 1) continue;
    ExpectClose(RegularizedBeta(a, b, x), boost::math::ibeta(a, b, x, Policy()), Tolerance(a + b), a, b, x);
    ExpectClose(RegularizedBetaComplement(a, b, x), boost::math::ibetac(a, b, x, Policy()), Tolerance(a + b),
                a, b, x);
  }
}

TEST(SpecialFunctionsBoostTest, LogGamma) {
  CounterRng rng(3, 2);
  for (int i = 0; i < 2000; ++i) {
    const double x = LogUniform(rng, 1e-3, 1e6), expected = boost::math::lgamma(x, Policy());
    EXPECT_NEAR(LogGamma(x), expected, 2e-15 * (1 + std::abs(expected))) << x;
  }
}

#else

TEST(SpecialFunctionsBoostTest, NeedsBoost) { GTEST_SKIP() << "Boost.Math is not installed (libboost-dev)"; }

#endif

}  // namespace
}  // namespace pinchbeck::stats
