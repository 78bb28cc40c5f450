#include "pinchbeck/stats/restart_e_process.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::stats {
namespace {

// Stakes as the header defines them.
double Waiting(double n) { return 1 / (1 + std::log(1 + n)); }

TEST(RestartEProcessTest, IsTheMixtureOverStartTimes) {
  const std::vector<double> weights = {1, 3};
  RestartEProcess process = RestartEProcess::Create(weights).value();
  CounterRng rng(5, 0);
  std::vector<std::vector<double>> history;
  for (int n = 1; n <= 60; ++n) {
    history.push_back({2 * rng.Uniform(), 0.5 + rng.Uniform()});
    ASSERT_TRUE(process.Update(history.back()).ok());
    double expected = Waiting(n);
    for (std::size_t c = 0; c < 2; ++c) {
      for (int s = 1; s <= n; ++s) {
        double product = weights[c] / 4 * (Waiting(s - 1) - Waiting(s));
        for (int i = s; i <= n; ++i) product *= history[static_cast<std::size_t>(i) - 1][c];
        expected += product;
      }
    }
    EXPECT_NEAR(process.log_wealth(), std::log(expected), 1e-9) << n;
  }
}

TEST(RestartEProcessTest, StartsAtOneAndStaysThereOnNeutralBets) {
  RestartEProcess process = RestartEProcess::Create(std::vector<double>{1}).value();
  EXPECT_EQ(process.log_wealth(), 0);
  for (int n = 0; n < 1000; ++n) ASSERT_TRUE(process.Update(std::vector<double>{1}).ok());
  EXPECT_NEAR(process.log_wealth(), 0, 1e-12);
}

TEST(RestartEProcessTest, ALateChangeCostsWhatTheHeaderSays) {
  RestartEProcess process = RestartEProcess::Create(std::vector<double>{1}).value();
  // Bets that lose while nothing is wrong, and then gain.
  for (int n = 0; n < 2000; ++n) ASSERT_TRUE(process.Update(std::vector<double>{0.5}).ok());
  int needed = 0;
  while (process.log_wealth() < std::log(100.0)) {
    ASSERT_TRUE(process.Update(std::vector<double>{std::exp(1.0)}).ok());
    ++needed;
  }
  EXPECT_LE(needed, 12 + 5);
}

TEST(RestartEProcessTest, ProductsBeyondADoubleAreCarried) {
  RestartEProcess process = RestartEProcess::Create(std::vector<double>{1}).value();
  for (int n = 0; n < 5000; ++n) ASSERT_TRUE(process.Update(std::vector<double>{10}).ok());
  EXPECT_NEAR(process.log_wealth(), 5000 * std::log(10.0) + std::log(1 - Waiting(1)), 0.5);
  for (int n = 0; n < 6000; ++n) ASSERT_TRUE(process.Update(std::vector<double>{0.1}).ok());
  EXPECT_LT(process.log_wealth(), 0);
  EXPECT_TRUE(std::isfinite(process.log_wealth()));
  ASSERT_TRUE(process.Update(std::vector<double>{0}).ok());
  EXPECT_NEAR(process.log_wealth(), std::log(Waiting(11001)), 1e-12);
}

TEST(RestartEProcessTest, GoesOnIdenticallyFromAState) {
  const std::vector<double> weights = {0.5, 0.5};
  RestartEProcess whole = RestartEProcess::Create(weights).value();
  CounterRng rng(9, 0);
  for (int n = 0; n < 300; ++n) {
    const std::vector<double> e = {3 * rng.Uniform(), 2 * rng.Uniform()};
    RestartEProcess restored = RestartEProcess::Create(weights).value();
    ASSERT_TRUE(restored.Restore(whole.state()).ok());
    ASSERT_TRUE(whole.Update(e).ok());
    ASSERT_TRUE(restored.Update(e).ok());
    ASSERT_EQ(whole.log_wealth(), restored.log_wealth());
  }
}

TEST(RestartEProcessTest, BadInputIsRefusedAndChangesNothing) {
  const double nan = std::nan(""), infinity = std::numeric_limits<double>::infinity();
  for (const std::vector<double>& weights :
       {std::vector<double>{}, {0.0}, {-1.0, 2.0}, {nan}, {infinity, 1.0}}) {
    EXPECT_EQ(RestartEProcess::Create(weights).status().code(), absl::StatusCode::kInvalidArgument);
  }
  RestartEProcess process = RestartEProcess::Create(std::vector<double>{1, 1}).value();
  for (const std::vector<double>& e : {std::vector<double>{1.0}, {1.0, -1.0}, {nan, 1.0}, {1.0, infinity}}) {
    EXPECT_EQ(process.Update(e).code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(process.observations(), 0);
}

TEST(RestartEProcessTest, ImpossibleStatesAreRefused) {
  RestartEProcess process = RestartEProcess::Create(std::vector<double>{1}).value();
  const RestartState good = {.observations = 3, .wealth = {0.5}, .exponent = {0}};
  EXPECT_TRUE(process.Restore(good).ok());
  std::vector<RestartState> bad(6, good);
  bad[0].version = 2;
  bad[1].observations = -1;
  bad[2].wealth = {0.5, 0.5};
  bad[3].wealth = {std::nan("")};
  bad[4].exponent = {-1};
  bad[5].exponent = {1};
  for (const RestartState& state : bad) {
    EXPECT_EQ(process.Restore(state).code(), absl::StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace pinchbeck::stats
