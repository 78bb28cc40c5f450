// A random number out of 1 to 355: a share of the answers comes from another model.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bench/accuracy/choice_pairs.h"
#include "bench/accuracy/row.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck::accuracy {
namespace {

constexpr const char* kSource = "aig_random_1_355";
constexpr std::size_t kReference = 240, kObserved = 240, kLong = 2000;
constexpr double kLongShare = 0.2;
constexpr std::uint64_t kRow = 2, kLongRow = 3;
// Valid at this level, as every number is: four of 400 values may reach the observed one. More would add a
// little power.
constexpr std::int64_t kRelabelings = 399;

// Each answer comes from the served model with probability `share`, else from the claimed one. Answers of the
// claimed model are not reused; those of the served model are where it has too few.
std::vector<int> Mix(std::span<const ChoiceSplit> splits, std::size_t claimed, std::size_t served,
                     double share, std::size_t count, stats::CounterRng& rng) {
  const std::vector<int>& own = splits[claimed].rest;
  const std::vector<int>& other = splits[served].rest;
  std::vector<int> mixed;
  std::size_t from_own = 0, from_other = 0;
  while (mixed.size() < count) {
    if (served != claimed && rng.Uniform() < share) {
      mixed.push_back(from_other < other.size() ? other[from_other++]
                                                : other[rng.Below(static_cast<std::uint32_t>(other.size()))]);
    } else {
      if (from_own == own.size()) return {};
      mixed.push_back(own[from_own++]);
    }
  }
  return mixed;
}

std::string RelabelingsNote(const RowContext& context) {
  return "Permutation tests use " + std::to_string(std::min(kRelabelings, context.permutations)) +
         " relabelings.";
}

absl::StatusOr<ChoiceData> LoadNumbers(const RowContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(const auto recordings, LoadSource(context.data, kSource));
  return MakeChoiceData(recordings);
}

}  // namespace

absl::StatusOr<Row> MeasureNumberMixture(const RowContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(const ChoiceData data, LoadNumbers(context));
  Row row;
  row.title = "A share of the random numbers comes from another model, 240 answers";
  row.source = kSource;
  row.x_name = "share";
  const std::vector<double> shares =
      context.quick ? std::vector<double>{0.2, 0.5} : std::vector<double>{0.1, 0.2, 0.3, 0.5};
  const PairPlan plan{.n_reference = kReference,
                      .settings = shares.size(),
                      .draws = context.Draws(200, 2),
                      .permutations = std::min(kRelabelings, context.permutations),
                      .row = kRow,
                      .claimed = {}};
  const auto tallies = JudgePairs(
      data, plan, context, row.alpha,
      [&](std::span<const ChoiceSplit> splits, std::size_t claimed, std::size_t served, std::size_t setting,
          stats::CounterRng& rng) { return Mix(splits, claimed, served, shares[setting], kObserved, rng); });
  const std::vector<bool> reports = Reporting(data, kSource, context.split);
  for (std::size_t i = 0; i < shares.size(); ++i) tallies[i].Report(shares[i], row.alpha, reports, row);
  row.notes.push_back(RelabelingsNote(context));
  return row;
}

absl::StatusOr<Row> MeasureNumberLongMixture(const RowContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(const ChoiceData data, LoadNumbers(context));
  Row row;
  row.title = "A fifth of 2,000 random numbers comes from another model";
  row.source = kSource;
  row.x_name = "reference answers";
  std::vector<std::size_t> claimed;
  std::string names;
  std::size_t largest = 0;
  for (std::size_t m = 0; m < data.models.size(); ++m) {
    if (data.models[m].answers.size() < 2 * kLong) continue;
    claimed.push_back(m);
    largest = std::max(largest, data.models[m].answers.size());
    names += (names.empty() ? "" : ", ") + data.models[m].name;
  }
  if (claimed.empty()) return absl::NotFoundError("no model with 4,000 answers");
  row.notes.push_back("Claimed models with at least 4,000 answers: " + names +
                      ". Answers of the other model are drawn again where it has fewer than needed.");
  const std::vector<bool> reports = Reporting(data, kSource, context.split);
  for (const std::size_t n_reference : {kReference, kLong}) {
    const PairPlan plan{.n_reference = n_reference,
                        .settings = 1,
                        .draws = context.Draws(200, 3),
                        .permutations = std::min(kRelabelings, context.permutations),
                        .row = kLongRow + n_reference,
                        .claimed = claimed};
    const auto tallies = JudgePairs(
        data, plan, context, row.alpha,
        [&](std::span<const ChoiceSplit> splits, std::size_t claimed_model, std::size_t served, std::size_t,
            stats::CounterRng& rng) { return Mix(splits, claimed_model, served, kLongShare, kLong, rng); });
    tallies[0].Report(static_cast<double>(n_reference), row.alpha, reports, row);
  }
  row.notes.push_back(RelabelingsNote(context));
  return row;
}

}  // namespace pinchbeck::accuracy
