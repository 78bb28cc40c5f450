#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
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
using pinchbeck::testing::Broken;
using pinchbeck::testing::FakeAnswer;
using pinchbeck::testing::Good;
using pinchbeck::testing::kCanary;
using pinchbeck::testing::MakeBattery;
using pinchbeck::testing::Order;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Collect, RecordsEveryProbeTheAskedNumberOfTimes) {
  Bench bench(Always(Good()));
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->planned, 6);
  EXPECT_EQ(summary->done, 6);
  EXPECT_EQ(summary->ok, 6);
  EXPECT_EQ(summary->failed, 0);
  EXPECT_EQ(summary->requests, 6);
  EXPECT_EQ(summary->input_tokens, 72);
  EXPECT_EQ(summary->output_tokens, 18);
  EXPECT_EQ(summary->stop_reason, StopReason::kCompleted);
  EXPECT_FALSE(summary->cost_usd.has_value());
  std::vector<std::string> order = Order(bench.sink);
  EXPECT_EQ(std::set<std::string>(order.begin(), order.end()).size(), 6U);
}

TEST(Collect, FillsTheObservation) {
  Bench bench(Always(Good()));
  bench.battery.probes[0].sampling.top_p = 0.9;
  bench.battery.probes[0].sampling.top_logprobs = 5;
  bench.battery.probes.resize(1);
  bench.options.samples_per_probe = 1;
  ASSERT_TRUE(bench.Run().ok());
  ASSERT_EQ(bench.sink.observations.size(), 1U);
  const Observation& o = bench.sink.observations[0];
  EXPECT_EQ(o.probe, "p0");
  EXPECT_THAT(o.signals, ElementsAre("choice"));
  EXPECT_EQ(o.sample, 0);
  EXPECT_EQ(o.session, "s");
  EXPECT_EQ(o.time, "2026-11-20T08:00:00.000Z");
  EXPECT_EQ(o.endpoint, "https://relay.example/v1");
  EXPECT_EQ(o.request.model, "gpt-x");
  EXPECT_EQ(o.request.temperature, 1.0);
  EXPECT_EQ(o.request.top_p, 0.9);
  EXPECT_EQ(o.request.max_tokens, 16);
  EXPECT_EQ(o.request.stream, false);
  EXPECT_EQ(o.request.top_logprobs, 5);
  EXPECT_FALSE(o.request.seed.has_value());
  EXPECT_EQ(o.request.prompt_sha256, bench.battery.probes[0].PromptSha256());
  EXPECT_EQ(o.response.model, "served");
  EXPECT_EQ(o.response.text, "42");
  EXPECT_EQ(o.timing.total_s, 1.0);
  EXPECT_EQ(bench.transport.sent[0].request.http.url, "https://relay.example:443/v1/chat/completions");
  EXPECT_EQ(bench.transport.sent[0].request.api_key.Reveal(), kCanary);
}

TEST(Collect, TheSeedDecidesTheOrder) {
  const auto order = [](std::uint64_t seed) {
    Bench bench(Always(Good()));
    bench.battery = MakeBattery(5);
    bench.options.seed = seed;
    EXPECT_TRUE(bench.Run().ok());
    return Order(bench.sink);
  };
  EXPECT_EQ(order(1), order(1));
  EXPECT_NE(order(1), order(2));
}

TEST(Collect, RequestSeedsAreSentOnlyWhenAskedForAndRepeat) {
  const auto seeds = [] {
    Bench bench(Always(Good()));
    bench.options.send_request_seed = true;
    EXPECT_TRUE(bench.Run().ok());
    std::set<std::tuple<std::string, std::int64_t, std::int64_t>> all;
    for (const Observation& o : bench.sink.observations)
      all.emplace(o.probe, *o.sample, o.request.seed.value());
    return all;
  };
  EXPECT_EQ(seeds(), seeds());
  std::set<std::int64_t> values;
  for (const auto& entry : seeds()) values.insert(std::get<2>(entry));
  EXPECT_EQ(values.size(), 6U);
}

TEST(Collect, KeepsAsManyRequestsInFlightAsAllowed) {
  for (const int concurrency : {1, 3}) {
    Bench bench(Always(Good()));
    bench.options.concurrency = concurrency;
    ASSERT_TRUE(bench.Run().ok());
    EXPECT_EQ(bench.transport.most_in_flight, static_cast<std::size_t>(concurrency));
  }
}

// --- Retries ---

struct DelayCase {
  const char* name;
  std::vector<HttpHeader> headers;
  absl::Duration least;
  absl::Duration most;
};

class RetryDelays : public ::testing::TestWithParam<DelayCase> {};

TEST_P(RetryDelays, AreKept) {
  Bench bench([&](const TransferRequest&, int number) {
    FakeAnswer answer = number == 0 ? Bad(429, "slow down") : Good();
    answer.headers = GetParam().headers;
    return answer;
  });
  bench.battery = MakeBattery(1);
  bench.options.samples_per_probe = 1;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->retried, 1);
  EXPECT_EQ(summary->done, 1);
  EXPECT_EQ(summary->ok, 1);
  ASSERT_EQ(bench.transport.sent.size(), 2U);
  const absl::Duration pause = bench.transport.sent[1].at - absl::Seconds(1);
  EXPECT_GE(pause, GetParam().least);
  EXPECT_LE(pause, GetParam().most + absl::Milliseconds(2));
  // Waiting is not part of the answer's time.
  EXPECT_EQ(bench.sink.observations[0].timing.total_s, 1.0);
}

INSTANTIATE_TEST_SUITE_P(
    Headers, RetryDelays,
    ::testing::Values(DelayCase{"BackOff", {}, absl::Milliseconds(375), absl::Milliseconds(500)},
                      DelayCase{"Milliseconds",
                                {{"retry-after-ms", "1500"}},
                                absl::Milliseconds(1500),
                                absl::Milliseconds(1500)},
                      DelayCase{"Seconds", {{"retry-after", "7"}}, absl::Seconds(7), absl::Seconds(7)},
                      DelayCase{"Date",
                                {{"retry-after", "Fri, 20 Nov 2026 08:00:11 GMT"}},
                                absl::Seconds(10),
                                absl::Seconds(10)}),
    [](const ::testing::TestParamInfo<DelayCase>& param) { return std::string(param.param.name); });

TEST(Retries, AreBoundedAndTheLastFailureIsRecorded) {
  Bench bench(Always(Bad(503, "busy")));
  bench.battery = MakeBattery(1);
  bench.options.samples_per_probe = 1;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->requests, 3);
  EXPECT_EQ(summary->retried, 2);
  EXPECT_EQ(summary->failed, 1);
  ASSERT_EQ(bench.sink.observations.size(), 1U);
  ASSERT_TRUE(bench.sink.observations[0].error.has_value());
  EXPECT_EQ(bench.sink.observations[0].error->status, 503);
  EXPECT_THAT(bench.sink.observations[0].error->message, HasSubstr("busy"));
}

TEST(Retries, AfterBrokenConnectionsButNotAfterTimeouts) {
  for (const auto& [failure, requests] : {std::pair{TransferFailure::kClosed, 3},
                                          {TransferFailure::kRefused, 3},
                                          {TransferFailure::kTimeout, 1},
                                          {TransferFailure::kTls, 1}}) {
    Bench bench(Always(Broken(failure)));
    bench.battery = MakeBattery(1);
    bench.options.samples_per_probe = 1;
    const auto summary = bench.Run();
    ASSERT_TRUE(summary.ok());
    EXPECT_EQ(summary->requests, requests) << static_cast<int>(failure);
    EXPECT_EQ(bench.sink.observations.at(0).error->kind,
              failure == TransferFailure::kTimeout ? ErrorKind::kTimeout : ErrorKind::kNetwork);
  }
}

TEST(Retries, NeverWithoutMoney) {
  Bench bench(Always(Bad(429, "pay", "insufficient_quota")));
  bench.battery = MakeBattery(1);
  bench.options.samples_per_probe = 1;
  EXPECT_EQ(bench.Run()->requests, 1);
}

TEST(Retries, APauseForOneRequestIsAPauseForAll) {
  Bench bench([](const TransferRequest&, int number) {
    FakeAnswer answer = number == 0 ? Bad(429) : Good();
    if (number == 0) answer.headers = {{"retry-after", "30"}};
    return answer;
  });
  bench.options.concurrency = 1;
  ASSERT_TRUE(bench.Run().ok());
  EXPECT_GE(bench.transport.sent[1].at, absl::Seconds(31));
}

TEST(Collect, AFullDiskEndsTheCollectionWithTheSinksError) {
  Bench bench(Always(Good()));
  bench.sink.verdict = absl::ResourceExhaustedError("disk full");
  const absl::Status status = bench.Run().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(bench.sink.observations.size(), 1U);
}

// --- Keys ---

TEST(Keys, NeverReachTheRecordingOrTheSummary) {
  const std::string echo = std::string("your key is ") + kCanary;
  Bench bench(
      [&](const TransferRequest&, int number) { return number % 2 == 0 ? Good(echo) : Bad(400, echo); });
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  std::string all = summary->message;
  for (const FailureCount& failure : summary->failures) all += failure.example.message;
  for (const Observation& o : bench.sink.observations) all += SerializeObservation(o);
  EXPECT_THAT(all, Not(HasSubstr(kCanary)));
  EXPECT_THAT(all, HasSubstr("your key is [key]"));
}

TEST(Redirects, AreErrorsThatNameTheOtherHostOnly) {
  FakeAnswer answer;
  answer.status = 302;
  answer.headers = {{"location", "https://user:pw@evil.example/v1?token=abc"}};
  Bench bench(Always(answer));
  ASSERT_TRUE(bench.Run().ok());
  const ErrorRecord& error = *bench.sink.observations.at(0).error;
  EXPECT_EQ(error.kind, ErrorKind::kHttp);
  EXPECT_EQ(error.status, 302);
  EXPECT_THAT(error.message, HasSubstr("https://evil.example"));
  EXPECT_THAT(error.message, Not(HasSubstr("pw")));
  EXPECT_THAT(error.message, Not(HasSubstr("abc")));
}

TEST(Collect, LongLabelsAreCut) {
  FakeAnswer answer;
  answer.body = R"({"id":")" + std::string(1 << 20, 'i') + R"(","model":")" + std::string(1 << 20, 'm') +
                R"(","choices":[{"index":0,"message":{"content":"1"},"finish_reason":"stop"}]})";
  Bench bench(Always(answer));
  ASSERT_TRUE(bench.Run().ok());
  EXPECT_FALSE(bench.sink.observations.at(0).error.has_value());
  EXPECT_LT(SerializeObservation(bench.sink.observations[0]).size(), 10000U);
}

TEST(Collect, AnAnswerTooLargeToRecordIsAnErrorAndTheLineStaysReadable) {
  Bench bench(Always(Good(std::string(10 << 20, 'x'))));
  bench.battery = MakeBattery(1);
  bench.options.samples_per_probe = 1;
  ASSERT_TRUE(bench.Run().ok());
  EXPECT_EQ(bench.sink.observations.at(0).error->kind, ErrorKind::kProtocol);
  EXPECT_LT(SerializeObservation(bench.sink.observations[0]).size(), 10000U);
}

// --- Input ---

TEST(Collect, RefusesOptionsOutOfRange) {
  const std::function<void(Bench&)> breakers[] = {[](Bench& b) { b.battery.probes.clear(); },
                                                  [](Bench& b) { b.options.samples_per_probe = 0; },
                                                  [](Bench& b) { b.options.concurrency = 0; },
                                                  [](Bench& b) { b.options.retry.max_retries = -1; },
                                                  [](Bench& b) { b.options.budget.max_tokens = -1; },
                                                  [](Bench& b) { b.options.budget.usd_per_mtok_in = -1.0; },
                                                  [](Bench& b) { b.endpoint.base_url = "relay"; },
                                                  [](Bench& b) { b.endpoint.model.clear(); }};
  for (const auto& spoil : breakers) {
    Bench bench(Always(Good()));
    spoil(bench);
    EXPECT_EQ(bench.Run().status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(bench.transport.sent.empty());
  }
}

TEST(PlanCollection, CountsBeforeAnythingIsSent) {
  CollectOptions options;
  options.samples_per_probe = 3;
  options.completed.Add("p0", 1);
  options.budget.usd_per_mtok_in = 1e6;
  options.budget.usd_per_mtok_out = 1.0;
  const CollectPlan plan = PlanCollection(MakeBattery(), options);
  EXPECT_EQ(plan.probes, 2);
  EXPECT_EQ(plan.requests, 5);
  EXPECT_EQ(plan.skipped, 1);
  EXPECT_EQ(plan.max_output_tokens, 5 * 16);
  EXPECT_EQ(plan.input_tokens, 5 * 9);
  EXPECT_NEAR(*plan.max_cost_usd, 45.0, 1e-3);
}

}  // namespace
}  // namespace pinchbeck
