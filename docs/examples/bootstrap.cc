// The example of docs/methods/bootstrap.md.
#include "pinchbeck/stats/bootstrap.h"

#include <cstdio>
#include <span>
#include <vector>

int main() {
  using pinchbeck::stats::Bootstrap;
  using pinchbeck::stats::BootstrapMethod;
  using pinchbeck::stats::ResampleStatistic;
  using pinchbeck::stats::ResampleView;
  using pinchbeck::stats::Stratum;
  // [page
  // Seconds to the first token of two probes; the statistic is the mean over probes of observed over
  // reference.
  const std::vector<std::vector<double>> reference = {{0.41, 0.39, 0.52, 0.44, 0.40},
                                                      {0.81, 0.77, 0.93, 0.85}};
  const std::vector<std::vector<double>> observed = {{0.35, 0.33, 0.31, 0.42},
                                                     {0.66, 0.61, 0.70, 0.64, 0.72}};
  const std::vector<Stratum> strata = {{5, 4}, {4, 5}};
  const auto mean = [](const std::vector<double>& values, std::span<const std::uint32_t> chosen) {
    double sum = 0;
    for (const std::uint32_t i : chosen) sum += values[i];
    return sum / static_cast<double>(chosen.size());
  };
  const ResampleStatistic ratio = [&](std::span<const ResampleView> views) {
    double sum = 0;
    for (std::size_t s = 0; s < views.size(); ++s) {
      sum += mean(observed[s], views[s].observed) / mean(reference[s], views[s].reference);
    }
    return sum / static_cast<double>(views.size());
  };
  const auto bca = Bootstrap(strata, ratio);
  const auto percentile = Bootstrap(strata, ratio, {.method = BootstrapMethod::kPercentile});
  std::printf("ratio %.3f\n", bca->value);
  std::printf("BCa: %.3f to %.3f\n", bca->low, bca->high);
  std::printf("percentile: %.3f to %.3f\n", percentile->low, percentile->high);

  // Fails: one answer a side is the same in every resample, so the interval has no width.
  const auto single = Bootstrap(std::vector<Stratum>{{1, 1}, {1, 1}}, ratio);
  std::printf("1 + 1: %.3f to %.3f\n", single->low, single->high);
  // page]
  return 0;
}
