// All contestants for short answers on the same draws.
#ifndef PINCHBECK_BENCH_ACCURACY_CHOICE_LINEUP_H_
#define PINCHBECK_BENCH_ACCURACY_CHOICE_LINEUP_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bench/accuracy/choice_contestants.h"
#include "bench/accuracy/choice_data.h"
#include "bench/accuracy/result.h"

namespace pinchbeck::accuracy {

enum ChoiceContestant : std::size_t {
  kOurs,
  kOursLeftOut,
  kOursNoLibrary,
  kOmnibus,
  kMmd,
  kBetting,
  kBayesFactor,
  kGlobalLow,
  kGlobalHigh,
  kChoiceContestants,
};
[[nodiscard]] const char* ChoiceContestantName(std::size_t contestant);

struct Lineup {
  std::array<Outcome, kChoiceContestants> outcomes;
  std::array<double, kChoiceContestants> seconds{};
};

// One claimed model in one draw: its reference and the library of all other models' references.
class ChoiceJudge {
 public:
  // `splits` holds one split a model; all must outlive this. `seed` belongs to this model and draw.
  ChoiceJudge(const ChoiceData& data, std::span<const ChoiceSplit> splits, std::size_t claimed, double alpha,
              std::int64_t permutations, std::uint64_t seed);

  // `served` is the model behind the observed answers, which "left out" takes from the library; for an honest
  // comparison, where it is the claimed model, another one is taken in turn.
  [[nodiscard]] Lineup Judge(std::span<const int> observed, std::size_t served);

 private:
  struct Prepared {
    std::int64_t n_observed;
    BettingTest betting;
    BayesFactorTest bayes;
    double betting_seconds, bayes_seconds;
  };
  Prepared& PreparedFor(std::int64_t n_observed);
  // The contestants whose p-values come from one table of relabelings. Their times include all of it,
  // alternatives included, so those without a library are overstated.
  void JudgeWithTable(const Counts& observed, std::size_t served, std::uint64_t seed, Lineup& lineup) const;

  const ChoiceData& data_;
  std::span<const ChoiceSplit> splits_;
  std::size_t claimed_;
  double alpha_;
  std::int64_t permutations_;
  std::uint64_t seed_;
  // Models of the library, and their references in the same order.
  std::vector<std::size_t> library_;
  std::vector<const Counts*> stored_;
  std::vector<Prepared> prepared_;
};

// CPU time of the calling thread in seconds.
[[nodiscard]] double ThreadSeconds();

}  // namespace pinchbeck::accuracy

#endif  // PINCHBECK_BENCH_ACCURACY_CHOICE_LINEUP_H_
