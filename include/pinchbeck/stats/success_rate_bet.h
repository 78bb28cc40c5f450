// Does a yes-or-no answer succeed as often as promised? A bet that may be read after every answer.
#ifndef PINCHBECK_STATS_SUCCESS_RATE_BET_H_
#define PINCHBECK_STATS_SUCCESS_RATE_BET_H_

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/e_process.h"

namespace pinchbeck::stats {

// E-process against a success rate of at least `promised` = q:
//
//   W_t = mean over b of prod_{i <= t} (1 + b (q - x_i)),   x_i = 1 for a success, 0 otherwise
//
// with the bets b = f / (1 - q), f = 0.05, 0.1, 0.25, 0.5 and 0.9. H0: given all earlier answers, each
// succeeds with chance q or more; successes may depend on each other otherwise. Then every factor has
// expectation at most 1, and P(W_t >= 1/alpha at any t) <= alpha: one may stop at any time, for any reason.
//
// A failure multiplies the boldest bet by 1 + 0.9 q / (1 - q), so n failures in a row reach alpha about when
// that to the power n is 5 / alpha: with q = 0.8 and alpha = 0.01 four of them do. One never does at a usual
// level: with q = 0.8 it leaves a p-value of 0.41.
//
// Accuracy: equals the products in exact arithmetic to 1e-12 (tests/stats/success_rate_bet_test.cc); its
// level at every stopping time is simulated there.
// Reference: Waudby-Smith & Ramdas 2024, doi:10.1093/jrsssb/qkad009.
class SuccessRateBet {
 public:
  // InvalidArgument: `promised` outside (0, 1).
  [[nodiscard]] static absl::StatusOr<SuccessRateBet> Create(double promised) {
    PINCHBECK_RETURN_IF_ERROR(internal::CheckOpenUnit(promised, "promised"));
    return SuccessRateBet(promised);
  }

  void Update(bool success) {
    for (std::size_t b = 0; b < kBets.size(); ++b) {
      const double bet = kBets[b] / (1 - promised_);
      log_wealths_[b] += std::log1p(bet * (promised_ - (success ? 1 : 0)));
    }
    // Finite: no bet loses everything. The status is therefore always ok.
    const absl::StatusOr<double> average = AverageLogWealth(log_wealths_);
    if (average.ok()) wealth_.Record(*average).IgnoreError();
  }

  [[nodiscard]] const RunningWealth& wealth() const { return wealth_; }
  // Valid at every stopping time.
  [[nodiscard]] double p_value() const { return wealth_.p_value(); }

 private:
  static constexpr std::array<double, 5> kBets = {0.05, 0.1, 0.25, 0.5, 0.9};
  explicit SuccessRateBet(double promised) : promised_(promised) {}

  double promised_;
  std::array<double, kBets.size()> log_wealths_{};
  RunningWealth wealth_;
};

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_SUCCESS_RATE_BET_H_
