#include "src/signal/choice_power.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::internal {
namespace {

constexpr int kSimulations = 40;
constexpr double kRequiredPower = 0.9;

double Term(double p) { return p > 0 ? p * std::log2(p) : 0.0; }

double Divergence(const std::vector<double>& p, const std::vector<double>& q) {
  double sum = 0;
  for (std::size_t k = 0; k < p.size(); ++k)
    sum += 0.5 * Term(p[k]) + 0.5 * Term(q[k]) - Term(0.5 * (p[k] + q[k]));
  return sum;
}

std::vector<double> Mix(const std::vector<double>& p, const std::vector<double>& other, double share) {
  std::vector<double> mixed(p.size());
  for (std::size_t k = 0; k < p.size(); ++k) mixed[k] = (1 - share) * p[k] + share * other[k];
  return mixed;
}

// The claimed model's distribution (with room for one new category at the end), the diverging one, and the
// sizes of the two samples.
struct Pair {
  std::vector<double> claimed, other;
  std::int64_t n_reference = 0, n_observed = 0;
};

// The reference's shares, falling, with the mass of answers that it did not happen to give: n1 / m of the
// whole (Good 1953) over about n1 (n1 - 1) / (2 (n2 + 1)) answers (Chao 1984), where n1 answers came once and
// n2 twice. Without it, simulated samples would agree better than real ones do.
std::vector<double> SmoothedShares(const std::vector<std::int64_t>& counts, double total) {
  const auto once = static_cast<double>(std::count(counts.begin(), counts.end(), 1));
  const auto twice = static_cast<double>(std::count(counts.begin(), counts.end(), 2));
  const double unseen = total > 1 ? std::min(0.9, once / total) : 0;
  std::vector<double> shares;
  for (const std::int64_t count : counts) {
    if (count > 0) shares.push_back((1 - unseen) * static_cast<double>(count) / total);
  }
  const auto extra =
      static_cast<std::size_t>(std::clamp(once * (once - 1) / (2 * (twice + 1)), 1.0, 10000.0));
  if (unseen > 0) shares.insert(shares.end(), extra, unseen / static_cast<double>(extra));
  std::sort(shares.begin(), shares.end(), std::greater<>());
  return shares;
}

Pair DivergingPair(const std::vector<std::int64_t>& counts, double bits) {
  Pair pair;
  const double total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  pair.claimed = SmoothedShares(counts, total);
  pair.n_reference = static_cast<std::int64_t>(total);
  pair.claimed.push_back(0);
  pair.other = DivergingShares(pair.claimed, bits);
  return pair;
}

std::vector<double> Draw(const std::vector<double>& probabilities, std::int64_t count,
                         stats::CounterRng& rng) {
  std::vector<double> cumulative(probabilities.size()), drawn(probabilities.size(), 0);
  std::partial_sum(probabilities.begin(), probabilities.end(), cumulative.begin());
  for (std::int64_t i = 0; i < count; ++i) {
    const auto it = std::upper_bound(cumulative.begin(), cumulative.end(), rng.Uniform() * cumulative.back());
    const auto k = std::min<std::ptrdiff_t>(it - cumulative.begin(), std::ssize(drawn) - 1);
    drawn[static_cast<std::size_t>(k)] += 1 / static_cast<double>(count);
  }
  return drawn;
}

}  // namespace

namespace {

// Weighted divergences of simulated pairs of samples.
std::vector<double> Simulated(const std::vector<PowerCell>& cells, double bits, std::uint64_t seed) {
  std::vector<Pair> pairs;
  for (const PowerCell& cell : cells) {
    pairs.push_back(DivergingPair(*cell.reference, bits));
    pairs.back().n_observed = cell.n_observed;
  }
  std::vector<double> divergences;
  for (int s = 0; s < kSimulations; ++s) {
    stats::CounterRng rng(stats::MixSeed(seed, 0xC0DE), static_cast<std::uint64_t>(s));
    double sum = 0;
    for (std::size_t c = 0; c < cells.size(); ++c) {
      sum += cells[c].weight * Divergence(Draw(pairs[c].claimed, pairs[c].n_reference, rng),
                                          Draw(pairs[c].other, pairs[c].n_observed, rng));
    }
    divergences.push_back(sum);
  }
  return divergences;
}

}  // namespace

std::vector<double> DivergingShares(const std::vector<double>& shares, double bits) {
  std::vector<double> target = shares;
  std::rotate(target.begin(), target.begin() + 1, target.end() - 1);
  if (Divergence(shares, target) < bits) {
    std::fill(target.begin(), target.end(), 0.0);
    target.back() = 1;
  }
  double low = 0, high = 1;
  for (int i = 0; i < 40; ++i) {
    const double middle = 0.5 * (low + high);
    (Divergence(shares, Mix(shares, target, middle)) < bits ? low : high) = middle;
  }
  return Mix(shares, target, high);
}

std::optional<double> DetectableDivergence(const std::vector<PowerCell>& cells, double default_bits,
                                           double excess, std::uint64_t seed) {
  if (!std::isfinite(excess)) return std::nullopt;
  const std::vector<double> null = Simulated(cells, 0, seed);
  const double null_mean = std::accumulate(null.begin(), null.end(), 0.0) / kSimulations;
  for (const double multiple : {0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0}) {
    const double bits = multiple * default_bits;
    if (bits >= 1) break;
    const std::vector<double> divergences = Simulated(cells, bits, seed);
    const auto reached = std::count_if(divergences.begin(), divergences.end(),
                                       [&](double divergence) { return divergence - null_mean >= excess; });
    if (static_cast<double>(reached) >= kRequiredPower * kSimulations) return bits;
  }
  return std::nullopt;
}

double ChoiceSizeFactor(const std::vector<PowerCell>& cells, double bits, double total_weight) {
  // Quantiles for level 0.01 shared by a few signals and power 0.9.
  constexpr double kQuantiles = 2.807 + 1.2816;
  double freedom = 0;
  for (const PowerCell& cell : cells) {
    freedom += static_cast<double>(std::count_if(cell.reference->begin(), cell.reference->end(),
                                                 [](std::int64_t count) { return count > 0; }) -
                                   1);
  }
  const double needed = kQuantiles * std::sqrt(2 * std::max(1.0, freedom)) + kQuantiles * kQuantiles;
  return std::max(1.1, needed / (8 * std::log(2.0) * bits) / total_weight);
}

}  // namespace pinchbeck::internal
