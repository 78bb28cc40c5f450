#include "bench/accuracy/choice_tally.h"

#include <cmath>

namespace pinchbeck::accuracy {

void ChoiceTally::Add(std::size_t claimed, std::size_t served, const Lineup& lineup) {
  for (std::size_t c = 0; c < kChoiceContestants; ++c) {
    const Outcome& outcome = lineup.outcomes[c];
    counts_[c][claimed * models_ + served].Add(outcome);
    seconds_[c] += lineup.seconds[c];
    if (outcome.scoreable) {
      (claimed == served ? scores_[c].honest : scores_[c].different).push_back(outcome.score);
    }
  }
  ++verdicts_;
}

void ChoiceTally::Report(double x, double alpha, const std::vector<bool>& reports, Row& row) const {
  for (std::size_t c = 0; c < kChoiceContestants; ++c) {
    std::vector<PairCount> different, honest;
    std::vector<bool> reporting;
    for (std::size_t i = 0; i < models_ * models_; ++i) {
      const std::size_t claimed = i / models_, served = i % models_;
      if (counts_[c][i].draws == 0) continue;
      if (claimed == served) {
        honest.push_back(counts_[c][i]);
      } else {
        different.push_back(counts_[c][i]);
        reporting.push_back(reports[claimed]);
      }
    }
    Measurement measurement = PowerOf(different, reporting);
    measurement.contestant = ChoiceContestantName(c);
    measurement.x = x;
    measurement.seconds_per_verdict = verdicts_ > 0 ? seconds_[c] / verdicts_ : 0;
    SetFalseAlarms(honest, alpha, measurement);
    row.measurements.push_back(std::move(measurement));
  }
}

void ChoiceTally::ReportScores(double x, bool curves, Row& row) const {
  for (std::size_t c = 0; c < kChoiceContestants; ++c) {
    // Both thresholds share their score.
    if (c == kGlobalHigh || scores_[c].honest.empty() || scores_[c].different.empty()) continue;
    Measurement measurement;
    measurement.contestant = c == kGlobalLow ? "Jensen-Shannon, one threshold" : ChoiceContestantName(c);
    measurement.metric = "equal error rate";
    measurement.x = x;
    measurement.higher_is_better = false;
    measurement.value = EqualErrorRate(scores_[c].different, scores_[c].honest);
    const double honest = static_cast<double>(scores_[c].honest.size());
    measurement.monte_carlo_error = std::sqrt((measurement.value * honest + 1) / (honest + 2) / (honest + 2));
    measurement.standard_error = measurement.monte_carlo_error;
    measurement.pairs = static_cast<std::int64_t>(models_ * (models_ - 1));
    if (curves) row.roc.push_back({measurement.contestant, RocOf(scores_[c].different, scores_[c].honest)});
    row.measurements.push_back(std::move(measurement));
  }
}

}  // namespace pinchbeck::accuracy
