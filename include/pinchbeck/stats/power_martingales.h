// Power martingales on uniform p-values, kept as a count and two sums.
#ifndef PINCHBECK_STATS_POWER_MARTINGALES_H_
#define PINCHBECK_STATS_POWER_MARTINGALES_H_

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "pinchbeck/stats/conformal_cell.h"

namespace pinchbeck::stats::internal {

// Bets on the p-values of one score: kappa p^(kappa-1) for every exponent, the same on 1-p, and two bets on
// both ends at once, 1 - l + l (p^(-1/2) + (1-p)^(-1/2)) / 4. Each function integrates to 1 over (0,1), so
// every product is a martingale. The wealth of a power bet follows from the number of bets n and S = -sum log
// p: n log kappa + (1 - kappa) S, so that an update costs the same for every number of exponents.
class PowerMartingales {
 public:
  // Shares l of the bets on both ends.
  static constexpr std::array<double, 2> kBothEndsShares = {0.25, 1};

  // What changes with every bet. Plain data.
  struct Sums {
    std::int64_t count = 0;
    double minus_log_p = 0;
    double minus_log_complement = 0;
    std::array<double, 2> both_ends{};
  };

  // `weight`: share of this score in the whole mixture, divided equally among the ends (low, high, both) and
  // within an end among its bets. With two_ended false only small p are bet on.
  PowerMartingales(std::span<const double> exponents, bool two_ended, double weight) : two_ended_(two_ended) {
    const double end = two_ended ? weight / 3 : weight;
    log_weight_power_ = std::log(end / static_cast<double>(exponents.size()));
    log_weight_both_ = std::log(end / static_cast<double>(kBothEndsShares.size()));
    for (const double kappa : exponents) powers_.push_back({std::log(kappa), 1 - kappa});
  }

  void Forget() { last_ = {}; }

  void Bet(const SmoothedPValue& value) {
    ++sums_.count;
    last_.placed = true;
    last_.minus_log_p = -std::log(value.p);
    sums_.minus_log_p += last_.minus_log_p;
    if (!two_ended_) return;
    last_.minus_log_complement = -std::log(value.complement);
    sums_.minus_log_complement += last_.minus_log_complement;
    last_.both_ends = 0.25 / std::sqrt(value.p) + 0.25 / std::sqrt(value.complement);
    last_.log_both_ends = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < kBothEndsShares.size(); ++i) {
      const double gain = std::log(1 - kBothEndsShares[i] + kBothEndsShares[i] * last_.both_ends);
      sums_.both_ends[i] += gain;
      last_.log_both_ends = std::max(last_.log_both_ends, gain);
    }
  }

  // Logarithm of the largest e-value among the last bets, at least 0.
  [[nodiscard]] double LargestLastLog() const {
    if (!last_.placed) return 0;
    double top = std::max(0.0, last_.log_both_ends);
    // At most one end has -log above 1; below that no power bet wins.
    const double minus_log = std::max(last_.minus_log_p, last_.minus_log_complement);
    if (minus_log <= 1) return top;
    for (const Power& power : powers_) {
      top = std::max(top, power.log_exponent + power.one_minus_exponent * minus_log);
    }
    return top;
  }

  // Calls visit(log weight, log wealth) for every bet.
  template <typename Visit>
  void VisitWealth(Visit& visit) const {
    const double count = static_cast<double>(sums_.count);
    for (const Power& power : powers_) {
      visit(log_weight_power_, count * power.log_exponent + power.one_minus_exponent * sums_.minus_log_p);
    }
    if (!two_ended_) return;
    for (const Power& power : powers_) {
      visit(log_weight_power_,
            count * power.log_exponent + power.one_minus_exponent * sums_.minus_log_complement);
    }
    for (const double log_wealth : sums_.both_ends) visit(log_weight_both_, log_wealth);
  }

  // The e-values of the last bet alone, in the order of VisitWealth(); 1 where none was placed.
  void AppendStepEValues(std::vector<double>* values) const {
    const auto powers = [&](double minus_log) {
      for (const Power& power : powers_) {
        values->push_back(last_.placed ? std::exp(power.log_exponent + power.one_minus_exponent * minus_log)
                                       : 1);
      }
    };
    powers(last_.minus_log_p);
    if (!two_ended_) return;
    powers(last_.minus_log_complement);
    for (const double share : kBothEndsShares) values->push_back(1 - share + share * last_.both_ends);
  }

  [[nodiscard]] const Sums& sums() const { return sums_; }
  void Restore(const Sums& sums) {
    sums_ = sums;
    Forget();
  }

 private:
  struct Power {
    double log_exponent;
    double one_minus_exponent;
  };
  struct LastBet {
    bool placed = false;
    double minus_log_p = 0;
    double minus_log_complement = 0;
    double both_ends = 1;
    double log_both_ends = 0;
  };

  bool two_ended_;
  double log_weight_power_ = 0;
  double log_weight_both_ = 0;
  std::vector<Power> powers_;
  Sums sums_;
  LastBet last_;
};

}  // namespace pinchbeck::stats::internal

#endif  // PINCHBECK_STATS_POWER_MARTINGALES_H_
