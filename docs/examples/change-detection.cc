// The example of docs/methods/change-detection.md.
#include <cstdio>
#include <vector>

#include "pinchbeck/stats/change_detection.h"
#include "pinchbeck/stats/counter_rng.h"

int main() {
  using pinchbeck::stats::ChangeDetector;
  using pinchbeck::stats::CounterRng;
  // [page
  // A bet on the answer "yes": e = 1.5 for it and 0.5 otherwise; an honest endpoint says it half of the time.
  const std::vector<double> weights = {1};
  CounterRng rng(1, 0);
  const auto e_value = [&](double chance) { return std::vector<double>{rng.Uniform() < chance ? 1.5 : 0.5}; };
  ChangeDetector detector = ChangeDetector::Create(weights, 1e-4).value();
  double log_wealth = 0;
  for (int t = 1; t <= 1100 && !detector.alarm(); ++t) {
    const std::vector<double> e = e_value(t <= 1000 ? 0.5 : 0.9);
    log_wealth += std::log(e[0]);
    if (!detector.Update(e).ok()) return 1;
  }
  std::printf("alarm at %lld, change put at %lld\n", static_cast<long long>(detector.first_alarm()),
              static_cast<long long>(detector.EstimatedChange()));
  std::printf("log wealth of the e-process at the alarm: %.1f\n", log_wealth);

  // Fails as a test: on honest answers alarms come too, in the mean once in 1/alpha = 100 or more.
  int alarms = 0;
  ChangeDetector honest = ChangeDetector::Create(weights, 0.01).value();
  for (int t = 0; t < 100000; ++t) {
    if (!honest.Update(e_value(0.5)).ok()) return 1;
    if (!honest.alarm()) continue;
    ++alarms;
    honest.Reset();
  }
  std::printf("honest: %d alarms in 100000 responses\n", alarms);
  // page]
  return 0;
}
