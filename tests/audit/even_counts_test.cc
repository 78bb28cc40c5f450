#include "src/audit/even_counts.h"

#include <gmock/gmock.h>

#include <cmath>
#include <string>
#include <vector>

#include "pinchbeck/audit/monitor.h"
#include "pinchbeck/fingerprint/builder.h"
#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// Probabilities of all ways in which `draws` answers fall so that each that came at all came `each` times.
double ChanceOf(const std::vector<double>& probabilities, std::size_t values, std::int64_t each) {
  const auto draws = static_cast<double>(values) * static_cast<double>(each);
  const double ways =
      std::lgamma(draws + 1) - static_cast<double>(values) * std::lgamma(static_cast<double>(each) + 1);
  double chance = 0;
  for (unsigned set = 0; set < 1U << probabilities.size(); ++set) {
    std::size_t size = 0;
    double log_chance = ways;
    for (std::size_t i = 0; i < probabilities.size(); ++i) {
      if ((set >> i & 1U) == 0) continue;
      ++size;
      log_chance += static_cast<double>(each) * std::log(probabilities[i]);
    }
    if (size == values) chance += std::exp(log_chance);
  }
  return chance;
}

TEST(EvenCountsTest, NoDistributionIsEvenMoreOftenThanTheBound) {
  const std::vector<std::vector<double>> distributions = {
      {0.5, 0.5},           {0.25, 0.25, 0.25, 0.25},    {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1},
      {0.4, 0.3, 0.2, 0.1}, {0.3, 0.3, 0.3, 0.05, 0.05},
  };
  for (const std::vector<double>& distribution : distributions) {
    for (std::size_t values = 1; values <= distribution.size(); ++values) {
      for (const std::int64_t each : {1, 2, 3, 20}) {
        const double bound =
            std::exp(internal::LogChanceOfEvenCounts(static_cast<std::int64_t>(values), each));
        EXPECT_LE(ChanceOf(distribution, values, each), bound * (1 + 1e-9)) << values << " x " << each;
      }
    }
  }
  // One answer only, and answers that each came once, say nothing.
  EXPECT_EQ(internal::LogChanceOfEvenCounts(1, 500), 0.0);
  EXPECT_EQ(internal::LogChanceOfEvenCounts(500, 1), 0.0);
  EXPECT_LT(internal::LogChanceOfEvenCounts(10, 20), std::log(1e-5));
}

std::vector<std::string> WarningsFor(int answers, int each, double temperature) {
  FingerprintBuilder builder(EnrollOptions{.model = "claimed"});
  for (int i = 0; i < answers * each; ++i) {
    Observation observation = ChoiceAnswer("pick", "A" + std::to_string(i % answers));
    observation.request.temperature = temperature;
    EXPECT_TRUE(builder.Add(observation, "default").ok());
  }
  const auto fingerprint = std::move(builder).Build();
  EXPECT_TRUE(fingerprint.ok()) << fingerprint.status();
  const auto monitor = Monitor::Create(*fingerprint);
  EXPECT_TRUE(monitor.ok()) << monitor.status();
  return monitor->warnings();
}

TEST(EvenCountsTest, TheMonitorWarnsOfAReferenceThatNobodyDrew) {
  EXPECT_THAT(WarningsFor(10, 20, 1),
              Contains(HasSubstr("the 10 answers to probe \"pick\" came exactly 20 times")));
  // Two answers in equal halves, or a few answers, are ordinary.
  EXPECT_THAT(WarningsFor(2, 20, 1), Not(Contains(HasSubstr("came exactly"))));
  EXPECT_THAT(WarningsFor(10, 20, 0), Not(Contains(HasSubstr("came exactly"))));
}

}  // namespace
}  // namespace pinchbeck
