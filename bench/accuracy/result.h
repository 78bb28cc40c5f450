// What the benchmark measures, and how outcomes of single comparisons become rates with their errors.
#ifndef PINCHBECK_BENCH_ACCURACY_RESULT_H_
#define PINCHBECK_BENCH_ACCURACY_RESULT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pinchbeck::accuracy {

// One contestant's answer to one comparison.
struct Outcome {
  bool scoreable = true;
  bool differs = false;
  // Evidence against the claim, larger for more; minus the p-value where the contestant has one.
  double score = 0;
};
[[nodiscard]] Outcome FromPValue(double p_value, double alpha);

// Outcomes of one pair of models, one a draw.
struct PairCount {
  std::int64_t draws = 0, differs = 0, not_scoreable = 0;
  void Add(const Outcome& outcome);
  // Share of draws that end in `differs`; those that cannot be scored do not.
  [[nodiscard]] double rate() const;
};

// Share of honest comparisons that end in `differs`, with its exact 95 % interval (Clopper & Pearson 1934).
struct FalseAlarms {
  std::int64_t alarms = 0, comparisons = 0;
  double rate = 0, low = 0, high = 1;
};
[[nodiscard]] FalseAlarms MakeFalseAlarms(std::int64_t alarms, std::int64_t comparisons);

struct Point {
  double x = 0, y = 0;
};

// One number of a row.
struct Measurement {
  std::string contestant;
  // What `value` is: "power", "equal error rate", ...
  std::string metric;
  // The size (answers) or share at which it was taken, in the row's unit.
  double x = 0;
  double value = 0;
  bool higher_is_better = true;
  // Standard error over pairs, and the part of it that more draws would remove.
  double standard_error = 0;
  double monte_carlo_error = 0;
  // The same over pairs whose claimed model is in the reporting half of the split.
  std::optional<double> reporting_half;
  std::int64_t pairs = 0, draws_per_pair = 0, not_scoreable = 0;
  std::optional<FalseAlarms> false_alarms;
  // False when the false-alarm interval lies above the row's level: the power then means nothing.
  bool valid = true;
  std::optional<double> goal;
  std::optional<double> seconds_per_verdict;
};

struct Curve {
  std::string contestant;
  std::vector<Point> points;
};

struct Row {
  std::string id, title, source;
  double alpha = 0.01;
  // Unit of Measurement::x.
  std::string x_name;
  std::vector<Measurement> measurements;
  // Receiver operating characteristics: false-alarm rate against power.
  std::vector<Curve> roc;
  // Plain sentences: exclusions, what the row does not show, single servings and their outcomes.
  std::vector<std::string> notes;
  // Time to measure it: by the clock, and of all processor cores.
  double wall_s = 0, cpu_s = 0;
};

// Mean power over pairs with its errors; `reporting` marks pairs of the reporting half.
[[nodiscard]] Measurement PowerOf(std::span<const PairCount> pairs, const std::vector<bool>& reporting);
// Median over pairs instead of the mean (standard error by the normal approximation, 1.2533 of the mean's).
[[nodiscard]] Measurement MedianPowerOf(std::span<const PairCount> pairs, const std::vector<bool>& reporting);
// Adds the false alarms and judges validity at the level.
void SetFalseAlarms(std::span<const PairCount> honest, double alpha, Measurement& measurement);

// Rate at which misses and false alarms are equal, linear between the thresholds around it. Scores of
// comparisons of different models and of honest ones.
[[nodiscard]] double EqualErrorRate(std::vector<double> different, std::vector<double> honest);
// Corners of the receiver operating characteristic, thinned to about `most` points.
[[nodiscard]] std::vector<Point> RocOf(std::vector<double> different, std::vector<double> honest,
                                       std::size_t most = 200);

}  // namespace pinchbeck::accuracy

#endif  // PINCHBECK_BENCH_ACCURACY_RESULT_H_
