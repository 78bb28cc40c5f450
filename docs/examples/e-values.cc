// The example of docs/methods/e-values.md.
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/e_values.h"

int main() {
  using pinchbeck::stats::EBenjaminiHochberg;
  using pinchbeck::stats::MeanEValue;
  using pinchbeck::stats::MixtureCalibrator;
  using pinchbeck::stats::ProductEValue;
  using pinchbeck::stats::PValueFromEValue;
  // [page
  std::vector<double> e_values;
  for (const double p : {0.001, 0.02, 0.4}) {
    e_values.push_back(MixtureCalibrator(p).value());
    std::printf("p = %.3f: e = %.3f\n", p, e_values.back());
  }
  std::printf("mean %.3f, p = %.4f\n", *MeanEValue(e_values), *PValueFromEValue(*MeanEValue(e_values)));
  std::printf("product %.3f, for independent ones\n", *ProductEValue(e_values));
  // Five endpoints, false discovery rate 0.1.
  const std::vector<double> endpoints = {40, 0.3, 26, 1.2, 15};
  const std::vector<std::size_t> rejected = EBenjaminiHochberg(endpoints, 0.1).value();
  for (const std::size_t i : rejected) std::printf("endpoint %zu rejected\n", i);

  // Fails: one p-value of 0.02 as an e-value and back; five copies of it multiplied.
  const double e = MixtureCalibrator(0.02).value();
  std::printf("back: p = %.3f\n", *PValueFromEValue(e));
  const std::vector<double> copies(5, e);
  std::printf("copies: product %.0f, mean %.3f\n", *ProductEValue(copies), *MeanEValue(copies));
  // page]
  return 0;
}
