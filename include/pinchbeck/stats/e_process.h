// What the sequential tests of this folder share: wealth in logarithms, its running maximum, and the p-value
// that may be read at any time.
//
// An e-process is a non-negative process whose expectation is at most 1 at every stopping time under the null
// hypothesis. By Ville's inequality P(sup_t W_t >= 1/alpha) <= alpha, so the test that rejects as soon as the
// wealth W_t reaches 1/alpha keeps its level however often, and for whatever reason, it is looked at
// (Ramdas, Grunwald, Vovk & Shafer 2023, doi:10.1214/23-STS894).
#ifndef PINCHBECK_STATS_E_PROCESS_H_
#define PINCHBECK_STATS_E_PROCESS_H_

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pinchbeck::stats {

namespace internal {

[[nodiscard]] inline absl::Status CheckOpenUnit(double value, const char* name) {
  if (value > 0 && value < 1) return absl::OkStatus();
  return absl::InvalidArgumentError(std::string(name) + " is " + std::to_string(value) +
                                    "; give a number above 0 and below 1");
}

// Counts that are added up in 64 bits and converted to double without loss.
inline constexpr std::int64_t kLargestCount = std::int64_t{1} << 50;

// The sum of a table of counts, or InvalidArgument when an entry is negative, all are 0 or the sum is too
// large.
[[nodiscard]] inline absl::StatusOr<std::int64_t> CheckedTotal(std::span<const std::int64_t> counts,
                                                               const std::string& name) {
  std::int64_t total = 0;
  for (std::size_t k = 0; k < counts.size(); ++k) {
    if (counts[k] < 0 || counts[k] > kLargestCount - total) {
      return absl::InvalidArgumentError(name + "[" + std::to_string(k) + "] is " + std::to_string(counts[k]) +
                                        "; counts are not negative and add up to at most 2^50");
    }
    total += counts[k];
  }
  if (total == 0) return absl::InvalidArgumentError(name + ": there are no responses; give at least one");
  return total;
}

// Identifies the design that a stored state belongs to (Fowler, Noll & Vo's hash FNV-1a over 64-bit words).
class DesignHash {
 public:
  void Add(std::uint64_t word) {
    for (int byte = 0; byte < 8; ++byte) value_ = (value_ ^ ((word >> (8 * byte)) & 0xFF)) * 0x100000001B3u;
  }
  void Add(std::span<const std::int64_t> counts) {
    Add(counts.size());
    for (const std::int64_t count : counts) Add(static_cast<std::uint64_t>(count));
  }
  void Add(std::span<const double> values) {
    Add(values.size());
    for (const double value : values) Add(std::bit_cast<std::uint64_t>(value));
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xCBF29CE484222325u;
};

}  // namespace internal

// p-value that is valid at every stopping time.
//
//   p_t = min(1, 1 / max_{s <= t} W_s),   P(exists t: p_t <= alpha) <= alpha   under H0 of the e-process
//
// `max_log_wealth`: natural logarithm of the largest wealth so far; NaN gives 1. Never 0: the smallest value
// is the smallest positive double.
//
// Reference: Shafer, Shen, Vereshchagin & Vovk 2011, doi:10.1214/10-STS347.
[[nodiscard]] inline double AnytimePValue(double max_log_wealth) {
  if (!(max_log_wealth > 0)) return 1;
  return std::max(std::exp(-max_log_wealth), std::numeric_limits<double>::denorm_min());
}

// Logarithm of the average of e-processes that are read at the same time.
//
//   log( (W_1 + ... + W_k) / k )
//
// An average of e-processes of one null hypothesis is an e-process under every dependence, so this is how
// states that share a reference are combined; their product is not valid. Take the running maximum of the
// average (RunningWealth), never the average of running maxima.
//
// `log_wealths`: natural logarithms; minus infinity (a lost wealth) is allowed. One value is returned as it
// is.
//
// InvalidArgument: the list is empty or holds a NaN or plus infinity. O(k). No overflow for any finite input.
//
// Reference: Vovk & Wang 2021, doi:10.1214/20-AOS2020.
[[nodiscard]] inline absl::StatusOr<double> AverageLogWealth(std::span<const double> log_wealths) {
  if (log_wealths.empty()) {
    return absl::InvalidArgumentError("log_wealths: the list is empty; give at least one process");
  }
  for (std::size_t i = 0; i < log_wealths.size(); ++i) {
    if (!(log_wealths[i] < std::numeric_limits<double>::infinity())) {
      return absl::InvalidArgumentError("log_wealths[" + std::to_string(i) + "] is " +
                                        std::to_string(log_wealths[i]) +
                                        "; give finite logarithms or minus infinity");
    }
  }
  const double top = *std::max_element(log_wealths.begin(), log_wealths.end());
  if (std::isinf(top)) return top;
  double sum = 0;
  for (const double value : log_wealths) sum += std::exp(value - top);
  return top + std::log(sum / static_cast<double>(log_wealths.size()));
}

// The running maximum of a wealth process, for processes made by averaging others. Plain data: copy the three
// fields to store it.
struct RunningWealth {
  std::int64_t readings = 0;
  double log_wealth = 0;
  // Never below 0: every process starts with wealth 1.
  double max_log_wealth = 0;

  // Records the next reading.
  //
  // InvalidArgument: NaN or plus infinity; the record is unchanged then.
  [[nodiscard]] absl::Status Record(double next_log_wealth) {
    if (!(next_log_wealth < std::numeric_limits<double>::infinity())) {
      return absl::InvalidArgumentError("next_log_wealth is " + std::to_string(next_log_wealth) +
                                        "; give a finite logarithm or minus infinity");
    }
    ++readings;
    log_wealth = next_log_wealth;
    max_log_wealth = std::max(max_log_wealth, next_log_wealth);
    return absl::OkStatus();
  }

  [[nodiscard]] double p_value() const { return AnytimePValue(max_log_wealth); }
};

}  // namespace pinchbeck::stats

#endif  // PINCHBECK_STATS_E_PROCESS_H_
