// The example of docs/methods/likelihood-ratio-e-process.md.
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/likelihood_ratio_e_process.h"

int main() {
  using pinchbeck::stats::LargestToleratedShare;
  using pinchbeck::stats::LikelihoodRatioCell;
  using pinchbeck::stats::LikelihoodRatioEProcess;
  using pinchbeck::stats::LikelihoodRatioOptions;
  // [page
  // Claimed model 50, 30, 20 %, stored alternative 20, 30, 50 %: total variation 0.3.
  const std::vector<LikelihoodRatioCell> cells = {{.build_counts = {500, 300, 200},
                                                   .bound_counts = {1500, 900, 600},
                                                   .alternative_counts = {{200, 300, 500}}}};
  const LikelihoodRatioOptions options = {.tolerance = 0.05};
  LikelihoodRatioEProcess process = LikelihoodRatioEProcess::Create(cells, options).value();
  // The endpoint serves the alternative: 2, 3 and 5 of each ten answers.
  const std::size_t answers[] = {0, 2, 1, 2, 2, 1, 0, 2, 1, 2};
  for (int t = 1; t <= 300; ++t) {
    if (!process.Update(0, answers[t % 10]).ok()) return 1;
    if (t % 100 != 0) continue;
    std::printf("after %d: log wealth %.2f, p = %.3f\n", t, process.log_wealth(), process.p_value());
  }

  // Fails: shares of the alternative at which the best bet does not grow.
  std::printf("inside the tolerance: share up to %.3f\n",
              *LargestToleratedShare(cells, 0, options.tolerance));
  for (const double share : {0.1, 0.2, 0.3, 0.4, 0.5, 1.0}) {
    std::printf("share %.1f: growth %.5f a response\n", share, *process.ExpectedGrowth(0, share));
  }
  // page]
  return 0;
}
