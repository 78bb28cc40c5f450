// The example of docs/methods/rank-uniformity.md.
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/rank_uniformity.h"

int main() {
  using pinchbeck::stats::RankUniformity;
  using pinchbeck::stats::StratumSample;
  using pinchbeck::stats::TwoSampleResult;
  // [page
  // Twelve prompts with nine reference scores each; the observed score is above most of them.
  std::vector<double> reference, observed;
  for (int i = 0; i < 12 * 9; ++i) reference.push_back(i % 9 + 10 * (i / 9));
  for (const double rank : {5, 8, 9, 7, 9, 6, 8, 9, 4, 8, 7, 9}) observed.push_back(rank);
  std::vector<StratumSample> prompts;
  for (std::size_t i = 0; i < 12; ++i) {
    observed[i] += 10.0 * static_cast<double>(i) - 0.5;
    prompts.push_back({std::span(reference).subspan(9 * i, 9), std::span(observed).subspan(i, 1)});
  }
  const TwoSampleResult result = RankUniformity(prompts).value();
  std::printf("W2 = %.3f, effect %.3f, p = %.4f\n", result.statistic, result.effect, result.p_value);

  // Fails: one reference score each, so the drawn part of a rank is as large as the rank.
  for (std::size_t i = 0; i < 12; ++i) prompts[i].reference = prompts[i].reference.subspan(4, 1);
  for (const std::uint64_t seed : {1, 2, 3}) {
    std::printf("one reference score, seed %d: p = %.4f\n", static_cast<int>(seed),
                RankUniformity(prompts, {.permutation = {.seed = seed}})->p_value);
  }
  // page]
  return 0;
}
