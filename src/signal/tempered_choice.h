// Are the observed short answers the reference's at another temperature?
#ifndef PINCHBECK_SRC_SIGNAL_TEMPERED_CHOICE_H_
#define PINCHBECK_SRC_SIGNAL_TEMPERED_CHOICE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pinchbeck/signal/sample.h"

namespace pinchbeck::internal {

// One probe: counts by category (the last one empty, for an answer that nobody gave), and the probe's
// temperature over the highest one.
struct TemperedCell {
  std::string probe;
  std::vector<std::string> categories;
  std::vector<double> reference, observed;
  double relative_temperature = 1;
};

// Probes with short answers on both sides (and of `alternative`, where given) at a temperature that is not
// near 0: there the reference says nothing about other temperatures. An unrecorded temperature is taken
// for 1.
[[nodiscard]] std::vector<TemperedCell> TemperedCells(const SampleSet& reference, const SampleSet& observed,
                                                      const SampleSet* alternative = nullptr);

// Maximum likelihood of the model x ~ Multinomial(m, p), y ~ Multinomial(n, p^u / sum p^u), p and u unknown
// and u common to all cells (times the relative temperature).
struct TemperedFit {
  // Temperature of the reference over the observed one, and shares by cell and category.
  double power = 1;
  std::vector<std::vector<double>> reference, observed;
  // Twice the log-likelihood that is missing against free shares on both sides.
  double statistic = 0;
};
// With `power` given only p is fitted. Ascent on the logits with the diagonal of the information, which
// bounds it, and Newton steps for u; some dozen rounds of one pass over the categories.
[[nodiscard]] TemperedFit FitTempered(const std::vector<TemperedCell>& cells,
                                      std::optional<double> power = std::nullopt);

// Parametric bootstrap of that model: both samples are drawn from the fit, flattened and with a share for
// answers unseen so far (Chao, Wang & Jost 2013, doi:10.1111/2041-210X.12108), and the fit is
// repeated, u included. Valid as the samples grow; its level at the sizes of an audit is measured in
// tests/calibration/gates_calibration_test.cc.
struct TemperedTest {
  TemperedFit fit;
  double p_value = 1;
  // Statistics of the simulated pairs.
  std::vector<double> simulated;
  // Standard deviation of log u among them.
  double log_power_deviation = 0;
};
[[nodiscard]] TemperedTest TestTempered(const std::vector<TemperedCell>& cells, int simulations,
                                        std::uint64_t seed, int threads = 1);

struct TemperatureOptions {
  double alpha = 0.01;
  // Without alternatives: divergence beyond the temperature that the test must find with power 0.9.
  double default_effect_bits = 0.1;
  std::uint64_t seed = 1;
  int threads = 1;
};

struct TemperatureFinding {
  // The tempered reference is accepted, would not have been for any alternative, and is likelier than all.
  bool explains = false;
  // The tempered reference is accepted, but some alternative cannot be ruled out: the answers do not say
  // which it is.
  bool tied = false;
  // Observed temperature over the reference's, with a 95 % interval (normal in the logarithm, from the
  // bootstrap).
  double factor = 1, low = 1, high = 1;
  // p-value of the tempered reference; absent where the question was settled before.
  std::optional<double> p_value;
  // Why it explains nothing.
  std::string reason;
};

// The temperature explains a difference if the maximum-likelihood factor lies inside [1/3, 3]; a factor of 1
// is worse at the 1 % level of the likelihood ratio; every alternative, at its own best temperature or mixed
// with the reference in the best share, has a lower likelihood; the bootstrap accepts the tempered reference
// at alpha; and with power 0.9 it would have rejected each alternative at this size, or, without
// alternatives, shares that diverge by the default effect.
//
// Where all holds but that an alternative is not likelier beyond doubt, would not have been rejected, or
// shares no probe, the finding is a tie. Beyond doubt is a factor of at least 1 / alpha that also exceeds the
// 95 % point of what the accidents of both stored samples do to the ratio, estimated by drawing them again.
//
// nullopt: no probe can be tempered.
[[nodiscard]] std::optional<TemperatureFinding> ExplainByTemperature(
    const SampleSet& reference, const SampleSet& observed, const std::vector<const SampleSet*>& alternatives,
    const TemperatureOptions& options);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_TEMPERED_CHOICE_H_
