#include "bench/accuracy/choice_lineup.h"

#include <ctime>

#include "bench/accuracy/choice_table.h"
#include "bench/accuracy/random.h"

namespace pinchbeck::accuracy {
namespace {

constexpr double kLowThreshold = 0.25, kHighThreshold = 0.35;

// Time since the last call.
class Stopwatch {
 public:
  double Lap() {
    const double now = ThreadSeconds(), lap = now - last_;
    last_ = now;
    return lap;
  }

 private:
  double last_ = ThreadSeconds();
};

}  // namespace

double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

const char* ChoiceContestantName(std::size_t contestant) {
  constexpr std::array<const char*, kChoiceContestants> kNames = {"pinchbeck, substitute in the library",
                                                                  "pinchbeck, substitute not in the library",
                                                                  "pinchbeck, no library",
                                                                  "Jensen-Shannon permutation test",
                                                                  "MMD permutation test, unstratified",
                                                                  "betting with tolerance",
                                                                  "Dirichlet-multinomial Bayes factor",
                                                                  "Jensen-Shannon > 0.25",
                                                                  "Jensen-Shannon > 0.35"};
  return kNames.at(contestant);
}

ChoiceJudge::ChoiceJudge(const ChoiceData& data, std::span<const ChoiceSplit> splits, std::size_t claimed,
                         double alpha, std::int64_t permutations, std::uint64_t seed)
    : data_(data),
      splits_(splits),
      claimed_(claimed),
      alpha_(alpha),
      permutations_(permutations),
      seed_(seed) {
  for (std::size_t m = 0; m < splits.size(); ++m) {
    if (m == claimed) continue;
    library_.push_back(m);
    stored_.push_back(&splits[m].reference);
  }
}

ChoiceJudge::Prepared& ChoiceJudge::PreparedFor(std::int64_t n_observed) {
  for (Prepared& prepared : prepared_) {
    if (prepared.n_observed == n_observed) return prepared;
  }
  std::vector<const Counts*> references;
  for (const ChoiceSplit& split : splits_) references.push_back(&split.reference);
  Stopwatch watch;
  BettingTest betting(splits_[claimed_].reference, n_observed, alpha_, SeedFor(seed_, 1, n_observed));
  const double betting_seconds = watch.Lap();
  BayesFactorTest bayes(references, claimed_, n_observed, SeedFor(seed_, 2, n_observed));
  const double bayes_seconds = watch.Lap();
  prepared_.push_back({n_observed, std::move(betting), std::move(bayes), betting_seconds, bayes_seconds});
  return prepared_.back();
}

void ChoiceJudge::JudgeWithTable(const Counts& observed, std::size_t served, std::uint64_t seed,
                                 Lineup& lineup) const {
  std::vector<std::size_t> all, rest;
  const bool honest = served == claimed_;
  for (std::size_t i = 0; i < library_.size(); ++i) {
    all.push_back(i);
    const bool left_out = honest ? i == seed % library_.size() : library_[i] == served;
    if (!left_out) rest.push_back(i);
  }
  Stopwatch watch;
  const auto table =
      ChoiceTable::Make(data_, splits_[claimed_].reference, observed, stored_, permutations_, seed);
  const double shared = watch.Lap();
  const auto judge = [&](ChoiceContestant contestant, auto p_value) {
    lineup.outcomes[contestant] = table.ok() ? FromPValue(p_value(), alpha_) : Outcome{false, false, 0};
    lineup.seconds[contestant] = shared + watch.Lap();
  };
  judge(kOurs, [&] { return table->PValue(all); });
  judge(kOursLeftOut, [&] { return table->PValue(rest); });
  judge(kOursNoLibrary, [&] { return table->PValue({}); });
  judge(kOmnibus, [&] { return table->JensenShannonPValue(); });
  judge(kMmd, [&] { return table->MmdPValue(); });
}

Lineup ChoiceJudge::Judge(std::span<const int> observed, std::size_t served) {
  Lineup lineup;
  const Counts& reference = splits_[claimed_].reference;
  const Counts counts = CountAnswers(observed, data_.categories());
  const auto n = static_cast<std::int64_t>(observed.size());
  const std::uint64_t seed = SeedFor(seed_, 3, served, n);
  JudgeWithTable(counts, served, seed, lineup);
  const Prepared& prepared = PreparedFor(n);
  Stopwatch watch;
  const double wealth = prepared.betting.LargestWealth(observed);
  lineup.outcomes[kBetting] = {true, wealth >= 1, wealth};
  lineup.seconds[kBetting] = prepared.betting_seconds + watch.Lap();
  const BayesFactorTest::Result bayes = prepared.bayes.Run(counts);
  using State = BayesFactorTest::State;
  lineup.outcomes[kBayesFactor] = {bayes.state != State::kInsufficient, bayes.state != State::kSupported,
                                   bayes.log_bayes_factor};
  lineup.seconds[kBayesFactor] = prepared.bayes_seconds + watch.Lap();
  const double divergence = JensenShannonBits(reference, counts);
  lineup.outcomes[kGlobalLow] = {true, divergence > kLowThreshold, divergence};
  lineup.outcomes[kGlobalHigh] = {true, divergence > kHighThreshold, divergence};
  lineup.seconds[kGlobalLow] = lineup.seconds[kGlobalHigh] = watch.Lap();
  return lineup;
}

}  // namespace pinchbeck::accuracy
