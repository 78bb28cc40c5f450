#include "src/signal/logprob_margin.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "src/signal/student_limit.h"

namespace pinchbeck::internal {
namespace {

// Honest servings of large models differ by 0.3 nats and more (docs/design/0004-effect-gates.md).
constexpr double kDefaultMarginNats = 0.5;

double SignedRoot(double value) { return value < 0 ? -std::sqrt(-value) : std::sqrt(value); }

// Of the values of one column on one side.
struct Moments {
  double sum = 0, squares = 0, count = 0;
  void Add(double value) {
    sum += value;
    squares += value * value;
    ++count;
  }
  [[nodiscard]] double mean() const { return sum / count; }
  [[nodiscard]] double deviations() const { return std::max(0.0, squares - sum * sum / count); }
};
using Sides = std::array<Moments, 2>;

// `offset` is near the values, so that equal ones have no deviation.
Sides MomentsOf(const Eigen::MatrixXd& values, const Eigen::MatrixXd* known, Eigen::Index column,
                std::span<const ItemSide> sides) {
  Sides moments;
  std::optional<double> offset;
  for (Eigen::Index i = 0; i < values.rows(); ++i) {
    const ItemSide side = sides[static_cast<std::size_t>(i)];
    if (side == ItemSide::kLeftOut || (known != nullptr && (*known)(i, column) == 0)) continue;
    if (!offset) offset = values(i, column);
    moments[side == ItemSide::kReference ? 0 : 1].Add(values(i, column) - *offset);
  }
  return moments;
}

// Sums over columns.
struct Total {
  double value = 0, noise = 0, columns = 0;
  void Add(double difference, double variance) {
    value += SignedRoot(difference * difference - variance);
    noise += std::sqrt(variance);
    ++columns;
  }
};

void AddListed(const LogprobCell& cell, std::span<const ItemSide> sides, Total& total) {
  for (Eigen::Index k = 0; k < cell.listed.cols(); ++k) {
    const auto [x, y] = MomentsOf(cell.listed, nullptr, k, sides);
    if (x.count + y.count < 3) return;
    const double rest_x = x.deviations() / std::max(1.0, x.count - 1);
    const double rest_y = y.deviations() / std::max(1.0, y.count - 1);
    const double variance_x = x.count < 2 ? rest_y : rest_x, variance_y = y.count < 2 ? rest_x : rest_y;
    total.Add(x.mean() - y.mean(), variance_x / x.count + variance_y / y.count);
  }
}

void AddPartial(const LogprobCell& cell, std::span<const ItemSide> sides, Total& total) {
  std::vector<Sides> columns;
  double within = 0, freedom = 0;
  for (Eigen::Index k = 0; k < cell.partial.cols(); ++k) {
    columns.push_back(MomentsOf(cell.partial, &cell.known, k, sides));
    for (const Moments& side : columns.back()) {
      if (side.count < 2) continue;
      within += side.deviations();
      freedom += side.count - 1;
    }
  }
  if (freedom < 1) return;
  for (const auto& [x, y] : columns) {
    if (x.count == 0 || y.count == 0) continue;
    total.Add(x.mean() - y.mean(), within / freedom * (1 / x.count + 1 / y.count));
  }
}

// Largest deviation of a single answer from the reference's mean per probe, averaged over probes: the
// numerical spread within the reference's own session.
double WithinSpread(const std::vector<LogprobCell>& cells) {
  double total = 0, count = 0;
  for (const LogprobCell& cell : cells) {
    const Eigen::Index m = cell.stratum.n_reference;
    if (m < 2) continue;
    const Eigen::MatrixXd items = cell.listed.topRows(m);
    Eigen::VectorXd sum = (items.rowwise() - items.colwise().mean()).cwiseAbs().rowwise().sum();
    Eigen::VectorXd columns = Eigen::VectorXd::Constant(m, static_cast<double>(cell.listed.cols()));
    // Columns that only some answers have tell as far as two of the reference's do.
    for (Eigen::Index k = 0; k < cell.partial.cols(); ++k) {
      const Eigen::VectorXd known = cell.known.col(k).head(m);
      if (known.sum() < 2) continue;
      const Eigen::VectorXd values = cell.partial.col(k).head(m);
      const double mean = values.dot(known) / known.sum();
      sum += ((values.array() - mean).abs() * known.array()).matrix();
      columns += known;
    }
    if (columns.maxCoeff() == 0) continue;
    total += sum.cwiseQuotient(columns.cwiseMax(1)).maxCoeff();
    ++count;
  }
  return count > 0 ? total / count : 0;
}

}  // namespace

std::optional<CorrectedDifference> CorrectedLogprobDifference(const LogprobCell& cell,
                                                              std::span<const ItemSide> sides) {
  const auto has = [&](ItemSide side) { return std::find(sides.begin(), sides.end(), side) != sides.end(); };
  if (!has(ItemSide::kReference) || !has(ItemSide::kObserved)) return std::nullopt;
  Total total;
  AddListed(cell, sides, total);
  AddPartial(cell, sides, total);
  if (total.columns == 0) return std::nullopt;
  return CorrectedDifference{total.value / total.columns, total.noise / total.columns};
}

std::optional<CorrectedDifference> CorrectedLogprobDifference(const LogprobCell& cell) {
  std::vector<ItemSide> sides(static_cast<std::size_t>(cell.stratum.size()), ItemSide::kObserved);
  std::fill_n(sides.begin(), cell.stratum.n_reference, ItemSide::kReference);
  return CorrectedLogprobDifference(cell, sides);
}

std::optional<double> SessionLimit(std::span<const double> differences, double level) {
  if (differences.size() < 2) return std::nullopt;
  const auto sessions = static_cast<double>(differences.size());
  double squares = 0;
  for (const double difference : differences) squares += difference * difference;
  const double deviation = std::sqrt((sessions - 1) / sessions * squares / sessions);
  return StudentTwoSidedLimit(sessions - 1, level) * deviation * std::sqrt(1 + 1 / sessions);
}

std::vector<double> SessionDifferences(const std::vector<LogprobCell>& cells) {
  std::set<std::uint32_t> sessions;
  for (const LogprobCell& cell : cells)
    sessions.insert(cell.sessions.begin(), cell.sessions.begin() + cell.stratum.n_reference);
  std::vector<double> differences;
  if (sessions.size() < 2) return differences;
  for (const std::uint32_t session : sessions) {
    double sum = 0, noise = 0, count = 0;
    for (const LogprobCell& cell : cells) {
      const auto own = cell.sessions.begin() + cell.stratum.n_reference;
      if (std::find(cell.sessions.begin(), own, session) == own) continue;
      std::vector<ItemSide> sides(cell.sessions.size(), ItemSide::kLeftOut);
      for (std::size_t i = 0; i < static_cast<std::size_t>(cell.stratum.n_reference); ++i)
        sides[i] = cell.sessions[i] == session ? ItemSide::kObserved : ItemSide::kReference;
      const auto corrected = CorrectedLogprobDifference(cell, sides);
      if (!corrected) continue;
      sum += corrected->value;
      noise += corrected->noise;
      ++count;
    }
    // The noise is put back: two sessions that agree within it have not shown that they agree further, and
    // with few sessions the limit is many times as large.
    if (count > 0) differences.push_back(std::hypot(std::max(0.0, sum / count), noise / count));
  }
  return differences;
}

Margin LogprobMargin(const std::vector<LogprobCell>& cells, const SignalOptions& options,
                     double limit_level) {
  const double spread = std::max(0.0, options.honest_spread.value_or(0));
  if (options.claim == Claim::kWeights) return {std::max(kDefaultMarginNats, 2 * spread), 0};
  const double known = std::max(WithinSpread(cells), spread);
  const std::vector<double> differences = SessionDifferences(cells);
  const double limit = SessionLimit(differences, limit_level).value_or(0);
  if (limit <= known) return {known, 0};
  return {limit, differences.size()};
}

}  // namespace pinchbeck::internal
