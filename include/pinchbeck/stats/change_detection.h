// Has the endpoint changed lately? A Shiryaev-Roberts e-detector on the e-values of an e-process.
#ifndef PINCHBECK_STATS_CHANGE_DETECTION_H_
#define PINCHBECK_STATS_CHANGE_DETECTION_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/e_process.h"

namespace pinchbeck::stats {

struct ChangeDetectorState {
  std::int64_t version = 1;
  std::int64_t observations = 0;
  // Index of the first observation at which the alarm was raised, 0 while there was none.
  std::int64_t first_alarm = 0;
  // Per component: the Shiryaev-Roberts sum and the largest product over start times, each as
  // value * 2^(256 * exponent), and the observation with which that product starts.
  std::vector<double> sum;
  std::vector<std::int64_t> sum_exponent;
  std::vector<double> product;
  std::vector<std::int64_t> product_exponent;
  std::vector<std::int64_t> start;
};

namespace internal {

// value * 2^(256 * exponent); the exponent keeps products of thousands of large e-values from overflowing. It
// is never negative: a sum or product far below 1 may underflow, since both recursions start again from 1.
struct ScaledValue {
  double value = 0;
  std::int64_t exponent = 0;

  void Multiply(double factor) {
    // Before multiplying: value * factor may be above the largest double.
    while (factor >= kUnit) {
      factor /= kUnit;
      ++exponent;
    }
    value *= factor;
    while (value >= kUnit) {
      value /= kUnit;
      ++exponent;
    }
    // A factor of 0 leaves nothing to scale.
    if (value == 0) exponent = 0;
    while (value < 1 && exponent > 0) {
      value *= kUnit;
      --exponent;
    }
  }
  [[nodiscard]] double Log() const { return std::log(value) + static_cast<double>(exponent) * kLogUnit; }

  static constexpr double kUnit = 0x1.0p256;
  static constexpr double kLogUnit = 256 * 0.693147180559945309417;
};

}  // namespace internal

// Shiryaev-Roberts e-detector, averaged over the components of an e-process.
//
//   R_n = (R_{n-1} + 1) e_n = sum_{s<=n} prod_{s<=i<=n} e_i,   alarm as soon as sum_c w_c R_n^c >= 1/alpha
//
// Every sum holds one e-process for each possible start time, so wealth lost while the endpoint was honest
// does not delay the alarm, as it does for the e-process itself.
//
// H0: no change; each e_n has expectation at most 1 given the past. Then the mean number of observations
// until the first alarm is at least 1/alpha: R_n - n is a supermartingale, so E[N] >= E[R_N] >= 1/alpha. This
// is a statement about how often alarms come. The chance of ever raising one tends to 1 on a long honest run;
// the guarantee P(ever) <= alpha belongs to the e-process alone. With the likelihood-ratio e-process the mean
// run holds on the event that the reference's bounds hold (chance at least 1 - alpha_reference). With the
// conformal e-process it is the mean over references too.
//
// Update takes the e-values of one observation per component (StepEValues of the e-processes), finite and not
// negative; the weights are not negative and are scaled to add up to 1. An e-value 0 empties its sum.
//
// Estimated change time: the start s that maximises prod_{s<=i<=n} e_i, of the component whose product is
// largest; of equal starts the latest (Page's cumulative sum). It is an estimate without a confidence
// statement.
//
// InvalidArgument: alpha outside (0,1), weights negative, NaN or all 0, a number of e-values that is not that
// of the weights, an e-value that is negative or not finite (nothing changes then).
//
// Cost: O(components) multiplications per observation; state O(components).
//
// Accuracy: log statistic within 1e-9 of a direct double sum over start times (tests/golden/sequential.json);
// mean run length in tests/stats/calibration/e_process_calibration_test.cc.
//
// Reference: Shin, Ramdas & Rinaldo 2024, doi:10.51387/23-NEJSDS51; Page 1954, doi:10.1093/biomet/41.1-2.100.
class ChangeDetector {
 public:
  [[nodiscard]] static absl::StatusOr<ChangeDetector> Create(std::span<const double> weights, double alpha) {
    PINCHBECK_RETURN_IF_ERROR(internal::CheckOpenUnit(alpha, "alpha"));
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
    ChangeDetector detector;
    detector.log_threshold_ = -std::log(alpha);
    for (std::size_t c = 0; c < weights.size(); ++c) {
      detector.weights_.push_back(weights[c] / total);
      if (weights[c] > 0 && detector.weights_[c] < kSmallestShare) {
        return absl::InvalidArgumentError("weights[" + std::to_string(c) +
                                          "] is below 1e-100 of their total; give 0 or more than that");
      }
    }
    detector.sum_.resize(weights.size());
    detector.product_.resize(weights.size());
    detector.start_.assign(weights.size(), 1);
    return detector;
  }

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
    for (std::size_t c = 0; c < e_values.size(); ++c) {
      // Above 2^256 adding 1 does not change a double.
      if (sum_[c].exponent == 0) sum_[c].value += 1;
      sum_[c].Multiply(e_values[c]);
      if (product_[c].exponent == 0 && product_[c].value <= 1) {
        product_[c].value = 1;
        start_[c] = observations_;
      }
      product_[c].Multiply(e_values[c]);
    }
    if (first_alarm_ == 0 && log_statistic() >= log_threshold_) first_alarm_ = observations_;
    return absl::OkStatus();
  }

  // log sum_c w_c R_n^c; minus infinity before the first observation and while every sum is 0.
  [[nodiscard]] double log_statistic() const {
    std::int64_t exponent = 0;
    for (std::size_t c = 0; c < sum_.size(); ++c) {
      if (weights_[c] > 0) exponent = std::max(exponent, sum_[c].exponent);
    }
    double total = 0;
    for (std::size_t c = 0; c < sum_.size(); ++c) {
      // Beyond this a component is below the last bit of the largest one, whatever their weights.
      const std::int64_t lower = exponent - sum_[c].exponent;
      if (weights_[c] <= 0 || lower > 3) continue;
      total += weights_[c] * std::ldexp(sum_[c].value, static_cast<int>(-256 * lower));
    }
    return std::log(total) + static_cast<double>(exponent) * internal::ScaledValue::kLogUnit;
  }
  // Whether the statistic is at the threshold now, and the first observation at which it was (1-based).
  [[nodiscard]] bool alarm() const { return log_statistic() >= log_threshold_; }
  [[nodiscard]] std::int64_t first_alarm() const { return first_alarm_; }
  [[nodiscard]] std::int64_t observations() const { return observations_; }

  // Smallest mean number of observations to a false alarm: 1/alpha.
  [[nodiscard]] double MeanRunBound() const { return std::exp(log_threshold_); }

  // 1-based index of the first observation after the estimated change; 0 before the first observation.
  [[nodiscard]] std::int64_t EstimatedChange() const {
    if (observations_ == 0) return 0;
    std::size_t best = 0;
    double largest = -std::numeric_limits<double>::infinity();
    for (std::size_t c = 0; c < product_.size(); ++c) {
      if (weights_[c] > 0 && product_[c].Log() > largest) {
        largest = product_[c].Log();
        best = c;
      }
    }
    return start_[best];
  }

  // Per component the 1-based start of its largest product: the observations that EstimatedChange() may still
  // name. None but the next observation joins them later.
  [[nodiscard]] std::span<const std::int64_t> Starts() const { return start_; }

  // Starts again after an alarm was dealt with; the guarantee holds anew from here.
  void Reset() {
    observations_ = first_alarm_ = 0;
    std::fill(sum_.begin(), sum_.end(), internal::ScaledValue());
    std::fill(product_.begin(), product_.end(), internal::ScaledValue());
    std::fill(start_.begin(), start_.end(), 1);
  }

  [[nodiscard]] ChangeDetectorState state() const {
    ChangeDetectorState state;
    state.observations = observations_;
    state.first_alarm = first_alarm_;
    for (std::size_t c = 0; c < weights_.size(); ++c) {
      state.sum.push_back(sum_[c].value);
      state.sum_exponent.push_back(sum_[c].exponent);
      state.product.push_back(product_[c].value);
      state.product_exponent.push_back(product_[c].exponent);
    }
    state.start = start_;
    return state;
  }

  // Continues where `state` was taken, identically, under this detector's weights and alpha.
  //
  // InvalidArgument: another version, lists of another length, or numbers that no stream can have produced;
  // the detector is unchanged then.
  [[nodiscard]] absl::Status Restore(const ChangeDetectorState& state) {
    const std::size_t n = weights_.size();
    bool sound = state.version == 1 && state.observations >= 0 && state.first_alarm >= 0 &&
                 state.first_alarm <= state.observations && state.sum.size() == n &&
                 state.sum_exponent.size() == n && state.product.size() == n &&
                 state.product_exponent.size() == n && state.start.size() == n;
    for (std::size_t c = 0; sound && c < n; ++c) {
      sound = SoundValue(state.sum[c], state.sum_exponent[c]) &&
              SoundValue(state.product[c], state.product_exponent[c]) && state.start[c] >= 1 &&
              state.start[c] <= std::max<std::int64_t>(state.observations, 1);
    }
    if (!sound) {
      return absl::InvalidArgumentError(
          "state: another version, a list of another length or an impossible number; start a new detector or "
          "restore an intact copy");
    }
    observations_ = state.observations;
    first_alarm_ = state.first_alarm;
    for (std::size_t c = 0; c < n; ++c) {
      sum_[c] = {state.sum[c], state.sum_exponent[c]};
      product_[c] = {state.product[c], state.product_exponent[c]};
    }
    start_ = state.start;
    return absl::OkStatus();
  }

 private:
  static constexpr double kSmallestShare = 1e-100;

  static bool SoundValue(double value, std::int64_t exponent) {
    return value >= (exponent > 0 ? 1 : 0) && value < internal::ScaledValue::kUnit && exponent >= 0 &&
           exponent < internal::kLargestCount;
  }

  std::vector<double> weights_;
  double log_threshold_ = 0;
  std::int64_t observations_ = 0;
  std::int64_t first_alarm_ = 0;
  std::vector<internal::ScaledValue> sum_;
  std::vector<internal::ScaledValue> product_;
  std::vector<std::int64_t> start_;
};

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_CHANGE_DETECTION_H_
