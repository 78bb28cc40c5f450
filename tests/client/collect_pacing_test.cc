// When requests leave: limits of the user's and of the server's, spreading, time limits. The clock is
// virtual.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "pinchbeck/client/client.h"
#include "tests/client/collect_bench.h"

namespace pinchbeck {
namespace {

using pinchbeck::testing::Always;
using pinchbeck::testing::Bad;
using pinchbeck::testing::Bench;
using pinchbeck::testing::FakeAnswer;
using pinchbeck::testing::Good;
using ::testing::HasSubstr;

std::vector<double> Starts(const Bench& bench) {
  std::vector<double> seconds;
  for (const auto& sent : bench.transport.sent) seconds.push_back(absl::ToDoubleSeconds(sent.at));
  return seconds;
}

FakeAnswer Quick(FakeAnswer answer = Good()) {
  answer.duration = absl::Milliseconds(10);
  return answer;
}

FakeAnswer WithHeaders(std::vector<HttpHeader> headers) {
  FakeAnswer answer = Quick();
  answer.headers = std::move(headers);
  return answer;
}

TEST(Pacing, RequestsPerMinuteLeaveEvenlySpaced) {
  Bench bench(Always(Quick()));
  bench.options.samples_per_probe = 10;
  bench.options.concurrency = 8;
  bench.options.rate_limits.requests_per_minute = 30.0;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->ok, 20);
  const std::vector<double> starts = Starts(bench);
  ASSERT_EQ(starts.size(), 20U);
  for (std::size_t i = 1; i < starts.size(); ++i) {
    EXPECT_GE(starts[i] - starts[i - 1], 2.0 - 1e-9) << i;
    EXPECT_LE(starts[i] - starts[i - 1], 2.2) << i;
  }
}

TEST(Pacing, RetriesCountAsRequests) {
  Bench bench([](const TransferRequest&, int number) { return Quick(number % 2 == 0 ? Bad(500) : Good()); });
  bench.options.rate_limits.requests_per_minute = 12.0;
  ASSERT_TRUE(bench.Run().ok());
  const std::vector<double> starts = Starts(bench);
  ASSERT_GT(starts.size(), 6U);
  for (std::size_t i = 1; i < starts.size(); ++i) EXPECT_GE(starts[i] - starts[i - 1], 5.0 - 1e-9) << i;
}

TEST(Pacing, TokensPerMinuteHoldInEveryMinute) {
  Bench bench(Always(Quick()));  // 15 tokens each
  bench.options.samples_per_probe = 60;
  bench.options.concurrency = 4;
  bench.options.rate_limits.tokens_per_minute = 300.0;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->ok, 120);
  const std::vector<double> starts = Starts(bench);
  // A window holds 300 tokens and one request's worst case, 28; of which each used 15.
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const auto in_minute = std::count_if(starts.begin(), starts.end(),
                                         [&](double s) { return s >= starts[i] && s < starts[i] + 60.0; });
    EXPECT_LE(in_minute * 15, 300 + 4 * 28) << i;
  }
  // And it is used: 1800 tokens at 300 a minute.
  EXPECT_GT(starts.back(), 300.0);
  EXPECT_LT(starts.back(), 420.0);
}

// 10 tokens a second: no pause is longer than a few of the largest requests take.
TEST(Pacing, AnAnswerThatClaimsEndlessTokensCannotStopACollection) {
  FakeAnswer lie = Quick();
  lie.body =
      R"({"choices":[{"index":0,"finish_reason":"stop","message":{"content":"1"}}],
          "usage":{"prompt_tokens":1000000000000,"completion_tokens":1000000000000}})";
  Bench bench(Always(lie));
  bench.options.rate_limits.tokens_per_minute = 600.0;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->ok, 6);
  EXPECT_LT(Starts(bench).back(), 120.0);
}

// What is due and waits for a limit must not make the loop turn as fast as it can.
TEST(Pacing, ADueRetryThatWaitsForALimitCostsNoTime) {
  Bench rate([](const TransferRequest&, int number) { return Quick(number == 0 ? Bad(500) : Good()); });
  rate.battery = pinchbeck::testing::MakeBattery(1);
  rate.options.samples_per_probe = 1;
  rate.options.rate_limits.requests_per_minute = 1.0;
  ASSERT_TRUE(rate.Run().ok());
  ASSERT_EQ(rate.transport.sent.size(), 2U);
  EXPECT_GT(Starts(rate).back(), 59.0);
  EXPECT_LT(rate.transport.polls, 2000);

  // The retry fits only when the slow request in flight has turned out to use little.
  Bench budget([](const TransferRequest&, int number) {
    if (number == 0) return Quick(Bad(500));
    FakeAnswer answer = Good();
    if (number == 1) answer.duration = absl::Seconds(60);
    if (number == 2) {
      answer = Quick();
      answer.body =
          R"({"choices":[{"index":0,"finish_reason":"stop","message":{"content":"1"}}],
              "usage":{"prompt_tokens":12,"completion_tokens":68}})";
    }
    return answer;
  });
  budget.battery = pinchbeck::testing::MakeBattery(1);
  budget.options.concurrency = 3;
  budget.options.budget.max_tokens = 138;
  const auto summary = budget.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->ok, 3);
  EXPECT_GE(Starts(budget).back(), 60.0);
  EXPECT_LT(budget.transport.polls, 2000);
}

TEST(Pacing, WaitsWhileTheServerSaysThatNothingIsLeft) {
  Bench bench([](const TransferRequest&, int number) {
    return WithHeaders({{"x-ratelimit-remaining-requests", number == 0 ? "0" : "100"},
                        {"x-ratelimit-reset-requests", "20s"}});
  });
  bench.options.concurrency = 1;
  ASSERT_TRUE(bench.Run().ok());
  const std::vector<double> starts = Starts(bench);
  ASSERT_EQ(starts.size(), 6U);
  EXPECT_GE(starts[1], 20.0);
  EXPECT_LT(starts[1], 20.3);
  EXPECT_LT(starts[5], 22.0);
}

TEST(Pacing, RequestsInFlightCountAgainstWhatIsLeft) {
  Bench bench([](const TransferRequest&, int number) {
    FakeAnswer answer =
        WithHeaders({{"x-ratelimit-remaining-requests", "2"}, {"x-ratelimit-reset-requests", "30s"}});
    if (number > 0) answer.duration = absl::Seconds(40);
    return answer;
  });
  bench.options.concurrency = 3;
  ASSERT_TRUE(bench.Run().ok());
  // After the first answer two are in flight and two are left: none may start until they are through.
  EXPECT_GE(Starts(bench)[3], 30.0);
}

TEST(Pacing, AServerCannotHoldACollectionForLong) {
  Bench bench(Always(
      WithHeaders({{"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "1000h"}})));
  bench.options.concurrency = 1;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->ok, 6);
  const std::vector<double> starts = Starts(bench);
  for (std::size_t i = 1; i < starts.size(); ++i) EXPECT_LE(starts[i] - starts[i - 1], 121.0);
}

TEST(Pacing, TheServersLimitsCanBeLeftToTheUser) {
  Bench bench(
      Always(WithHeaders({{"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "100s"}})));
  bench.options.rate_limits.obey_server = false;
  ASSERT_TRUE(bench.Run().ok());
  EXPECT_LT(Starts(bench).back(), 2.0);
}

TEST(Pacing, SpreadsRequestsOneInEachPartOfTheTime) {
  Bench bench(Always(Quick()));
  bench.options.samples_per_probe = 12;
  bench.options.spread = absl::Hours(24);
  ASSERT_TRUE(bench.Run().ok());
  const std::vector<double> starts = Starts(bench);
  ASSERT_EQ(starts.size(), 24U);
  std::vector<double> within;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    EXPECT_GE(starts[i], 3600.0 * static_cast<double>(i));
    EXPECT_LT(starts[i], 3600.0 * static_cast<double>(i + 1) + 0.2);
    within.push_back(starts[i] - 3600.0 * static_cast<double>(i));
  }
  // No rhythm that could be told: the moments within the hours differ.
  const auto [low, high] = std::minmax_element(within.begin(), within.end());
  EXPECT_GT(*high - *low, 1800.0);
}

TEST(Pacing, TheSameSeedGivesTheSameMoments) {
  std::vector<std::vector<double>> runs;
  for (const std::uint64_t seed : {5U, 5U, 6U}) {
    Bench bench(Always(Quick()));
    bench.options.spread = absl::Hours(1);
    bench.options.seed = seed;
    ASSERT_TRUE(bench.Run().ok());
    runs.push_back(Starts(bench));
  }
  EXPECT_EQ(runs[0], runs[1]);
  EXPECT_NE(runs[0], runs[2]);
}

TEST(Pacing, NoRequestStartsAfterTheTimeLimitAndSlowAnswersAreNotLost) {
  Bench bench([](const TransferRequest&, int) {
    FakeAnswer answer = Good();
    answer.duration = absl::Seconds(7);
    return answer;
  });
  bench.options.samples_per_probe = 100;
  bench.options.concurrency = 2;
  bench.options.budget.max_time = absl::Seconds(30);
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->stop_reason, StopReason::kBudget);
  EXPECT_THAT(summary->message, HasSubstr("30s"));
  for (const double start : Starts(bench)) EXPECT_LT(start, 30.0);
  EXPECT_EQ(bench.transport.cancelled, 0);
  EXPECT_EQ(summary->ok, summary->requests);
  EXPECT_EQ(summary->ok, 10);
}

TEST(Pacing, ATimeLimitThatIsNotReachedChangesNothing) {
  Bench bench(Always(Good()));
  bench.options.budget.max_time = absl::Hours(1);
  EXPECT_EQ(bench.Run()->stop_reason, StopReason::kCompleted);
}

TEST(Pacing, TheStopFlagEndsAWaitingCollection) {
  Bench bench(Always(Quick()));
  bench.options.spread = absl::Hours(10);
  bench.sink.on_append = [&] { bench.stop = 1; };
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->stop_reason, StopReason::kInterrupted);
  EXPECT_EQ(summary->ok, 1);
}

TEST(Pacing, RefusesValuesThatMakeNoSense) {
  const auto check = [](void (*change)(CollectOptions&), const char* word) {
    Bench bench(Always(Good()));
    change(bench.options);
    const absl::Status status = bench.Run().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(word));
    EXPECT_TRUE(bench.transport.sent.empty());
  };
  check([](CollectOptions& o) { o.rate_limits.requests_per_minute = 0.0; }, "requests per minute");
  check([](CollectOptions& o) { o.rate_limits.tokens_per_minute = -1.0; }, "tokens per minute");
  check([](CollectOptions& o) { o.spread = -absl::Seconds(1); }, "spread");
  check([](CollectOptions& o) { o.budget.max_time = -absl::Seconds(1); }, "time limit");
}

}  // namespace
}  // namespace pinchbeck
