// Published ways to compare short answers, written from their descriptions, to stand beside this project's.
#ifndef PINCHBECK_BENCH_ACCURACY_CHOICE_CONTESTANTS_H_
#define PINCHBECK_BENCH_ACCURACY_CHOICE_CONTESTANTS_H_

#include <cstdint>
#include <span>
#include <vector>

namespace pinchbeck::accuracy {

// Answers of one probe by category; all vectors of one comparison have the same categories.
using Counts = std::vector<std::int64_t>;

[[nodiscard]] std::int64_t Total(const Counts& counts);
[[nodiscard]] Counts CountAnswers(std::span<const int> answers, std::size_t categories);

// Jensen-Shannon divergence of the two samples' shares in bits, as compared with a global threshold by tools
// that grade answers against a stored distribution.
[[nodiscard]] double JensenShannonBits(const Counts& reference, const Counts& observed);

// A test by betting on the next answer with a tolerance found by simulation, for one cell.
//
// The cell's support is the 64 most frequent reference answers and one for all others, whose count is at
// least the number of answers seen once and 0.5. With p0 the reference's shares (0.5 added to each count) and
// q_t the observed shares before answer t (likewise), wealth grows by
//
//   log W += log(0.5 + 0.5 q_t(answer) / p0(answer)) - delta,
//
// and the claim is rejected once W reaches 1 / alpha. delta covers honest drift: over 250 simulated honest
// streams (shares from the Dirichlet posterior, each multiplied by up to 8 % either way), the largest tax
// that any stream would have needed to stay below 1 / (4 alpha), times 1.3, within [0.005, 0.5].
class BettingTest {
 public:
  // `horizon`: the number of answers that the tolerance is simulated for.
  BettingTest(const Counts& reference, std::int64_t horizon, double alpha, std::uint64_t seed);

  // Largest log wealth over the stream, in units of its threshold: rejected from 1 on.
  [[nodiscard]] double LargestWealth(std::span<const int> observed) const;
  [[nodiscard]] double tolerance() const { return tolerance_; }

 private:
  [[nodiscard]] std::size_t Slot(int answer) const { return slot_[static_cast<std::size_t>(answer)]; }

  // Category -> place in the support; the last place is for all other answers.
  std::vector<std::size_t> slot_;
  std::vector<double> claimed_;
  double threshold_ = 0;
  double tolerance_ = 0;
};

// A closed-world Bayes factor with an open-world check.
//
// Every model's predictive distribution is Dirichlet-multinomial with parameters c + lambda r: its reference
// counts c and the pooled shares r of all models; lambda is chosen by leave-one-out likelihood. The claimed
// model is compared with the average of the others (Bayes factor), and the observed shares with the claimed
// model's predictive mean (G^2, threshold: the 99th percentile of simulated predictive draws).
class BayesFactorTest {
 public:
  enum class State { kSupported, kSuspectedKnown, kUnknownAnomaly, kInsufficient };
  struct Result {
    State state = State::kInsufficient;
    // Log Bayes factor of the other models against the claimed one.
    double log_bayes_factor = 0;
  };

  // `claimed` is an index into `references`; `n_observed` is what the G^2 threshold is simulated for.
  BayesFactorTest(std::span<const Counts* const> references, std::size_t claimed, std::int64_t n_observed,
                  std::uint64_t seed);
  [[nodiscard]] Result Run(const Counts& observed) const;

 private:
  [[nodiscard]] double GSquared(const Counts& observed) const;
  [[nodiscard]] double SimulatedThreshold(std::uint64_t seed) const;

  std::vector<std::vector<double>> parameters_;
  std::size_t claimed_;
  std::int64_t n_observed_;
  double threshold_ = 0;
};

}  // namespace pinchbeck::accuracy

#endif  // PINCHBECK_BENCH_ACCURACY_CHOICE_CONTESTANTS_H_
