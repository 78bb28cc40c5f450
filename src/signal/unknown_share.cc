// A lower limit of the share that something other than the reference's model answers, whatever it is.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/signal/mixture.h"
#include "pinchbeck/stats/counter_rng.h"
#include "pinchbeck/stats/special_functions.h"

namespace pinchbeck {
namespace {

// Added to every count before two shares are compared (Krichevsky & Trofimov 1981); only the choice of the
// answers depends on it.
constexpr double kSmoothing = 0.5;

// One side's answers of one probe in random order, as numbers of categories.
using Answers = std::vector<std::uint32_t>;

Answers Shuffled(const std::map<std::string, std::int64_t>& counts,
                 const std::map<std::string, std::uint32_t>& categories, stats::CounterRng& rng) {
  Answers answers;
  for (const auto& [answer, count] : counts) {
    answers.insert(answers.end(), static_cast<std::size_t>(count), categories.at(answer));
  }
  for (std::size_t i = 0; i + 1 < answers.size(); ++i) {
    std::swap(answers[i], answers[i + rng.Below(static_cast<std::uint32_t>(answers.size() - i))]);
  }
  return answers;
}

// The answers of one probe in two halves by side: halves[h] chooses for, or is tested by, the other.
struct Cell {
  std::size_t categories = 0;
  Answers reference[2], observed[2];
};

std::vector<Cell> SplitCells(const SampleSet& reference, const SampleSet& observed, std::uint64_t seed) {
  std::vector<Cell> cells;
  std::uint64_t stream = 0;
  for (const auto& [id, probe] : observed.probes) {
    const auto it = reference.probes.find(id);
    if (it == reference.probes.end()) continue;
    std::map<std::string, std::uint32_t> categories;
    for (const auto* counts : {&it->second.choices, &probe.choices}) {
      for (const auto& entry : *counts) {
        categories.emplace(entry.first, static_cast<std::uint32_t>(categories.size()));
      }
    }
    stats::CounterRng rng(stats::MixSeed(seed, 0x5A11), stream++);
    const Answers x = Shuffled(it->second.choices, categories, rng);
    const Answers y = Shuffled(probe.choices, categories, rng);
    if (x.size() < 4 || y.size() < 4) continue;
    Cell cell;
    cell.categories = categories.size();
    const auto split = [](const Answers& all, Answers* halves) {
      const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
      halves[0].assign(all.begin(), middle);
      halves[1].assign(middle, all.end());
    };
    split(x, cell.reference);
    split(y, cell.observed);
    cells.push_back(std::move(cell));
  }
  return cells;
}

// Upper and lower limits of a binomial share, each at `level` (Clopper & Pearson 1934).
double UpperShare(std::int64_t hits, std::int64_t n, double level) {
  if (hits >= n) return 1;
  double low = static_cast<double>(hits) / static_cast<double>(n), high = 1;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (stats::BinomialLowerTail(hits, n, middle) > level ? low : high) = middle;
  }
  return high;
}

double LowerShare(std::int64_t hits, std::int64_t n, double level) {
  return 1 - UpperShare(n - hits, n, level);
}

// Answers of one half by category, all probes one after the other.
struct Counts {
  std::vector<std::int64_t> reference, observed;
  std::int64_t n_reference = 0, n_observed = 0;
};

// Every probe enters both sides in the same proportion, so that the sums over probes compare like with like:
// the surplus of a side is left out by number, not by content.
Counts CountHalf(const std::vector<Cell>& cells, int half) {
  double all_x = 0, all_y = 0;
  for (const Cell& cell : cells) {
    all_x += static_cast<double>(cell.reference[half].size());
    all_y += static_cast<double>(cell.observed[half].size());
  }
  const double ratio = all_x / all_y;
  Counts counts;
  for (const Cell& cell : cells) {
    const Answers &x = cell.reference[half], &y = cell.observed[half];
    const double most = static_cast<double>(x.size()) / ratio;
    const auto taken_y = std::min(y.size(), static_cast<std::size_t>(most + 1e-9));
    const auto taken_x =
        std::min(x.size(), static_cast<std::size_t>(std::llround(ratio * static_cast<double>(taken_y))));
    std::vector<std::int64_t> a(cell.categories, 0), b(cell.categories, 0);
    for (std::size_t i = 0; i < taken_x; ++i) ++a[x[i]];
    for (std::size_t i = 0; i < taken_y; ++i) ++b[y[i]];
    counts.reference.insert(counts.reference.end(), a.begin(), a.end());
    counts.observed.insert(counts.observed.end(), b.begin(), b.end());
    counts.n_reference += static_cast<std::int64_t>(taken_x);
    counts.n_observed += static_cast<std::int64_t>(taken_y);
  }
  return counts;
}

double Limit(std::int64_t x, std::int64_t y, const Counts& counts, double level) {
  const double p = LowerShare(x, counts.n_reference, level), q = UpperShare(y, counts.n_observed, level);
  return p > 0 ? std::max(0.0, 1 - q / p) : 0;
}

// The answers that the reference gives more often than the endpoint, as far as that looked best in this half.
std::vector<char> ChooseAnswers(const Counts& counts, double level) {
  const std::size_t k = counts.reference.size();
  std::vector<std::pair<double, std::size_t>> order;
  for (std::size_t i = 0; i < k; ++i) {
    const double p = (static_cast<double>(counts.reference[i]) + kSmoothing) /
                     (static_cast<double>(counts.n_reference) + kSmoothing * static_cast<double>(k));
    const double q = (static_cast<double>(counts.observed[i]) + kSmoothing) /
                     (static_cast<double>(counts.n_observed) + kSmoothing * static_cast<double>(k));
    order.emplace_back(q / p, i);
  }
  std::sort(order.begin(), order.end());
  std::int64_t x = 0, y = 0;
  double best = -1;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < k; ++i) {
    x += counts.reference[order[i].second];
    y += counts.observed[order[i].second];
    // Looking at every prefix would take a limit each; only answers that the half holds can change it.
    if (counts.reference[order[i].second] == 0) continue;
    const double limit = Limit(x, y, counts, level);
    if (limit <= best) continue;
    best = limit;
    taken = i + 1;
  }
  std::vector<char> chosen(k, 0);
  for (std::size_t i = 0; i < taken; ++i) chosen[order[i].second] = 1;
  return chosen;
}

}  // namespace

std::optional<double> LowerLimitOfUnknownShare(const SampleSet& reference, const SampleSet& observed,
                                               double level, std::uint64_t seed) {
  const std::vector<Cell> cells = SplitCells(reference, observed, seed);
  if (cells.empty()) return std::nullopt;
  const Counts halves[2] = {CountHalf(cells, 0), CountHalf(cells, 1)};
  double limit = 0;
  for (const int tested : {0, 1}) {
    // Two halves are tested, with a limit of either side each.
    const double each = level / 4;
    const std::vector<char> chosen = ChooseAnswers(halves[1 - tested], each);
    const Counts& counts = halves[tested];
    if (counts.n_reference == 0 || counts.n_observed == 0) continue;
    std::int64_t x = 0, y = 0;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      if (chosen[i] == 0) continue;
      x += counts.reference[i];
      y += counts.observed[i];
    }
    limit = std::max(limit, Limit(x, y, counts, each));
  }
  return limit;
}

}  // namespace pinchbeck
