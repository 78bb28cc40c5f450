// Outcomes of all contestants over pairs of models, collected into measurements.
#ifndef PINCHBECK_BENCH_ACCURACY_CHOICE_TALLY_H_
#define PINCHBECK_BENCH_ACCURACY_CHOICE_TALLY_H_

#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "bench/accuracy/choice_lineup.h"
#include "bench/accuracy/result.h"

namespace pinchbeck::accuracy {

// Everything at one size or share. Pairs are (claimed, served); equal models are the honest comparisons.
class ChoiceTally {
 public:
  explicit ChoiceTally(std::size_t models) : models_(models), counts_(kChoiceContestants) {
    for (auto& counts : counts_) counts.resize(models * models);
  }
  // Not thread-safe: add in a fixed order after the parallel part.
  void Add(std::size_t claimed, std::size_t served, const Lineup& lineup);

  // Mean power of each contestant over pairs of different models, with its false alarms. `reports` says which
  // models are in the reporting half.
  void Report(double x, double alpha, const std::vector<bool>& reports, Row& row) const;
  // Equal error rates of the scores, and the curve of each contestant.
  void ReportScores(double x, bool curves, Row& row) const;

 private:
  struct Scores {
    std::vector<double> different, honest;
  };
  std::size_t models_;
  std::vector<std::vector<PairCount>> counts_;
  std::array<Scores, kChoiceContestants> scores_;
  std::array<double, kChoiceContestants> seconds_{};
  double verdicts_ = 0;
};

}  // namespace pinchbeck::accuracy

#endif  // PINCHBECK_BENCH_ACCURACY_CHOICE_TALLY_H_
