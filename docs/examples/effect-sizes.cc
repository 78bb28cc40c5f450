// The example of docs/methods/effect-sizes.md.
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/divergence.h"
#include "pinchbeck/stats/effect_size.h"

namespace {

void Print(const char* name, const pinchbeck::stats::EffectEstimate& effect) {
  std::printf("%s: %.3f, %.0f %% interval %.3f to %.3f\n", name, effect.value, 100 * effect.confidence,
              effect.low, effect.high);
}

}  // namespace

int main() {
  using pinchbeck::stats::CellCounts;
  using pinchbeck::stats::CliffDelta;
  using pinchbeck::stats::HodgesLehmannRatio;
  using pinchbeck::stats::HodgesLehmannShift;
  using pinchbeck::stats::JensenShannonEffect;
  using pinchbeck::stats::TotalVariationEffect;
  // [page
  const std::vector<double> reference = {0.9, 1.1, 1.2, 1.4, 1.5, 1.7, 1.8, 2.0};
  const std::vector<double> observed = {1.6, 1.9, 2.1, 2.2, 2.4, 2.5, 2.7, 3.0};
  Print("Cliff's delta", CliffDelta(reference, observed).value());
  Print("shift", HodgesLehmannShift(reference, observed).value());
  Print("ratio", HodgesLehmannRatio(reference, observed).value());
  const std::vector<CellCounts> cells = {{{30, 12, 6, 2}, {18, 14, 10, 8}}};
  Print("Jensen-Shannon, bits", JensenShannonEffect(cells).value());
  Print("total variation", TotalVariationEffect(cells).value());

  // Fails: three values on each side cannot bound a shift at this confidence.
  const std::vector<double> three = {1.0, 2.0, 3.0}, more = {11.0, 12.0, 13.0};
  Print("3 + 3", HodgesLehmannShift(three, more).value());
  // Fails: 10 answers on each side, nearly all different and none given by both.
  const std::vector<CellCounts> sparse = {{{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0},
                                           {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2}}};
  Print("sparse answers, bits", JensenShannonEffect(sparse).value());
  // page]
  return 0;
}
