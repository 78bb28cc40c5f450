#include "bench/accuracy/choice_pairs.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "bench/accuracy/random.h"
#include "pinchbeck/internal/parallel_for.h"

namespace pinchbeck::accuracy {
namespace {

// Draws kept in memory before they are counted.
constexpr int kBatch = 10;

struct Judged {
  std::size_t served, setting;
  Lineup lineup;
};

}  // namespace

std::vector<ChoiceTally> JudgePairs(const ChoiceData& data, const PairPlan& plan, const RowContext& context,
                                    double alpha, const MakeObserved& make_observed) {
  const std::size_t models = data.models.size();
  std::vector<std::size_t> claimed_models = plan.claimed;
  if (claimed_models.empty()) {
    claimed_models.resize(models);
    std::iota(claimed_models.begin(), claimed_models.end(), std::size_t{0});
  }
  const std::uint64_t row_seed = SeedFor(context.seed, plan.row);
  const std::int64_t permutations = plan.permutations > 0 ? plan.permutations : context.permutations;
  const auto judge = [&](std::size_t claimed, int draw) {
    std::vector<ChoiceSplit> splits;
    for (std::size_t m = 0; m < models; ++m) {
      splits.push_back(
          RandomSplit(data, m, m == claimed ? plan.n_reference : plan.n_library, row_seed, draw));
    }
    const std::uint64_t seed = SeedFor(row_seed, 77, claimed, draw);
    ChoiceJudge contestants(data, splits, claimed, alpha, permutations, seed);
    std::vector<Judged> judged;
    for (std::size_t served = 0; served < models; ++served) {
      for (std::size_t setting = 0; setting < plan.settings; ++setting) {
        stats::CounterRng rng(SeedFor(seed, 78, served), setting);
        const std::vector<int> observed = make_observed(splits, claimed, served, setting, rng);
        if (observed.empty()) continue;
        judged.push_back({served, setting, contestants.Judge(observed, served)});
      }
    }
    return judged;
  };

  std::vector<ChoiceTally> tallies(plan.settings, ChoiceTally(models));
  for (int first = 0; first < plan.draws; first += kBatch) {
    const auto draws = static_cast<std::size_t>(std::min(kBatch, plan.draws - first));
    std::vector<std::vector<Judged>> results(claimed_models.size() * draws);
    pinchbeck::internal::ParallelFor(
        static_cast<std::int64_t>(results.size()), context.threads, [&](std::int64_t task) {
          const auto i = static_cast<std::size_t>(task);
          results[i] = judge(claimed_models[i / draws], first + static_cast<int>(i % draws));
        });
    for (std::size_t i = 0; i < results.size(); ++i) {
      for (const Judged& one : results[i])
        tallies[one.setting].Add(claimed_models[i / draws], one.served, one.lineup);
    }
  }
  return tallies;
}

std::vector<bool> Reporting(const ChoiceData& data, const std::string& source, const DataSplit& split) {
  std::vector<bool> reports;
  for (const ChoiceModel& model : data.models) reports.push_back(split.Reports(source, model.name));
  return reports;
}

}  // namespace pinchbeck::accuracy
