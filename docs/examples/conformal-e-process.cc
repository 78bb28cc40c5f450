// The example of docs/methods/conformal-e-process.md.
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/conformal_e_process.h"

int main() {
  using pinchbeck::stats::ConformalCell;
  using pinchbeck::stats::ConformalEProcess;
  // [page
  // The reference gives the first answer in 60 % of the cases, the endpoint the third one.
  ConformalCell cell = {.reference_counts = {120, 60, 20}};
  const std::size_t answers[] = {2, 1, 2, 2, 0, 2, 1, 2, 1, 2};
  for (const bool stored : {false, true}) {
    // With the substitute's own counts stored, the test can bet on it.
    if (stored) cell.alternative_counts = {{20, 60, 120}};
    ConformalEProcess process = ConformalEProcess::Create({&cell, 1}, {.seed = 7}).value();
    for (int t = 0; t < 40; ++t) {
      if (!process.Update(0, answers[t % 10]).ok()) return 1;
      if (t % 20 != 19) continue;
      std::printf("%s, after %d: log wealth %.2f, p = %.2g\n", stored ? "alternative" : "reference", t + 1,
                  process.log_wealth(), process.p_value());
    }
  }

  // Fails: 60 reference answers that are all different, and a last category for answers that are none of
  // them. An honest endpoint with as varied answers fills that category and is rejected.
  std::vector<std::int64_t> counts(61, 1);
  counts.back() = 0;
  for (const bool open : {false, true}) {
    if (open) counts.pop_back();
    const std::vector<ConformalCell> varied = {{.reference_counts = counts, .open = open}};
    ConformalEProcess honest = ConformalEProcess::Create(varied, {.seed = 7}).value();
    for (std::size_t t = 0; t < 300; ++t) {
      if (!honest.Update(0, open ? 60 + t : 60).ok()) return 1;
    }
    std::printf("%s: p = %.2g\n", open ? "open cell" : "one category for the rest", honest.p_value());
  }
  // page]
  return 0;
}
