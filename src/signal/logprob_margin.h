// How large a difference of log-probabilities is beyond its noise, and what of it honest servings are
// granted.
#ifndef PINCHBECK_SRC_SIGNAL_LOGPROB_MARGIN_H_
#define PINCHBECK_SRC_SIGNAL_LOGPROB_MARGIN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "src/signal/logprob_cells.h"

namespace pinchbeck::internal {

// Mean difference of a probe with the sampling noise of both sides taken out, column by column: the signed
// root of d^2 - v, where v estimates the variance of the difference d of means. Near 0 when nothing differs,
// |d| when noise is negligible.
struct CorrectedDifference {
  double value = 0;
  // Mean over columns of the root of v: `value` cannot lie below -noise.
  double noise = 0;
};

// Where an item of a cell stands in a comparison.
enum class ItemSide : std::uint8_t { kReference, kObserved, kLeftOut };

// Absent where the answers do not tell their noise or have no column in common. A side with one answer
// borrows the other's variance; columns that not every item has share one noise level, from items of one side
// in one column.
[[nodiscard]] std::optional<CorrectedDifference> CorrectedLogprobDifference(const LogprobCell& cell,
                                                                            std::span<const ItemSide> sides);
// Of the two sides as they are.
[[nodiscard]] std::optional<CorrectedDifference> CorrectedLogprobDifference(const LogprobCell& cell);

// What a new session of the reference's serving may differ by from the mean of S earlier ones, with
// confidence 1 - level: a prediction limit with sessions as the units,
//
//   t_{S-1, 1 - level/2} s sqrt(1 + 1/S),   s^2 = (S - 1)/S mean over sessions of D^2,
//
// D the difference of a session from the mean of the others. Exact for normal sessions that differ in one
// direction (s is then their usual standard deviation), conservative where D is a mean over many. Absent with
// fewer than two sessions.
[[nodiscard]] std::optional<double> SessionLimit(std::span<const double> differences, double level);

// D of each session of the reference: mean over cells of the corrected difference of its answers from those
// of the other sessions, at least 0, and its noise, as the root of their sum of squares. Empty with one
// session.
[[nodiscard]] std::vector<double> SessionDifferences(const std::vector<LogprobCell>& cells);

struct Margin {
  double nats = 0;
  // Sessions that set it (SessionLimit()); 0 where something else does.
  std::size_t sessions = 0;
};

// The difference that honest servings are granted (docs/design/0004-effect-gates.md): for the weights claim
// the larger of the default and twice the honest spread; for the serving claim the largest of the spread
// between sessions that the fingerprint knows, of single answers within the reference, and of SessionLimit().
// `limit_level`: level of SessionLimit().
[[nodiscard]] Margin LogprobMargin(const std::vector<LogprobCell>& cells, const SignalOptions& options,
                                   double limit_level);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_LOGPROB_MARGIN_H_
