// An e-process that may start late: it keeps P(ever alarm) <= alpha and still finds a change after a long
// honest time.
#ifndef PINCHBECK_STATS_RESTART_E_PROCESS_H_
#define PINCHBECK_STATS_RESTART_E_PROCESS_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/change_detection.h"

namespace pinchbeck::stats {

struct RestartState {
  std::int64_t version = 1;
  std::int64_t observations = 0;
  // Per component, as value * 2^(256 * exponent).
  std::vector<double> wealth;
  std::vector<std::int64_t> exponent;
};

// Mixture of one e-process over its start times, averaged over components.
//
//   W_n = g(n) + sum_c w_c sum_{s<=n} (g(s-1) - g(s)) prod_{s<=i<=n} e_i^c,   g(n) = 1 / (1 + log(1 + n))
//
// A stake of g(s-1) - g(s) waits until observation s and is bet from there on; the stakes add up to 1, and
// g(n) is what has not been placed after n observations. The first observation gets 0.41 of it, so against a
// difference that was there from the start at most 0.9 nats are lost. A change after k observations costs
// about log k + 2 log(1 + log k) nats, 12 for k = 2,000, instead of all that the bets lost while the endpoint
// was honest. No choice of stakes can cost less than log k for every k.
//
// H0: each e_n has expectation at most 1 given the past. Then W is a supermartingale that starts at 1, and
// P(sup_n W_n >= 1/alpha) <= alpha, as for the e-process itself. A Shiryaev-Roberts detector
// (change_detection.h) places 1 at every start: it saves that cost and gives up this guarantee for one about
// the mean run.
//
// InvalidArgument: weights negative, not finite or all 0, a number of e-values that is not that of the
// weights, an e-value that is negative or not finite (nothing changes then). Cost: O(components) an
// observation, the same for the state. Accuracy: log wealth within 1e-9 of the double sum
// (tests/stats/restart_e_process_test.cc). Reference: Shiryaev 1963, doi:10.1137/1108002 (the mixture over
// start times); Shin, Ramdas & Rinaldo 2024, doi:10.51387/23-NEJSDS51.
class RestartEProcess {
 public:
  [[nodiscard]] static absl::StatusOr<RestartEProcess> Create(std::span<const double> weights) {
    double total = 0;
    for (std::size_t c = 0; c < weights.size(); ++c) {
      if (!(weights[c] >= 0 && std::isfinite(weights[c]))) {
        return absl::InvalidArgumentError("weights[" + std::to_string(c) + "] is " +
                                          std::to_string(weights[c]) +
                                          "; give finite numbers that are not negative");
      }
      total += weights[c];
    }
    if (!(total > 0 && std::isfinite(total))) {
      return absl::InvalidArgumentError("weights add up to " + std::to_string(total) +
                                        "; give a positive finite total");
    }
    RestartEProcess process;
    for (const double weight : weights) process.weights_.push_back(weight / total);
    process.wealth_.resize(weights.size());
    return process;
  }

  // The e-values of the next observation, one per component.
  [[nodiscard]] absl::Status Update(std::span<const double> e_values) {
    if (e_values.size() != weights_.size()) {
      return absl::InvalidArgumentError("e_values has " + std::to_string(e_values.size()) +
                                        " entries; give one per weight, " + std::to_string(weights_.size()));
    }
    for (std::size_t c = 0; c < e_values.size(); ++c) {
      if (!(e_values[c] >= 0 && std::isfinite(e_values[c]))) {
        return absl::InvalidArgumentError("e_values[" + std::to_string(c) + "] is " +
                                          std::to_string(e_values[c]) +
                                          "; give finite numbers that are not negative");
      }
    }
    ++observations_;
    const double stake = Waiting(observations_ - 1) - Waiting(observations_);
    for (std::size_t c = 0; c < e_values.size(); ++c) {
      // Above 2^256 adding a stake does not change a double.
      if (wealth_[c].exponent == 0) wealth_[c].value += stake;
      wealth_[c].Multiply(e_values[c]);
    }
    return absl::OkStatus();
  }

  // Natural logarithm of the present wealth; 0 before the first observation.
  [[nodiscard]] double log_wealth() const {
    std::int64_t exponent = 0;
    for (const internal::ScaledValue& value : wealth_) exponent = std::max(exponent, value.exponent);
    // What is not yet staked; beyond the last bit of the sum where exponent > 0.
    double total = exponent == 0 ? Waiting(observations_) : 0;
    for (std::size_t c = 0; c < wealth_.size(); ++c) {
      const std::int64_t lower = exponent - wealth_[c].exponent;
      if (lower > 3) continue;
      const double scale = lower == 0 ? 1 : std::ldexp(1.0, static_cast<int>(-256 * lower));
      total += weights_[c] * wealth_[c].value * scale;
    }
    return std::log(total) + static_cast<double>(exponent) * internal::ScaledValue::kLogUnit;
  }
  [[nodiscard]] std::int64_t observations() const { return observations_; }

  [[nodiscard]] RestartState state() const {
    RestartState state;
    state.observations = observations_;
    for (const internal::ScaledValue& value : wealth_) {
      state.wealth.push_back(value.value);
      state.exponent.push_back(value.exponent);
    }
    return state;
  }

  // Continues where `state` was taken, identically, under these weights. InvalidArgument: another version,
  // lists of another length, or numbers that no stream can have produced; the process is unchanged then.
  [[nodiscard]] absl::Status Restore(const RestartState& state) {
    const std::size_t n = weights_.size();
    bool sound = state.version == 1 && state.observations >= 0 && state.wealth.size() == n &&
                 state.exponent.size() == n;
    for (std::size_t c = 0; sound && c < n; ++c) {
      const std::int64_t exponent = state.exponent[c];
      sound = state.wealth[c] >= (exponent > 0 ? 1 : 0) && state.wealth[c] < internal::ScaledValue::kUnit &&
              exponent >= 0 && exponent < internal::kLargestCount;
    }
    if (!sound) {
      return absl::InvalidArgumentError(
          "state: another version, a list of another length or an impossible number; start a new process or "
          "restore an intact copy");
    }
    observations_ = state.observations;
    for (std::size_t c = 0; c < n; ++c) wealth_[c] = {state.wealth[c], state.exponent[c]};
    return absl::OkStatus();
  }

 private:
  // What has not been staked after n observations.
  static double Waiting(std::int64_t n) { return 1 / (1 + std::log1p(static_cast<double>(n))); }

  std::vector<double> weights_;
  std::int64_t observations_ = 0;
  std::vector<internal::ScaledValue> wealth_;
};

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_RESTART_E_PROCESS_H_
