// The example of docs/methods/combination.md.
#include "pinchbeck/stats/combination.h"

#include <cstdio>
#include <vector>

#include "pinchbeck/stats/multiplicity.h"

int main() {
  using pinchbeck::stats::BenjaminiHochbergAdjust;
  using pinchbeck::stats::BonferroniMinimum;
  using pinchbeck::stats::CauchyCombination;
  using pinchbeck::stats::FisherCombination;
  using pinchbeck::stats::HolmAdjust;
  using pinchbeck::stats::IntersectionUnion;
  using pinchbeck::stats::StoufferCombination;
  // [page
  const std::vector<double> p = {0.01, 0.04, 0.03, 0.2};
  std::printf("Fisher %.5f, Stouffer %.5f\n", *FisherCombination(p), *StoufferCombination(p));
  std::printf("Cauchy %.5f, Bonferroni %.5f, all of them %.5f\n", *CauchyCombination(p),
              *BonferroniMinimum(p), *IntersectionUnion(p));
  const std::vector<double> holm = HolmAdjust(p, p.size());
  const std::vector<double> discovery = BenjaminiHochbergAdjust(p, p.size()).value();
  for (std::size_t i = 0; i < p.size(); ++i) {
    std::printf("p %.2f: Holm %.3f, Benjamini-Hochberg %.4f\n", p[i], holm[i], discovery[i]);
  }

  // Fails: one p-value of 0.1, reported by five statistics of the same answers.
  const std::vector<double> copies(5, 0.1);
  std::printf("copies: Fisher %.4f, Stouffer %.4f, Cauchy %.4f, Bonferroni %.4f\n",
              *FisherCombination(copies), *StoufferCombination(copies), *CauchyCombination(copies),
              *BonferroniMinimum(copies));
  // page]
  return 0;
}
