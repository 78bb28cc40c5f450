#include "pinchbeck/client/rate_limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "src/client/generator.h"
#include "src/client/pacer.h"

namespace pinchbeck {
namespace {

const absl::Time kNow = absl::FromCivil(absl::CivilSecond(2026, 11, 20, 8, 0, 0), absl::UTCTimeZone());

// --- Token bucket ---

TEST(TokenBucket, IsFullAtFirstAndFillsEvenly) {
  TokenBucket bucket(60.0, 3.0, absl::ZeroDuration());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(bucket.WaitFor(1.0, absl::ZeroDuration()), absl::ZeroDuration()) << i;
    bucket.Take(1.0, absl::ZeroDuration());
  }
  EXPECT_EQ(bucket.WaitFor(1.0, absl::ZeroDuration()), absl::Seconds(1));
  EXPECT_EQ(bucket.WaitFor(1.0, absl::Milliseconds(400)), absl::Milliseconds(600));
  EXPECT_EQ(bucket.WaitFor(3.0, absl::Hours(1)), absl::ZeroDuration()) << "never more than its capacity";
  bucket.Take(3.0, absl::Hours(1));
  EXPECT_GT(bucket.WaitFor(1.0, absl::Hours(1)), absl::ZeroDuration());
}

TEST(TokenBucket, LargeAmountsLeaveADebt) {
  TokenBucket bucket(60.0, 1.0, absl::ZeroDuration());
  EXPECT_EQ(bucket.WaitFor(10.0, absl::ZeroDuration()), absl::ZeroDuration());
  bucket.Take(10.0, absl::ZeroDuration());
  EXPECT_EQ(bucket.WaitFor(1.0, absl::ZeroDuration()), absl::Seconds(10));
}

TEST(TokenBucket, WhatIsGivenBackIsThereAtOnceButNotMoreThanFits) {
  TokenBucket bucket(60.0, 5.0, absl::ZeroDuration());
  bucket.Take(5.0, absl::ZeroDuration());
  bucket.Return(2.0, absl::ZeroDuration());
  EXPECT_EQ(bucket.WaitFor(2.0, absl::ZeroDuration()), absl::ZeroDuration());
  EXPECT_EQ(bucket.WaitFor(3.0, absl::ZeroDuration()), absl::Seconds(1));
  bucket.Return(100.0, absl::ZeroDuration());
  bucket.Take(5.0, absl::Seconds(1));
  EXPECT_GT(bucket.WaitFor(1.0, absl::Seconds(1)), absl::ZeroDuration());
}

// The bound of the header's comment, for amounts and moments drawn at random.
TEST(TokenBucket, NeverPassesItsBoundInAnyStretch) {
  internal::Generator generator(3);
  for (int round = 0; round < 50; ++round) {
    const double per_minute = 1.0 + 100.0 * generator.NextUnit();
    const double capacity = 0.1 + 5.0 * generator.NextUnit();
    TokenBucket bucket(per_minute, capacity, absl::ZeroDuration());
    absl::Duration now;
    double largest = capacity;
    std::vector<std::pair<double, double>> taken;  // seconds, amount
    for (int i = 0; i < 60; ++i) {
      now += absl::Seconds(3.0 * generator.NextUnit());
      const double amount = 8.0 * generator.NextUnit();
      now += bucket.WaitFor(amount, now);
      bucket.Take(amount, now);
      largest = std::max(largest, amount);
      taken.emplace_back(absl::ToDoubleSeconds(now), amount);
    }
    for (std::size_t i = 0; i < taken.size(); ++i) {
      double sum = 0.0;
      for (std::size_t j = i; j < taken.size(); ++j) {
        sum += taken[j].second;
        const double minutes = (taken[j].first - taken[i].first) / 60.0;
        ASSERT_LE(sum, per_minute * minutes + largest + 1e-6) << round << " " << i << " " << j;
      }
    }
  }
}

// --- Headers ---

struct HeaderCase {
  std::vector<HttpHeader> headers;
  std::optional<std::int64_t> remaining;
  std::optional<absl::Duration> reset;
};

TEST(ReadServerLimits, Requests) {
  const HeaderCase cases[] = {
      {{}, std::nullopt, std::nullopt},
      {{{"x-ratelimit-remaining-requests", "59"}, {"x-ratelimit-reset-requests", "6m0s"}},
       59,
       absl::Minutes(6)},
      {{{"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "12ms"}},
       0,
       absl::Milliseconds(12)},
      {{{"x-ratelimit-remaining-requests", "7"}, {"x-ratelimit-reset-requests", "1.5"}},
       7,
       absl::Milliseconds(1500)},
      // "Unknown" in the words of one vendor.
      {{{"x-ratelimit-remaining-requests", "-1"},
        {"x-ratelimit-limit-requests", "9"},
        {"x-ratelimit-reset-requests", "-1"}},
       std::nullopt,
       std::nullopt},
      {{{"anthropic-ratelimit-requests-remaining", "3"},
        {"anthropic-ratelimit-requests-reset", "2026-11-20T08:00:30Z"}},
       3,
       absl::Seconds(30)},
      {{{"x-ratelimit-remaining", "5"}, {"x-ratelimit-reset", "1795161620"}}, 5, std::nullopt},
      {{{"ratelimit-remaining", "2"}, {"ratelimit-reset", "8"}}, 2, absl::Seconds(8)},
      {{{"x-ratelimit-remaining-requests", "many"}, {"x-ratelimit-reset-requests", "soon"}},
       std::nullopt,
       std::nullopt},
      {{{"x-ratelimit-remaining-requests", "99999999999999999999"}}, std::nullopt, std::nullopt},
      {{{"x-ratelimit-remaining-requests", "1"}, {"x-ratelimit-reset-requests", "inf"}}, 1, std::nullopt}};
  for (const HeaderCase& test : cases) {
    const ServerLimits limits = ReadServerLimits({200, test.headers}, kNow);
    const std::string name = test.headers.empty() ? "none" : test.headers[0].name + test.headers[0].value;
    EXPECT_EQ(limits.requests.remaining, test.remaining) << name;
    if (name != "x-ratelimit-remaining5") {
      EXPECT_EQ(limits.requests.reset_in, test.reset) << name;
    }
    EXPECT_FALSE(limits.tokens.remaining.has_value());
  }
}

TEST(ReadServerLimits, MomentsSince1970InEitherUnit) {
  const std::int64_t seconds = absl::ToUnixSeconds(kNow) + 40;
  for (const std::string& text : {std::to_string(seconds), std::to_string(seconds * 1000)}) {
    const ServerLimits limits =
        ReadServerLimits({200, {{"x-ratelimit-remaining", "1"}, {"x-ratelimit-reset", text}}}, kNow);
    EXPECT_EQ(limits.requests.reset_in, absl::Seconds(40)) << text;
  }
  const ServerLimits past =
      ReadServerLimits({200, {{"x-ratelimit-remaining", "1"}, {"x-ratelimit-reset", "1500000000"}}}, kNow);
  EXPECT_EQ(past.requests.reset_in, absl::ZeroDuration());
}

TEST(ReadServerLimits, AResetBelongsToTheCountOfItsFamily) {
  const ServerLimits limits =
      ReadServerLimits({200,
                        {{"x-ratelimit-remaining-tokens", "10"},
                         {"anthropic-ratelimit-tokens-reset", "2030-01-01T00:00:00Z"}}},
                       kNow);
  EXPECT_EQ(limits.tokens.remaining, 10);
  EXPECT_FALSE(limits.tokens.reset_in.has_value());
}

}  // namespace
}  // namespace pinchbeck
