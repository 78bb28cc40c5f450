// A lower limit of the share that something other than the reference's model answers, whatever it is.
#include <algorithm>
#include <cmath>
#include <map>
#include <span>
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

// The answers of one probe in random order. Each side is cut into quarters: the limit is read off one half,
// and which answers it is about is decided on the two quarters of the other.
struct Cell {
  std::size_t categories = 0;
  Answers reference, observed;
};

// Quarters `first` to `last`, the last one excluded.
struct Quarters {
  std::size_t first = 0, last = 4;
};

std::span<const std::uint32_t> Cut(const Answers& answers, const Quarters& quarters) {
  const std::size_t begin = answers.size() * quarters.first / 4, end = answers.size() * quarters.last / 4;
  return std::span<const std::uint32_t>(answers).subspan(begin, end - begin);
}

std::vector<Cell> ShuffledCells(const SampleSet& reference, const SampleSet& observed, std::uint64_t seed) {
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
    Answers x = Shuffled(it->second.choices, categories, rng);
    Answers y = Shuffled(probe.choices, categories, rng);
    if (x.size() < 4 || y.size() < 4) continue;
    Cell cell;
    cell.categories = categories.size();
    cell.reference = std::move(x);
    cell.observed = std::move(y);
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

// Answers of some quarters by category, all probes one after the other.
struct Counts {
  std::vector<std::int64_t> reference, observed;
  std::int64_t n_reference = 0, n_observed = 0;
};

// So many reference answers for so many observed ones, the same in every probe.
struct Proportion {
  std::size_t reference = 1, observed = 1;
};

// How often the proportion fits into a probe.
std::size_t Multiples(const Cell& cell, const Quarters& quarters, const Proportion& proportion) {
  return std::min(Cut(cell.reference, quarters).size() / proportion.reference,
                  Cut(cell.observed, quarters).size() / proportion.observed);
}

// The proportion, one side being 1, that leaves most to compare: the largest harmonic mean of the sizes.
Proportion BestProportion(const std::vector<Cell>& cells, const Quarters& quarters) {
  double all_x = 0, all_y = 0;
  for (const Cell& cell : cells) {
    all_x += static_cast<double>(Cut(cell.reference, quarters).size());
    all_y += static_cast<double>(Cut(cell.observed, quarters).size());
  }
  const auto ratio = static_cast<std::size_t>(std::max(all_x, all_y) / std::min(all_x, all_y));
  Proportion best;
  double most = 0;
  for (const std::size_t times : {ratio, ratio + 1}) {
    const Proportion tried =
        all_x > all_y ? Proportion{.reference = times} : Proportion{.reference = 1, .observed = times};
    double fits = 0;
    for (const Cell& cell : cells) fits += static_cast<double>(Multiples(cell, quarters, tried));
    const double t = static_cast<double>(times), harmonic = fits * t / (1 + t);
    if (harmonic > most) best = tried;
    most = std::max(most, harmonic);
  }
  return best;
}

// Every probe enters both sides in exactly the same proportion, so that the sums over probes compare like
// with like: the surplus of a side is left out by number, not by content.
Counts Count(const std::vector<Cell>& cells, const Quarters& quarters) {
  const Proportion proportion = BestProportion(cells, quarters);
  Counts counts;
  for (const Cell& cell : cells) {
    const auto x = Cut(cell.reference, quarters), y = Cut(cell.observed, quarters);
    const std::size_t fits = Multiples(cell, quarters, proportion);
    const std::size_t taken_x = fits * proportion.reference, taken_y = fits * proportion.observed;
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

// Categories by rising ratio of the observed share to the reference's.
std::vector<std::size_t> ByRatio(const Counts& counts) {
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
  std::vector<std::size_t> categories;
  for (const auto& entry : order) categories.push_back(entry.second);
  return categories;
}

// The answers that the reference gives more often than the endpoint: ordered by one quarter, and as many of
// them as give the largest limit in the other. Where answers are few the order is mostly noise, and judged by
// the same answers a short list of accidents would look best.
std::vector<char> ChooseAnswers(const Counts& ordering, const Counts& judging, double level) {
  const std::vector<std::size_t> order = ByRatio(ordering);
  std::int64_t x = 0, y = 0;
  double best = -1;
  std::size_t taken = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    x += judging.reference[order[i]];
    y += judging.observed[order[i]];
    // Only answers that the quarter holds can change the limit; those that it lacks go with the next.
    if (judging.reference[order[i]] == 0 && i + 1 < order.size()) continue;
    const double limit = Limit(x, y, judging, level);
    if (limit < best) continue;
    best = limit;
    taken = i + 1;
  }
  std::vector<char> chosen(order.size(), 0);
  for (std::size_t i = 0; i < taken; ++i) chosen[order[i]] = 1;
  return chosen;
}

}  // namespace

std::optional<double> LowerLimitOfUnknownShare(const SampleSet& reference, const SampleSet& observed,
                                               double level, std::uint64_t seed) {
  const std::vector<Cell> cells = ShuffledCells(reference, observed, seed);
  if (cells.empty()) return std::nullopt;
  double limit = 0;
  for (const std::size_t tested : {std::size_t{0}, std::size_t{2}}) {
    const std::size_t other = 2 - tested;
    const Counts counts = Count(cells, {tested, tested + 2});
    const Counts ordering = Count(cells, {other, other + 1}), judging = Count(cells, {other + 1, other + 2});
    if (counts.n_reference == 0 || judging.n_reference == 0) continue;
    // Two halves are tested, with a limit of either side each.
    const double each = level / 4;
    const std::vector<char> chosen = ChooseAnswers(ordering, judging, each);
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
