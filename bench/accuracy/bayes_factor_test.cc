#include <algorithm>
#include <cmath>
#include <limits>

#include "bench/accuracy/choice_contestants.h"
#include "bench/accuracy/random.h"

namespace pinchbeck::accuracy {
namespace {

// The published range of sample sizes starts here.
constexpr std::int64_t kLeastAnswers = 50;
constexpr int kSimulations = 1000;
constexpr double kQuantile = 0.99;
// Odds of 99 : 1 for some other known model.
constexpr double kSuspicion = 4.59512;
// A posterior this high for the claimed model lets a G^2 excess pass as drift.
constexpr double kForgiving = 0.85;
constexpr double kStrengths[] = {0.5, 1, 2, 5, 10, 20, 50, 100};

std::vector<double> PooledShares(std::span<const Counts* const> references) {
  std::vector<double> shares(references[0]->size(), 1);
  double total = static_cast<double>(shares.size());
  for (const Counts* counts : references) {
    for (std::size_t k = 0; k < shares.size(); ++k) {
      shares[k] += static_cast<double>((*counts)[k]);
      total += static_cast<double>((*counts)[k]);
    }
  }
  for (double& share : shares) share /= total;
  return shares;
}

// The strength of the pooled shares under which each reference answer is best predicted by the others.
double ChooseStrength(std::span<const Counts* const> references, const std::vector<double>& shares) {
  double best = -std::numeric_limits<double>::infinity(), chosen = 1;
  for (const double strength : kStrengths) {
    double sum = 0;
    for (const Counts* counts : references) {
      const double others = static_cast<double>(Total(*counts)) - 1 + strength;
      for (std::size_t k = 0; k < shares.size(); ++k) {
        if ((*counts)[k] == 0) continue;
        const double count = static_cast<double>((*counts)[k]);
        sum += count * std::log((count - 1 + strength * shares[k]) / others);
      }
    }
    if (sum > best) {
      best = sum;
      chosen = strength;
    }
  }
  return chosen;
}

// log of the Dirichlet-multinomial probability of an ordered sequence of answers.
double LogPredictive(const std::vector<double>& parameters, const Counts& observed) {
  double total = 0, sum = 0;
  std::int64_t n = 0;
  for (std::size_t k = 0; k < parameters.size(); ++k) {
    total += parameters[k];
    for (std::int64_t i = 0; i < observed[k]; ++i) sum += std::log(parameters[k] + static_cast<double>(i));
    n += observed[k];
  }
  for (std::int64_t i = 0; i < n; ++i) sum -= std::log(total + static_cast<double>(i));
  return sum;
}

double LogMeanExp(const std::vector<double>& values) {
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (const double value : values) sum += std::exp(value - largest);
  return largest + std::log(sum / static_cast<double>(values.size()));
}

}  // namespace

BayesFactorTest::BayesFactorTest(std::span<const Counts* const> references, std::size_t claimed,
                                 std::int64_t n_observed, std::uint64_t seed)
    : claimed_(claimed), n_observed_(n_observed) {
  const std::vector<double> shares = PooledShares(references);
  const double strength = ChooseStrength(references, shares);
  for (const Counts* counts : references) {
    std::vector<double> parameters(shares.size());
    for (std::size_t k = 0; k < shares.size(); ++k) {
      parameters[k] = static_cast<double>((*counts)[k]) + strength * shares[k];
    }
    parameters_.push_back(std::move(parameters));
  }
  if (n_observed_ >= kLeastAnswers) threshold_ = SimulatedThreshold(seed);
}

double BayesFactorTest::GSquared(const Counts& observed) const {
  const std::vector<double>& claimed = parameters_[claimed_];
  double total = 0, sum = 0;
  for (const double parameter : claimed) total += parameter;
  const double n = static_cast<double>(n_observed_);
  for (std::size_t k = 0; k < claimed.size(); ++k) {
    if (observed[k] == 0) continue;
    const double count = static_cast<double>(observed[k]);
    sum += 2 * count * std::log(count / n * total / claimed[k]);
  }
  return sum;
}

double BayesFactorTest::SimulatedThreshold(std::uint64_t seed) const {
  std::vector<double> cumulative;
  double total = 0;
  for (const double parameter : parameters_[claimed_]) cumulative.push_back(total += parameter);
  std::vector<double> values;
  Counts counts(cumulative.size());
  std::vector<std::size_t> drawn;
  for (int run = 0; run < kSimulations; ++run) {
    stats::CounterRng rng(seed, static_cast<std::uint64_t>(run));
    std::fill(counts.begin(), counts.end(), 0);
    drawn.clear();
    // An urn gives Dirichlet-multinomial draws: an answer is new or repeats an earlier one.
    for (std::int64_t i = 0; i < n_observed_; ++i) {
      const bool repeats = rng.Uniform() * (total + static_cast<double>(i)) >= total;
      drawn.push_back(repeats ? drawn[rng.Below(static_cast<std::uint32_t>(drawn.size()))]
                              : DrawIndex(cumulative, rng));
      ++counts[drawn.back()];
    }
    values.push_back(GSquared(counts));
  }
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(kQuantile * kSimulations);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

BayesFactorTest::Result BayesFactorTest::Run(const Counts& observed) const {
  Result result;
  std::vector<double> others;
  const double claimed = LogPredictive(parameters_[claimed_], observed);
  for (std::size_t a = 0; a < parameters_.size(); ++a) {
    if (a != claimed_) others.push_back(LogPredictive(parameters_[a], observed));
  }
  const bool alone = others.empty();
  result.log_bayes_factor = alone ? -std::numeric_limits<double>::infinity() : LogMeanExp(others) - claimed;
  if (n_observed_ < kLeastAnswers) return result;
  const double posterior = 1 / (1 + static_cast<double>(others.size()) * std::exp(result.log_bayes_factor));
  if (result.log_bayes_factor >= kSuspicion) {
    result.state = State::kSuspectedKnown;
  } else if (GSquared(observed) > threshold_ && posterior < kForgiving) {
    result.state = State::kUnknownAnomaly;
  } else {
    result.state = State::kSupported;
  }
  return result;
}

}  // namespace pinchbeck::accuracy
