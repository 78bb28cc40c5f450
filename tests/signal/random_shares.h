// Answers drawn from given shares, for tests of temperatures and mixtures.
#ifndef PINCHBECK_TESTS_SIGNAL_RANDOM_SHARES_H_
#define PINCHBECK_TESTS_SIGNAL_RANDOM_SHARES_H_

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "tests/signal/observations.h"

namespace pinchbeck {

using Shares = std::vector<double>;

// Shares of a made-up model: logits spread evenly over +-spread, in an order that depends on `model`, divided
// by the temperature.
inline Shares ModelShares(int model, double temperature = 1, int categories = 12, double spread = 3.5) {
  Shares shares;
  for (int k = 0; k < categories; ++k) {
    stats::CounterRng rng(0x5EED, static_cast<std::uint64_t>(1000 * model + k));
    shares.push_back(std::exp(spread * (2 * rng.Uniform() - 1) / temperature));
  }
  const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (double& share : shares) share /= total;
  return shares;
}

inline Shares MixShares(const Shares& a, const Shares& b, double share_of_b) {
  Shares mixed;
  for (std::size_t k = 0; k < a.size(); ++k) mixed.push_back((1 - share_of_b) * a[k] + share_of_b * b[k]);
  return mixed;
}

// `count` answers to each of `probes` probes, the categories rotated from probe to probe.
inline std::vector<Observation> DrawAnswers(const Shares& shares, int probes, int count, std::uint64_t seed) {
  std::vector<double> cumulative(shares.size());
  std::partial_sum(shares.begin(), shares.end(), cumulative.begin());
  std::vector<Observation> observations;
  for (int p = 0; p < probes; ++p) {
    stats::CounterRng rng(seed, static_cast<std::uint64_t>(p));
    for (int i = 0; i < count; ++i) {
      const auto it =
          std::upper_bound(cumulative.begin(), cumulative.end(), rng.Uniform() * cumulative.back());
      const auto k = std::min<std::ptrdiff_t>(it - cumulative.begin(), std::ssize(shares) - 1);
      observations.push_back(
          ChoiceAnswer("p" + std::to_string(p), "w" + std::to_string((k + 7 * p) % std::ssize(shares))));
    }
  }
  return observations;
}

}  // namespace pinchbeck

#endif  // PINCHBECK_TESTS_SIGNAL_RANDOM_SHARES_H_
