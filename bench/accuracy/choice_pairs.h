// Runs every ordered pair of models through all contestants, in parallel and independent of the thread count.
#ifndef PINCHBECK_BENCH_ACCURACY_CHOICE_PAIRS_H_
#define PINCHBECK_BENCH_ACCURACY_CHOICE_PAIRS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "bench/accuracy/choice_data.h"
#include "bench/accuracy/choice_tally.h"
#include "bench/accuracy/row.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::accuracy {

// Makes the observed answers of one comparison from what the splits left over, or an empty sample where the
// pair is not measured. `setting` counts sizes or shares.
using MakeObserved =
    std::function<std::vector<int>(std::span<const ChoiceSplit> splits, std::size_t claimed,
                                   std::size_t served, std::size_t setting, stats::CounterRng& rng)>;

struct PairPlan {
  std::size_t n_reference = 240;
  // Reference answers of every other model.
  std::size_t n_library = 240;
  std::size_t settings = 1;
  int draws = 1;
  // Relabelings of permutation tests; 0: the run's own number.
  std::int64_t permutations = 0;
  // Distinguishes rows that share a seed.
  std::uint64_t row = 0;
  // Claimed models; empty: all.
  std::vector<std::size_t> claimed;
};

// One tally a setting.
[[nodiscard]] std::vector<ChoiceTally> JudgePairs(const ChoiceData& data, const PairPlan& plan,
                                                  const RowContext& context, double alpha,
                                                  const MakeObserved& make_observed);

// Which models are in the reporting half.
[[nodiscard]] std::vector<bool> Reporting(const ChoiceData& data, const std::string& source,
                                          const DataSplit& split);

}  // namespace pinchbeck::accuracy

#endif  // PINCHBECK_BENCH_ACCURACY_CHOICE_PAIRS_H_
