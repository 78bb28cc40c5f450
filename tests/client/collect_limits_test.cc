// When a collection ends before its last request: giving up, budget, stop flag.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "pinchbeck/client/client.h"
#include "src/client/budget.h"
#include "tests/client/collect_bench.h"

namespace pinchbeck {
namespace {

using pinchbeck::testing::Always;
using pinchbeck::testing::Bad;
using pinchbeck::testing::Bench;
using pinchbeck::testing::Broken;
using pinchbeck::testing::FakeAnswer;
using pinchbeck::testing::Good;
using pinchbeck::testing::MakeBattery;
using ::testing::HasSubstr;

// --- Giving up ---

TEST(GivingUp, SoonWhenEveryRequestFailsForALastingReason) {
  const struct {
    FakeAnswer answer;
    const char* message;
  } cases[] = {{Bad(401, "Invalid API Key"), "API key"},
               {Bad(403, "forbidden"), "permission"},
               {Bad(404, "not found"), "/v1"},
               {Bad(429, "pay", "insufficient_quota"), "credit"},
               {Bad(307), "redirect"},
               {Broken(TransferFailure::kRefused), "broken"},
               {Broken(TransferFailure::kDns), "broken"},
               {Broken(TransferFailure::kTimeout), "broken"},
               {Broken(TransferFailure::kTls), "broken"}};
  for (const auto& test : cases) {
    Bench bench(Always(test.answer));
    bench.options.samples_per_probe = 50;
    bench.options.retry.max_retries = 0;
    const auto summary = bench.Run();
    ASSERT_TRUE(summary.ok());
    EXPECT_EQ(summary->stop_reason, StopReason::kGaveUp) << test.message;
    EXPECT_THAT(summary->message, HasSubstr(test.message));
    EXPECT_EQ(summary->failed, 3) << test.message;
    EXPECT_LE(summary->requests, 8) << test.message;
    EXPECT_EQ(bench.sink.observations.size(), 3U) << test.message;
  }
}

TEST(GivingUp, LaterWhenTheReasonMayPass) {
  Bench bench(Always(Bad(500)));
  bench.options.samples_per_probe = 50;
  bench.options.retry.max_retries = 0;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->stop_reason, StopReason::kGaveUp);
  EXPECT_EQ(summary->failed, 10);
  ASSERT_EQ(summary->failures.size(), 1U);
  EXPECT_EQ(summary->failures[0].count, 10);
}

TEST(GivingUp, NotForAFewFailuresAmongGoodAnswers) {
  Bench bench([](const TransferRequest&, int number) { return number % 4 == 3 ? Good() : Bad(404); });
  bench.options.samples_per_probe = 20;
  bench.options.give_up.same_fatal_failures = 4;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->stop_reason, StopReason::kCompleted);
  EXPECT_EQ(summary->done, 40);
}

TEST(GivingUp, WhenTheEndpointDiesOnTheWay) {
  Bench bench([](const TransferRequest&, int number) { return number < 5 ? Good() : Bad(500); });
  bench.options.samples_per_probe = 100;
  bench.options.retry.max_retries = 0;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->stop_reason, StopReason::kGaveUp);
  EXPECT_EQ(summary->ok, 5);
  EXPECT_EQ(summary->failed, 25);
}

// --- Budget ---

TEST(Budget, RequestsIncludingRetries) {
  Bench bench([](const TransferRequest&, int number) { return number == 0 ? Bad(500) : Good(); });
  bench.options.budget.max_requests = 4;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->stop_reason, StopReason::kBudget);
  EXPECT_THAT(summary->message, HasSubstr("4 requests"));
  EXPECT_EQ(summary->requests, 4);
  EXPECT_EQ(bench.transport.sent.size(), 4U);
  // Three good answers, and the failure whose retry no longer fitted.
  EXPECT_EQ(summary->done, 4);
}

TEST(Budget, TokensAreNeverPassed) {
  for (const std::int64_t limit : {0, 10, 60, 75, 90}) {
    Bench bench(Always(Good()));
    bench.options.samples_per_probe = 100;
    bench.options.budget.max_tokens = limit;
    const auto summary = bench.Run();
    ASSERT_TRUE(summary.ok());
    EXPECT_EQ(summary->stop_reason, StopReason::kBudget) << limit;
    EXPECT_LE(summary->input_tokens + summary->output_tokens, limit);
    EXPECT_EQ(bench.transport.cancelled, 0) << "requests in flight are paid for and finish";
  }
}

TEST(Budget, WaitsForAnswersInFlightBeforeItEnds) {
  // One worst case is 46 tokens at first and 28 when the prompt's size is known; an answer uses 15.
  Bench bench(Always(Good()));
  bench.battery = MakeBattery(1);
  bench.options.samples_per_probe = 100;
  bench.options.budget.max_tokens = 60;
  EXPECT_EQ(bench.Run()->ok, 3);
}

TEST(Budget, MoneyNeedsPrices) {
  Bench bench(Always(Good()));
  bench.options.budget.max_cost_usd = 1.0;
  const absl::Status status = bench.Run().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("prices"));
}

TEST(Budget, Money) {
  Bench bench(Always(Good()));
  bench.options.samples_per_probe = 100;
  bench.options.budget.usd_per_mtok_in = 1000.0;
  bench.options.budget.usd_per_mtok_out = 2000.0;
  bench.options.budget.max_cost_usd = 0.2;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->stop_reason, StopReason::kBudget);
  ASSERT_TRUE(summary->cost_usd.has_value());
  EXPECT_LE(*summary->cost_usd, 0.2);
  // Each answer costs 12 * 0.001 + 3 * 0.002.
  EXPECT_NEAR(*summary->cost_usd, static_cast<double>(summary->ok) * 0.018, 1e-12);
  EXPECT_GT(summary->ok, 4);
}

TEST(Budget, AnswersWithoutUsageCountAsTheirWorstCase) {
  FakeAnswer silent;
  silent.body = R"({"choices":[{"index":0,"message":{"content":"1"}}]})";
  Bench bench(Always(silent));
  bench.battery = MakeBattery(1);
  bench.options.samples_per_probe = 100;
  bench.options.budget.max_tokens = 100;
  const auto summary = bench.Run();
  EXPECT_EQ(summary->without_usage, summary->ok);
  EXPECT_EQ(summary->ok, 2);  // 46 tokens each at worst
}

FakeAnswer Claiming(const std::string& input, const std::string& output) {
  FakeAnswer answer;
  answer.body =
      R"({"choices":[{"index":0,"finish_reason":"stop","message":{"content":"1"}}],"usage":{"prompt_tokens":)" +
      input + R"(,"completion_tokens":)" + output + "}}";
  return answer;
}

// A sum that wraps around would be below every limit from then on.
TEST(Budget, AnImpossibleUsageDoesNotSwitchTheLimitsOff) {
  const std::string most = "9223372036854775807";
  for (const FakeAnswer& lie : {Claiming(most, "1"), Claiming("1", most), Claiming(most, most)}) {
    for (const bool money : {false, true}) {
      Bench bench(Always(lie));
      bench.options.samples_per_probe = 100;
      bench.options.concurrency = 1;
      if (money) {
        bench.options.budget.usd_per_mtok_in = bench.options.budget.usd_per_mtok_out = 1.0;
        bench.options.budget.max_cost_usd = 1000.0;
      } else {
        bench.options.budget.max_tokens = 1'000'000;
      }
      const auto summary = bench.Run();
      ASSERT_TRUE(summary.ok());
      EXPECT_EQ(summary->stop_reason, StopReason::kBudget);
      EXPECT_EQ(summary->requests, 1);
      EXPECT_GT(summary->input_tokens + summary->output_tokens, 1'000'000);
    }
  }
}

TEST(Budget, SumsOfImpossibleUsagesStayPositive) {
  Bench bench(Always(Claiming("9223372036854775807", "9223372036854775807")));
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->input_tokens, 6 * (std::int64_t{1} << 40));
  EXPECT_EQ(summary->output_tokens, 6 * (std::int64_t{1} << 40));
}

TEST(Budget, SumsEndAtTheEndOfTheRange) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(internal::SaturatingSum(kMost, 1), kMost);
  EXPECT_EQ(internal::SaturatingSum(-kMost, -kMost), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(internal::SaturatingSum(kMost, -1), kMost - 1);
  EXPECT_EQ(internal::CountedTokens(-5), 0);
}

// --- Stopping ---

TEST(Stopping, LetsRequestsInFlightFinishWithinTheGrace) {
  Bench bench(Always(Good()));
  bench.options.samples_per_probe = 100;
  bench.options.concurrency = 3;
  bench.sink.on_append = [&] { bench.stop = 1; };
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->stop_reason, StopReason::kInterrupted);
  EXPECT_EQ(summary->requests, 3);
  EXPECT_EQ(summary->ok, 3);
  EXPECT_EQ(bench.transport.cancelled, 0);
}

TEST(Stopping, DropsRequestsThatOutlastTheGrace) {
  Bench bench([](const TransferRequest&, int number) {
    FakeAnswer answer = Good();
    answer.duration = number == 0 ? absl::Seconds(1) : absl::Hours(1);
    return answer;
  });
  bench.options.concurrency = 3;
  bench.sink.on_append = [&] { bench.stop = 1; };
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->stop_reason, StopReason::kInterrupted);
  EXPECT_EQ(bench.sink.observations.size(), 1U);
  EXPECT_GT(bench.transport.cancelled, 0);
  EXPECT_LT(bench.clock.Monotonic(), absl::Seconds(4));
}

TEST(Stopping, BeforeTheFirstRequestSendsNothing) {
  Bench bench(Always(Good()));
  bench.stop = 1;
  EXPECT_EQ(bench.Run()->requests, 0);
}

TEST(Stopping, RecordsFailuresThatWaitedForARetry) {
  Bench bench([](const TransferRequest&, int number) { return number == 0 ? Bad(500) : Good(); });
  bench.options.concurrency = 2;
  bench.sink.on_append = [&] { bench.stop = 1; };
  ASSERT_TRUE(bench.Run().ok());
  // The two answers in flight when the flag was set, and the failure.
  ASSERT_EQ(bench.sink.observations.size(), 3U);
  EXPECT_TRUE(bench.sink.observations.back().error.has_value());
}

}  // namespace
}  // namespace pinchbeck
