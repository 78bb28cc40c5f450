// The example of docs/methods/planning.md.
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/count_power.h"

int main() {
  using pinchbeck::stats::CountPower;
  using pinchbeck::stats::CountPowerCell;
  using pinchbeck::stats::CountPowerOptions;
  using pinchbeck::stats::PowerEstimate;
  using pinchbeck::stats::RequiredCountSampleSize;
  using pinchbeck::stats::SampleSizeResult;
  // [page
  // Two cells of 400 stored answers each; 50 new reference answers a cell are planned.
  const std::vector<CountPowerCell> cells = {{.claimed = {200, 120, 80}, .substitute = {100, 140, 160}},
                                             {.claimed = {300, 60, 40}, .substitute = {260, 80, 60}}};
  CountPowerOptions options;
  options.n_reference = 50;
  options.simulation.alpha = 0.01;
  const PowerEstimate power = CountPower(cells, 50, options).value();
  std::printf("50 a cell: power %.3f, %.3f to %.3f\n", power.power, power.low, power.high);
  options.n_reference = 0;
  const SampleSizeResult size = RequiredCountSampleSize(cells, {.target_power = 0.9}, options).value();
  std::printf("power 0.9: %lld a cell, confirmed %.3f\n", static_cast<long long>(*size.n), size.power.power);

  // Fails: two tables of 20 answers that one model may well have given.
  const std::vector<CountPowerCell> small = {{.claimed = {9, 6, 5}, .substitute = {6, 7, 7}}};
  options.n_reference = 200;
  std::printf("small tables: power %.3f\n", CountPower(small, 200, options)->power);
  // page]
  return 0;
}
