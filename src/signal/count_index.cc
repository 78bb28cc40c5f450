#include "src/signal/count_index.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "src/signal/smoothed_answers.h"

namespace pinchbeck::internal {
namespace {

// Products of this many prior terms stay far inside the range of a double.
constexpr int kTermsPerLogarithm = 8;
// Answers given more often go through the gamma function instead of a product.
constexpr std::int64_t kLongProduct = 16;

double LogGamma(double x) {
  // std::lgamma writes a global sign.
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

Eigen::ArrayXd LogGamma(const Eigen::ArrayXd& values) {
  return values.unaryExpr([](double x) { return LogGamma(x); });
}

}  // namespace

CountIndex::CountIndex(std::vector<std::uint32_t> models, const std::vector<const AnswerCounts*>& counts,
                       bool digits)
    : models_(std::move(models)), space_(counts, digits) {
  const auto rows = static_cast<Eigen::Index>(models_.size());
  const std::size_t answers = space_.size();
  std::vector<CountedAnswers> counted(counts.size());
  std::vector<double> totals(counts.size(), 0), sums(answers, 0), others(answers, 0);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    for (const auto& [answer, count] : *counts[i]) {
      counted[i].emplace_back(*space_.Find(answer).id, count);
      totals[i] += static_cast<double>(count);
    }
    for (const auto& [id, count] : counted[i]) sums[id] += static_cast<double>(count) / totals[i];
  }
  const double other_models = static_cast<double>(counts.size()) - 1;
  library_shares_.resize(answers, 0);
  if (other_models > 0) {
    for (std::size_t k = 0; k < answers; ++k) {
      others[k] = sums[k] / other_models;
      library_shares_[k] = static_cast<float>(others[k]);
    }
  }
  totals_.resize(rows);
  library_.resize(rows);
  uniform_.resize(rows);
  plain_.resize(rows, space_.grid_cells());
  by_digit_.resize(rows, space_.grid_cells());
  digits_.resize(rows, kLastDigits);
  entries_.resize(answers);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    // The library's mean without the model itself, for its own answers only; put back below.
    if (other_models > 0) {
      for (const auto& [id, count] : counted[i]) {
        others[id] = (sums[id] - static_cast<double>(count) / totals[i]) / other_models;
      }
    }
    const SmoothedAnswers smoothed = SmoothAnswers(
        space_, counted[i], other_models > 0 ? std::span<const double>(others) : std::span<const double>());
    const double scale = smoothed.concentration();
    totals_(row) = scale;
    library_(row) = static_cast<float>(scale * smoothed.library);
    uniform_(row) = static_cast<float>(scale * smoothed.uniform * space_.uniform());
    plain_.row(row) = (scale * smoothed.plain).cast<float>();
    by_digit_.row(row) = (scale * smoothed.by_digit).cast<float>();
    for (int digit = 0; digit < kLastDigits; ++digit) {
      digits_(row, digit) = static_cast<float>(smoothed.digits[static_cast<std::size_t>(digit)]);
    }
    for (const auto& [id, count] : counted[i]) {
      double value = static_cast<double>(count);
      if (other_models > 0) {
        value -= scale * smoothed.library * (value / totals[i]) / other_models;
        others[id] = sums[id] / other_models;
      }
      entries_[id].push_back({static_cast<std::uint32_t>(i), static_cast<float>(value)});
    }
  }
  log_gamma_totals_ = LogGamma(totals_);
}

Eigen::ArrayXf CountIndex::PriorColumn(const AnswerSpace::Place& place) const {
  Eigen::ArrayXf prior = uniform_;
  if (place.number) prior += plain_.col(place.grid) + by_digit_.col(place.grid) * digits_.col(place.digit);
  if (!place.id) return prior;
  prior += library_shares_[*place.id] * library_;
  const float* const base = uniform_.data();
  for (const Entry& entry : entries_[*place.id]) {
    const auto row = static_cast<Eigen::Index>(entry.row);
    // Rounding of the subtracted library share never takes a prior below its uniform part.
    prior(row) = std::max(prior(row) + entry.value, base[row]);
  }
  return prior;
}

Eigen::ArrayXd CountIndex::Score(const AnswerCounts& observed) const {
  const auto rows = static_cast<Eigen::Index>(models_.size());
  Eigen::ArrayXd score = Eigen::ArrayXd::Zero(rows), product = Eigen::ArrayXd::Ones(rows);
  double answers = 0;
  int terms = 0;
  const auto flush = [&] {
    score += product.log();
    product.setOnes();
    terms = 0;
  };
  for (const auto& [answer, count] : observed) {
    if (count <= 0) continue;
    answers += static_cast<double>(count);
    const Eigen::ArrayXd prior = PriorColumn(space_.Find(answer)).cast<double>();
    if (count > kLongProduct) {
      score += LogGamma(prior + static_cast<double>(count)) - LogGamma(prior);
      continue;
    }
    for (std::int64_t t = 0; t < count; ++t) {
      product *= prior + static_cast<double>(t);
      if (++terms == kTermsPerLogarithm) flush();
    }
  }
  if (terms > 0) flush();
  return score + log_gamma_totals_ - LogGamma(totals_ + answers);
}

double CountIndex::ScoreUniform(const AnswerCounts& observed) const {
  double answers = 0;
  for (const auto& entry : observed) answers += static_cast<double>(entry.second);
  return answers * std::log(space_.uniform());
}

}  // namespace pinchbeck::internal
