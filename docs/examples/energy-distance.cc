// The example of docs/methods/energy-distance.md.
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/energy_distance.h"

int main() {
  using pinchbeck::stats::EnergyDistance;
  using pinchbeck::stats::MultivariateEnergyDistance;
  using pinchbeck::stats::TwoSampleResult;
  // [page
  const std::vector<double> reference = {0.9, 1.1, 1.2, 1.4, 1.5, 1.7, 1.8, 2.0};
  const std::vector<double> observed = {1.6, 1.9, 2.1, 2.2, 2.4, 2.5, 2.7, 3.0};
  const TwoSampleResult line = EnergyDistance(reference, observed).value();
  std::printf("E = %.4f, effect %.3f, p = %.4f\n", line.statistic, line.effect, line.p_value);

  // Rows are answers: seconds to the first token, output tokens. The first differs, the second does not.
  Eigen::MatrixXd before(6, 2), after(6, 2);
  before << 0.20, 310, 0.22, 350, 0.19, 290, 0.21, 405, 0.23, 335, 0.20, 370;
  after << 0.31, 300, 0.33, 355, 0.29, 340, 0.32, 395, 0.30, 315, 0.34, 360;
  // Fails: tokens, with their large unit, decide alone.
  std::printf("as measured: p = %.4f\n", MultivariateEnergyDistance(before, after)->p_value);
  const Eigen::RowVector2d unit(0.05, 40);
  before.array().rowwise() /= unit.array();
  after.array().rowwise() /= unit.array();
  std::printf("in comparable units: p = %.4f\n", MultivariateEnergyDistance(before, after)->p_value);
  // page]
  return 0;
}
