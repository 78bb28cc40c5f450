// Exact one-sided binomial check of a rejection rate.
#ifndef PINCHBECK_TESTS_EXACT_BINOMIAL_H_
#define PINCHBECK_TESTS_EXACT_BINOMIAL_H_

#include <cmath>
#include <cstdint>

namespace pinchbeck {

// P(Binomial(n, p) >= k). A calibration check fails when this is below its declared chance of failing by
// itself.
inline double BinomialUpperTail(std::int64_t k, std::int64_t n, double p) {
  double tail = 0;
  for (std::int64_t i = k; i <= n; ++i) {
    const double di = static_cast<double>(i), dn = static_cast<double>(n);
    tail += std::exp(std::lgamma(dn + 1) - std::lgamma(di + 1) - std::lgamma(dn - di + 1) + di * std::log(p) +
                     (dn - di) * std::log1p(-p));
  }
  return tail;
}

// Chance that one check of a correct method fails.
inline constexpr double kCheckFailureChance = 1e-4;

}  // namespace pinchbeck

#endif  // PINCHBECK_TESTS_EXACT_BINOMIAL_H_
