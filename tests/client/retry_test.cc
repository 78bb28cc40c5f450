#include "pinchbeck/client/retry.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace pinchbeck {
namespace {

absl::Time Noon() { return absl::FromCivil(absl::CivilSecond(2026, 11, 20, 12, 0, 0), absl::UTCTimeZone()); }

AttemptOutcome Status(int status) {
  AttemptOutcome outcome;
  outcome.status = status;
  return outcome;
}

TEST(IsRetryable, FollowsTheStatus) {
  for (const int status : {408, 409, 429, 500, 502, 503, 504, 529, 599}) {
    EXPECT_TRUE(IsRetryable(Status(status))) << status;
  }
  for (const int status : {200, 301, 307, 400, 401, 402, 403, 404, 405, 410, 413, 422, 428, 451, 499}) {
    EXPECT_FALSE(IsRetryable(Status(status))) << status;
  }
}

TEST(IsRetryable, ConnectionErrorsAreAndOtherFailuresWithoutStatusAreNot) {
  AttemptOutcome outcome;
  EXPECT_FALSE(IsRetryable(outcome));
  outcome.connection_error = true;
  EXPECT_TRUE(IsRetryable(outcome));
}

TEST(IsRetryable, TheServersWordCountsMoreThanTheStatus) {
  AttemptOutcome outcome = Status(500);
  outcome.head.headers = {{"x-should-retry", "false"}};
  EXPECT_FALSE(IsRetryable(outcome));
  outcome = Status(400);
  outcome.head.headers = {{"x-should-retry", "true"}};
  EXPECT_TRUE(IsRetryable(outcome));
  outcome.head.headers = {{"x-should-retry", "maybe"}};
  EXPECT_FALSE(IsRetryable(outcome));
}

TEST(IsRetryable, NeverForAnAccountWithoutMoney) {
  for (const char* code : {"insufficient_quota", "billing_error", "insufficient_user_quota"}) {
    AttemptOutcome outcome = Status(429);
    outcome.error_code = code;
    outcome.head.headers = {{"x-should-retry", "true"}};
    EXPECT_TRUE(IsOutOfQuota(outcome)) << code;
    EXPECT_FALSE(IsRetryable(outcome)) << code;
  }
  EXPECT_TRUE(IsOutOfQuota(Status(402)));
  AttemptOutcome limited = Status(429);
  limited.error_code = "rate_limit_exceeded";
  EXPECT_FALSE(IsOutOfQuota(limited));
  EXPECT_TRUE(IsRetryable(limited));
}

struct DelayCase {
  const char* name;
  std::vector<HttpHeader> headers;
  std::optional<absl::Duration> delay;
};

class ServerDelays : public ::testing::TestWithParam<DelayCase> {};

TEST_P(ServerDelays, AreRead) {
  ResponseHead head;
  head.headers = GetParam().headers;
  EXPECT_EQ(ServerDelay(head, Noon()), GetParam().delay);
}

INSTANTIATE_TEST_SUITE_P(
    Headers, ServerDelays,
    ::testing::Values(
        DelayCase{"None", {}, std::nullopt},
        DelayCase{"Milliseconds", {{"retry-after-ms", "1500"}}, absl::Milliseconds(1500)},
        DelayCase{
            "MillisecondsWin", {{"retry-after", "9"}, {"retry-after-ms", "20"}}, absl::Milliseconds(20)},
        DelayCase{
            "BadMillisecondsFallBack", {{"retry-after-ms", "soon"}, {"retry-after", "9"}}, absl::Seconds(9)},
        DelayCase{"Seconds", {{"retry-after", "3"}}, absl::Seconds(3)},
        DelayCase{"Fraction", {{"retry-after", "0.25"}}, absl::Milliseconds(250)},
        DelayCase{"Zero", {{"retry-after", "0"}}, absl::ZeroDuration()},
        DelayCase{"Date", {{"retry-after", "Fri, 20 Nov 2026 12:00:07 GMT"}}, absl::Seconds(7)},
        DelayCase{"OldDate", {{"retry-after", "Friday, 20-Nov-26 12:00:08 GMT"}}, absl::Seconds(8)},
        DelayCase{"AsctimeDate", {{"retry-after", "Fri Nov 20 12:00:09 2026"}}, absl::Seconds(9)},
        DelayCase{"PastDate", {{"retry-after", "Fri, 20 Nov 2026 11:00:00 GMT"}}, absl::ZeroDuration()},
        DelayCase{"Negative", {{"retry-after", "-1"}}, std::nullopt},
        DelayCase{"NotANumber", {{"retry-after", "nan"}}, std::nullopt},
        DelayCase{"Infinite", {{"retry-after", "inf"}}, std::nullopt},
        DelayCase{"Nonsense", {{"retry-after", "tomorrow"}}, std::nullopt}),
    [](const ::testing::TestParamInfo<DelayCase>& param) { return std::string(param.param.name); });

TEST(BackoffDelay, DoublesUpToTheLargest) {
  const RetryPolicy policy;
  EXPECT_EQ(BackoffDelay(0, 0.0, policy), absl::Milliseconds(500));
  EXPECT_EQ(BackoffDelay(1, 0.0, policy), absl::Seconds(1));
  EXPECT_EQ(BackoffDelay(3, 0.0, policy), absl::Seconds(4));
  EXPECT_EQ(BackoffDelay(4, 0.0, policy), absl::Seconds(8));
  EXPECT_EQ(BackoffDelay(1000000, 0.0, policy), absl::Seconds(8));
}

TEST(BackoffDelay, JitterTakesOffAtMostAQuarter) {
  const RetryPolicy policy;
  EXPECT_EQ(BackoffDelay(1, 0.5, policy), absl::Milliseconds(875));
  EXPECT_GE(BackoffDelay(1, 0.999999, policy), absl::Milliseconds(750));
}

TEST(AdviseRetry, UsesTheServersDelayAndOtherwiseBacksOff) {
  AttemptOutcome outcome = Status(429);
  RetryAdvice advice = AdviseRetry(outcome, 0, Noon(), 0.0, {});
  EXPECT_TRUE(advice.retry);
  EXPECT_EQ(advice.delay, absl::Milliseconds(500));
  outcome.body_delay = absl::Seconds(20);
  EXPECT_EQ(AdviseRetry(outcome, 0, Noon(), 0.0, {}).delay, absl::Seconds(20));
  outcome.head.headers = {{"retry-after", "30"}};
  advice = AdviseRetry(outcome, 1, Noon(), 0.0, {});
  EXPECT_TRUE(advice.retry);
  EXPECT_EQ(advice.delay, absl::Seconds(30));
}

TEST(AdviseRetry, StopsAfterTheLastRetryAndAtLongPauses) {
  AttemptOutcome outcome = Status(503);
  EXPECT_FALSE(AdviseRetry(outcome, 2, Noon(), 0.0, {}).retry);
  EXPECT_FALSE(AdviseRetry(outcome, 0, Noon(), 0.0, {.max_retries = 0}).retry);
  outcome.head.headers = {{"retry-after", "120"}};
  EXPECT_TRUE(AdviseRetry(outcome, 0, Noon(), 0.0, {}).retry);
  outcome.head.headers = {{"retry-after", "121"}};
  EXPECT_FALSE(AdviseRetry(outcome, 0, Noon(), 0.0, {}).retry);
}

}  // namespace
}  // namespace pinchbeck
