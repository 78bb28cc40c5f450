#include "pinchbeck/stats/fisher_exact.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "pinchbeck/stats/special_functions.h"

namespace pinchbeck::stats {
namespace {

// Exact rational arithmetic: python3 -c "from math import comb; from fractions import Fraction as F;
// k1,n1,k2,n2=1,20,5,20; K=k1+k2; N=n1+n2
// print(float(sum(F(comb(K,x)*comb(N-K,n2-x),comb(N,n2)) for x in range(k2,min(K,n2)+1))))" and so on.
TEST(FisherExactTest, EqualsExactArithmetic) {
  const struct {
    EventCount reference, observed;
    double p_value;
  } cases[] = {{{1, 20}, {5, 20}, 0.09088209088209089},
               {{0, 30}, {4, 30}, 0.056199821587867974},
               {{3, 10}, {3, 12}, 0.7708978328173375},
               {{10, 200}, {30, 180}, 0.00017330834559648253},
               {{0, 10}, {10, 10}, 5.412544112234515e-06}};
  for (const auto& c : cases) {
    const auto p = FisherExactGreater(c.reference, c.observed);
    ASSERT_TRUE(p.ok()) << p.status();
    EXPECT_NEAR(*p, c.p_value, 1e-10 * c.p_value);
  }
}

// The whole null distribution: P(p <= level) <= level for every common chance of an event.
TEST(FisherExactTest, KeepsItsLevelForEveryChance) {
  constexpr std::int64_t kReference = 12, kObserved = 9;
  for (const double chance : {0.02, 0.1, 0.3, 0.5, 0.9}) {
    const auto probability = [&](std::int64_t k, std::int64_t n) {
      return BinomialUpperTail(k, n, chance) - BinomialUpperTail(k + 1, n, chance);
    };
    for (const double level : {0.001, 0.01, 0.05, 0.2}) {
      double rejected = 0;
      for (std::int64_t a = 0; a <= kReference; ++a) {
        for (std::int64_t b = 0; b <= kObserved; ++b) {
          if (*FisherExactGreater({a, kReference}, {b, kObserved}) > level) continue;
          rejected += probability(a, kReference) * probability(b, kObserved);
        }
      }
      EXPECT_LE(rejected, level + 1e-12) << chance;
    }
  }
}

// Exact rational arithmetic: python3 with math.comb and fractions.Fraction, the distributions of the strata
// (as above) convolved.
TEST(StratifiedFisherExactTest, EqualsExactArithmetic) {
  const std::vector<EventStratum> unlike = {
      {{1, 5}, {3, 5}}, {{0, 5}, {2, 5}}, {{4, 5}, {5, 5}}, {{0, 5}, {1, 5}}};
  const std::vector<EventStratum> uneven = {{{2, 20}, {0, 3}}, {{0, 4}, {9, 11}}};
  const std::vector<EventStratum> all(4, {{0, 5}, {5, 5}});
  EXPECT_NEAR(*StratifiedFisherExactGreater(unlike), 0.0205026455026455, 1e-12);
  EXPECT_NEAR(*StratifiedFisherExactGreater(uneven), 0.048516700690613736, 1e-11);
  EXPECT_NEAR(*StratifiedFisherExactGreater(all), 2.4796925479597137e-10, 1e-19);
  EXPECT_NEAR(*StratifiedFisherExactGreater({{{{1, 20}, {5, 20}}}}), 0.09088209088209089, 1e-11);
}

// Strata whose chances of an event differ, and of which each sample has more trials in another: pooled, the
// counts would differ although nothing else does. The whole null distribution.
TEST(StratifiedFisherExactTest, KeepsItsLevelWhereStrataDiffer) {
  constexpr EventCount kSizes[2][2] = {{{0, 6}, {0, 2}}, {{0, 2}, {0, 6}}};
  for (const auto& [low, high] : {std::pair(0.1, 0.8), std::pair(0.4, 0.6)}) {
    const double chances[2] = {low, high};
    const auto probability = [](std::int64_t k, std::int64_t n, double chance) {
      return BinomialUpperTail(k, n, chance) - BinomialUpperTail(k + 1, n, chance);
    };
    double rejected = 0, rejected_pooled = 0;
    for (std::int64_t a = 0; a <= 6; ++a) {
      for (std::int64_t b = 0; b <= 2; ++b) {
        for (std::int64_t c = 0; c <= 2; ++c) {
          for (std::int64_t d = 0; d <= 6; ++d) {
            const double chance = probability(a, 6, chances[0]) * probability(b, 2, chances[0]) *
                                  probability(c, 2, chances[1]) * probability(d, 6, chances[1]);
            const std::vector<EventStratum> strata = {{{a, kSizes[0][0].trials}, {b, kSizes[0][1].trials}},
                                                      {{c, kSizes[1][0].trials}, {d, kSizes[1][1].trials}}};
            if (*StratifiedFisherExactGreater(strata) <= 0.05) rejected += chance;
            if (*FisherExactGreater({a + c, 8}, {b + d, 8}) <= 0.05) rejected_pooled += chance;
          }
        }
      }
    }
    EXPECT_LE(rejected, 0.05 + 1e-12) << low;
    if (low == 0.1) {
      EXPECT_GT(rejected_pooled, 0.05);
    }
  }
}

TEST(FisherExactTest, BadCountsAreRefused) {
  for (const EventCount& bad : std::vector<EventCount>{{0, 0}, {-1, 3}, {4, 3}}) {
    EXPECT_EQ(FisherExactGreater({1, 2}, bad).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(FisherExactGreater(bad, {1, 2}).status().code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(*FisherExactGreater({3, 5}, {0, 5}), 1.0);
  EXPECT_EQ(StratifiedFisherExactGreater({}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(StratifiedFisherExactGreater({{{{1, 2}, {0, 0}}}}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pinchbeck::stats
