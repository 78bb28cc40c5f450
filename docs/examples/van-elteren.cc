// The example of docs/methods/van-elteren.md.
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/van_elteren.h"

int main() {
  using pinchbeck::stats::MannWhitney;
  using pinchbeck::stats::StratumSample;
  using pinchbeck::stats::TwoSampleResult;
  using pinchbeck::stats::VanElteren;
  // [page
  // Two probes: short answers and long ones. The observed answers are a little shorter in both.
  const std::vector<double> short_reference = {12, 14, 15, 17, 18}, short_observed = {9, 10, 11, 13, 16};
  const std::vector<double> long_reference = {480, 490, 510, 530}, long_observed = {440, 450, 470, 500};
  const std::vector<StratumSample> probes = {{short_reference, short_observed},
                                             {long_reference, long_observed}};
  const TwoSampleResult result = VanElteren(probes).value();
  std::printf("T = %.3f, delta %.3f, p = %.4f\n", result.statistic, result.effect, result.p_value);

  const std::vector<double> reference = {12, 14, 15, 17, 18, 480, 490, 510, 530};
  const std::vector<double> observed = {9, 10, 11, 13, 16, 440, 450, 470, 500};
  std::printf("pooled probes: Mann-Whitney p = %.4f\n", MannWhitney(reference, observed)->p_value);

  // Fails: shorter in one probe, longer in the other.
  const std::vector<StratumSample> opposite = {{short_reference, short_observed},
                                               {short_observed, short_reference}};
  std::printf("opposite: T = %.3f, p = %.4f\n", VanElteren(opposite)->statistic,
              VanElteren(opposite)->p_value);
  // page]
  return 0;
}
