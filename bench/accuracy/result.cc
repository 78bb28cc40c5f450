#include "bench/accuracy/result.h"

#include <algorithm>
#include <cmath>

#include "pinchbeck/stats/power.h"

namespace pinchbeck::accuracy {
namespace {

double MeanOf(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double MedianOf(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : 0.5 * (values[middle - 1] + values[middle]);
}

struct Rates {
  std::vector<double> all, reporting;
};

Measurement Summarise(std::span<const PairCount> pairs, const std::vector<bool>& reporting, Rates& rates) {
  Measurement result;
  result.metric = "power";
  result.pairs = static_cast<std::int64_t>(pairs.size());
  double within = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const PairCount& pair = pairs[i];
    rates.all.push_back(pair.rate());
    if (i < reporting.size() && reporting[i]) rates.reporting.push_back(pair.rate());
    result.not_scoreable += pair.not_scoreable;
    result.draws_per_pair = std::max(result.draws_per_pair, pair.draws);
    // Two draws added, so that a pair that always agrees is not taken for certain.
    const double n = static_cast<double>(pair.draws), p = (static_cast<double>(pair.differs) + 1) / (n + 2);
    within += p * (1 - p) / (n + 2);
  }
  const double count = static_cast<double>(pairs.size()), mean = MeanOf(rates.all);
  double between = 0;
  for (const double rate : rates.all) between += (rate - mean) * (rate - mean);
  if (pairs.size() > 1) result.standard_error = std::sqrt(between / (count - 1) / count);
  if (!pairs.empty()) result.monte_carlo_error = std::sqrt(within) / count;
  return result;
}

}  // namespace

Outcome FromPValue(double p_value, double alpha) { return {true, p_value <= alpha, -p_value}; }

void PairCount::Add(const Outcome& outcome) {
  ++draws;
  differs += outcome.scoreable && outcome.differs ? 1 : 0;
  not_scoreable += outcome.scoreable ? 0 : 1;
}

double PairCount::rate() const {
  return draws == 0 ? 0 : static_cast<double>(differs) / static_cast<double>(draws);
}

FalseAlarms MakeFalseAlarms(std::int64_t alarms, std::int64_t comparisons) {
  FalseAlarms result{alarms, comparisons, 0, 0, 1};
  if (comparisons == 0) return result;
  result.rate = static_cast<double>(alarms) / static_cast<double>(comparisons);
  const auto interval = stats::ClopperPearson(alarms, comparisons, 0.95);
  if (interval.ok()) {
    result.low = interval->low;
    result.high = interval->high;
  }
  return result;
}

Measurement PowerOf(std::span<const PairCount> pairs, const std::vector<bool>& reporting) {
  Rates rates;
  Measurement result = Summarise(pairs, reporting, rates);
  result.value = MeanOf(rates.all);
  if (!rates.reporting.empty()) result.reporting_half = MeanOf(rates.reporting);
  return result;
}

Measurement MedianPowerOf(std::span<const PairCount> pairs, const std::vector<bool>& reporting) {
  constexpr double kMedianToMean = 1.2533;
  Rates rates;
  Measurement result = Summarise(pairs, reporting, rates);
  result.metric = "median power";
  result.value = MedianOf(rates.all);
  if (!rates.reporting.empty()) result.reporting_half = MedianOf(rates.reporting);
  result.standard_error *= kMedianToMean;
  // A median moves as one pair's rate does.
  if (!pairs.empty()) result.monte_carlo_error *= std::sqrt(static_cast<double>(pairs.size()));
  return result;
}

void SetFalseAlarms(std::span<const PairCount> honest, double alpha, Measurement& measurement) {
  std::int64_t alarms = 0, comparisons = 0;
  for (const PairCount& pair : honest) {
    alarms += pair.differs;
    comparisons += pair.draws - pair.not_scoreable;
  }
  if (comparisons == 0) return;
  measurement.false_alarms = MakeFalseAlarms(alarms, comparisons);
  measurement.valid = measurement.false_alarms->low <= alpha;
}

std::vector<Point> RocOf(std::vector<double> different, std::vector<double> honest, std::size_t most) {
  std::sort(different.rbegin(), different.rend());
  std::sort(honest.rbegin(), honest.rend());
  std::vector<Point> points = {{0, 0}};
  std::size_t i = 0, j = 0;
  while (i < different.size() || j < honest.size()) {
    const double threshold = j >= honest.size()      ? different[i]
                             : i >= different.size() ? honest[j]
                                                     : std::max(different[i], honest[j]);
    while (i < different.size() && different[i] >= threshold) ++i;
    while (j < honest.size() && honest[j] >= threshold) ++j;
    points.push_back(
        {honest.empty() ? 0 : static_cast<double>(j) / static_cast<double>(honest.size()),
         different.empty() ? 0 : static_cast<double>(i) / static_cast<double>(different.size())});
  }
  if (points.size() <= most) return points;
  std::vector<Point> thinned;
  const double step = 1 / static_cast<double>(most);
  for (std::size_t k = 0; k < points.size(); ++k) {
    const bool moved =
        thinned.empty() ||
        std::abs(points[k].x - thinned.back().x) + std::abs(points[k].y - thinned.back().y) >= step;
    if (moved || k + 1 == points.size()) thinned.push_back(points[k]);
  }
  return thinned;
}

double EqualErrorRate(std::vector<double> different, std::vector<double> honest) {
  const std::vector<Point> roc = RocOf(std::move(different), std::move(honest), static_cast<std::size_t>(-1));
  for (std::size_t k = 1; k < roc.size(); ++k) {
    // Misses minus false alarms falls from 1 to -1 along the curve.
    const double before = 1 - roc[k - 1].y - roc[k - 1].x, after = 1 - roc[k].y - roc[k].x;
    if (after > 0) continue;
    const double share = before == after ? 0 : before / (before - after);
    return roc[k - 1].x + share * (roc[k].x - roc[k - 1].x);
  }
  return 1;
}

}  // namespace pinchbeck::accuracy
