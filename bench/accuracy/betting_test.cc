#include <algorithm>
#include <cmath>
#include <numeric>

#include "bench/accuracy/choice_contestants.h"
#include "bench/accuracy/random.h"

namespace pinchbeck::accuracy {
namespace {

constexpr std::size_t kSupport = 64;
constexpr double kPrior = 0.5;
constexpr double kStake = 0.5;
constexpr int kSimulations = 250;
constexpr double kDrift = 0.08;
constexpr double kSafety = 1.3;
constexpr double kLeastTolerance = 0.005, kMostTolerance = 0.5;

// Wealth along one stream, before any tolerance.
class Wealth {
 public:
  explicit Wealth(const std::vector<double>& claimed) : claimed_(claimed), seen_(claimed.size(), kPrior) {
    total_ = kPrior * static_cast<double>(claimed.size());
  }
  double Add(std::size_t slot) {
    log_ += std::log(1 - kStake + kStake * seen_[slot] / total_ / claimed_[slot]);
    ++seen_[slot];
    ++total_;
    return log_;
  }

 private:
  const std::vector<double>& claimed_;
  std::vector<double> seen_;
  double total_ = 0;
  double log_ = 0;
};

// Running totals of one honest distribution: a draw from the posterior with drift.
std::vector<double> DriftedDraw(const std::vector<double>& parameters, stats::CounterRng& rng) {
  std::vector<double> cumulative;
  double total = 0;
  for (const double parameter : parameters) {
    total += Gamma(parameter, rng) * (1 + kDrift * (2 * rng.Uniform() - 1));
    cumulative.push_back(total);
  }
  return cumulative;
}

}  // namespace

BettingTest::BettingTest(const Counts& reference, std::int64_t horizon, double alpha, std::uint64_t seed)
    : threshold_(-std::log(alpha)) {
  std::vector<std::size_t> order(reference.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return reference[a] > reference[b]; });
  const auto distinct = static_cast<std::size_t>(
      std::count_if(reference.begin(), reference.end(), [](std::int64_t count) { return count > 0; }));
  const std::size_t kept = std::min(distinct, kSupport);
  slot_.assign(reference.size(), kept);
  std::vector<double> counts;
  double others = 0, singletons = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::int64_t count = reference[order[i]];
    singletons += count == 1 ? 1 : 0;
    if (i < kept) {
      slot_[order[i]] = i;
      counts.push_back(static_cast<double>(count));
    } else {
      others += static_cast<double>(count);
    }
  }
  counts.push_back(std::max({others, singletons, 0.5}));
  const double total =
      std::accumulate(counts.begin(), counts.end(), 0.0) + kPrior * static_cast<double>(counts.size());
  std::vector<double> posterior;
  for (const double count : counts) {
    claimed_.push_back((count + kPrior) / total);
    posterior.push_back(count + kPrior);
  }
  posterior.back() = std::max(singletons, 0.5);
  const double allowed = -std::log(4 * alpha);
  double needed = 0;
  for (int run = 0; run < kSimulations; ++run) {
    stats::CounterRng rng(seed, static_cast<std::uint64_t>(run));
    const std::vector<double> cumulative = DriftedDraw(posterior, rng);
    Wealth wealth(claimed_);
    for (std::int64_t t = 1; t <= horizon; ++t) {
      const double log_wealth = wealth.Add(DrawIndex(cumulative, rng));
      needed = std::max(needed, (log_wealth - allowed) / static_cast<double>(t));
    }
  }
  tolerance_ = std::clamp(kSafety * needed, kLeastTolerance, kMostTolerance);
}

double BettingTest::LargestWealth(std::span<const int> observed) const {
  Wealth wealth(claimed_);
  double largest = 0, taxed = 0;
  for (const int answer : observed) {
    taxed += tolerance_;
    largest = std::max(largest, wealth.Add(Slot(answer)) - taxed);
  }
  return largest / threshold_;
}

}  // namespace pinchbeck::accuracy
