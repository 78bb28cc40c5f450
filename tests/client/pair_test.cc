#include "pinchbeck/client/pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tests/client/pair_bench.h"

namespace pinchbeck {
namespace {

using pinchbeck::testing::Always;
using pinchbeck::testing::Bad;
using pinchbeck::testing::FakeAnswer;
using pinchbeck::testing::Good;
using pinchbeck::testing::IsFor;
using pinchbeck::testing::kTested;
using pinchbeck::testing::kTrusted;
using pinchbeck::testing::Order;
using pinchbeck::testing::PairBench;
using pinchbeck::testing::SentRequest;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// --- Interleaving ---

TEST(Pair, BothSidesOfAPairAreSentBeforeTheNextPair) {
  PairBench bench(Always(Good()), Always(Good()));
  bench.options.concurrency = 1;
  bench.options.samples_per_probe = 20;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(Order(bench.sink_a), Order(bench.sink_b)) << "the same pairs in the same order";
  ASSERT_THAT(bench.transport.sent, SizeIs(80));
  for (std::size_t i = 0; i < 80; i += 2) {
    const std::string pair = bench.Sides().substr(i, 2);
    EXPECT_TRUE(pair == "AB" || pair == "BA") << pair << " at " << i;
    EXPECT_EQ(bench.transport.sent[i].request.http.body, bench.transport.sent[i + 1].request.http.body);
  }
  EXPECT_EQ(summary->pairs, 40);
  EXPECT_EQ(summary->complete_pairs, 40);
}

TEST(Pair, WhichSideStartsIsDrawnBySeed) {
  std::set<std::string> orders;
  for (const std::uint64_t seed : {1U, 1U, 2U}) {
    PairBench bench(Always(Good()), Always(Good()));
    bench.options.concurrency = 1;
    bench.options.seed = seed;
    bench.options.samples_per_probe = 100;
    ASSERT_TRUE(bench.Run().ok());
    std::string first;
    for (std::size_t i = 0; i < bench.Sides().size(); i += 2) first += bench.Sides()[i];
    // 200 fair coins: outside with a chance of 2e-5 each time, and the seeds are fixed.
    const auto a = std::count(first.begin(), first.end(), 'A');
    EXPECT_GT(a, 70);
    EXPECT_LT(a, 130);
    orders.insert(first);
  }
  EXPECT_THAT(orders, SizeIs(2)) << "one order for one seed, another for another";
}

TEST(Pair, ObservationsOfAPairShareProbeSampleAndSession) {
  PairBench bench(Always(Good("1")), Always(Good("2")));
  ASSERT_TRUE(bench.Run().ok());
  ASSERT_THAT(bench.sink_a.observations, SizeIs(6));
  ASSERT_THAT(bench.sink_b.observations, SizeIs(6));
  std::set<std::string> names_a, names_b;
  for (const Observation& o : bench.sink_a.observations) {
    EXPECT_EQ(o.endpoint, "https://vendor.example/v1");
    EXPECT_EQ(o.response.text, "1");
    names_a.insert(o.probe + "#" + std::to_string(*o.sample) + "@" + *o.session);
  }
  for (const Observation& o : bench.sink_b.observations) {
    EXPECT_EQ(o.endpoint, "https://relay.example/v1");
    EXPECT_EQ(o.response.text, "2");
    names_b.insert(o.probe + "#" + std::to_string(*o.sample) + "@" + *o.session);
  }
  EXPECT_EQ(names_a, names_b);
  EXPECT_THAT(names_a, SizeIs(6));
}

TEST(Pair, ConcurrencyHoldsForBothTogetherAndASlowSideHoldsTheOtherBack) {
  FakeAnswer slow = Good();
  slow.duration = absl::Seconds(60);
  PairBench bench(Always(Good()), Always(slow));
  bench.options.samples_per_probe = 10;
  bench.options.concurrency = 4;
  ASSERT_TRUE(bench.Run().ok());
  EXPECT_EQ(bench.transport.most_in_flight, 4U);
  // At no moment has one side sent more than its own of one pair more than the other.
  int ahead = 0;
  for (const char side : bench.Sides()) {
    ahead += side == 'A' ? 1 : -1;
    EXPECT_LE(std::abs(ahead), 1);
  }
  EXPECT_EQ(ahead, 0);
}

TEST(Pair, ALimitOfOneServerHoldsBothBack) {
  PairBench bench(Always(Good()), [](const TransferRequest&, int number) {
    FakeAnswer answer = Bad(429, "slow down");
    answer.headers = {{"retry-after", "30"}};
    return number == 0 ? answer : Good();
  });
  bench.options.concurrency = 1;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->complete_pairs, 6);
  EXPECT_EQ(summary->b.retried, 1);
  absl::Duration refused;
  int sent_in_pause = 0;
  for (const SentRequest& sent : bench.transport.sent) {
    if (refused == absl::ZeroDuration() && IsFor(sent, kTested)) {
      refused = sent.at + absl::Seconds(1);
      continue;
    }
    if (refused != absl::ZeroDuration() && sent.at < refused + absl::Seconds(30)) ++sent_in_pause;
  }
  // The partner of the refused request, where that came second, and one side of the next pair.
  EXPECT_LE(sent_in_pause, 2);
}

// --- Keys ---

TEST(Pair, AKeyGoesToItsOwnOriginOnly) {
  PairBench bench([](const TransferRequest&, int n) { return n % 3 == 0 ? Bad(500) : Good(); },
                  [](const TransferRequest&, int n) { return n % 3 == 1 ? Bad(500) : Good(); });
  bench.options.samples_per_probe = 10;
  ASSERT_TRUE(bench.Run().ok());
  EXPECT_GT(bench.transport.sent.size(), 40U) << "retries among them";
  for (const SentRequest& sent : bench.transport.sent) {
    EXPECT_EQ(sent.request.api_key.Reveal(),
              IsFor(sent, kTrusted) ? "key-of-the-vendor" : "key-of-the-relay");
    EXPECT_NE(IsFor(sent, kTrusted), IsFor(sent, kTested));
  }
}

TEST(Pair, AKeyThatComesBackIsTakenOutOfItsSidesRecording) {
  PairBench bench(Always(Good("key-of-the-vendor")), Always(Good("key-of-the-relay")));
  ASSERT_TRUE(bench.Run().ok());
  for (const Observation& o : bench.sink_a.observations) EXPECT_EQ(o.response.text, "[key]");
  for (const Observation& o : bench.sink_b.observations) EXPECT_EQ(o.response.text, "[key]");
}

// --- Budgets ---

TEST(Pair, RequestsOfBothSidesCountAgainstOneLimit) {
  PairBench bench(Always(Good()), Always(Good()));
  bench.options.budget.max_requests = 7;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_THAT(bench.transport.sent, SizeIs(7));
  EXPECT_EQ(summary->a.requests + summary->b.requests, 7);
  EXPECT_EQ(summary->a.stop_reason, StopReason::kBudget);
  EXPECT_EQ(summary->b.stop_reason, StopReason::kBudget);
  EXPECT_THAT(summary->a.message, HasSubstr("7 requests"));
  EXPECT_THAT(summary->b.message, HasSubstr("7 requests"));
  EXPECT_EQ(summary->complete_pairs, 3);
}

TEST(Pair, TokensOfBothSidesCountAgainstOneLimit) {
  PairBench bench(Always(Good()), Always(Good()));
  bench.options.concurrency = 1;
  bench.options.samples_per_probe = 50;
  bench.options.budget.max_tokens = 200;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  const auto used = [](const CollectSummary& side) { return side.input_tokens + side.output_tokens; };
  EXPECT_LE(used(summary->a) + used(summary->b), 200);
  // Each answer uses 15; the next might use 16 of output and, where the probe is new to its side, 23 of
  // input.
  EXPECT_GT(used(summary->a) + used(summary->b), 200 - 39);
  EXPECT_NEAR(static_cast<double>(used(summary->a)), static_cast<double>(used(summary->b)), 15);
}

TEST(Pair, CostIsCountedAtEachSidesPrices) {
  PairBench bench(Always(Good()), Always(Good()));
  bench.options.concurrency = 1;
  bench.options.samples_per_probe = 50;
  bench.price_a = 1e4;  // 0.01 US dollars a token, so that an answer of 15 costs 0.15
  bench.price_b = 1e3;
  bench.options.budget.max_cost_usd = 1.5;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok()) << summary.status();
  ASSERT_TRUE(summary->a.cost_usd.has_value());
  ASSERT_TRUE(summary->b.cost_usd.has_value());
  EXPECT_NEAR(*summary->a.cost_usd, 0.15 * static_cast<double>(summary->a.ok), 1e-9);
  EXPECT_NEAR(*summary->b.cost_usd, 0.015 * static_cast<double>(summary->b.ok), 1e-9);
  EXPECT_LE(*summary->a.cost_usd + *summary->b.cost_usd, 1.5);
  EXPECT_GT(*summary->a.cost_usd + *summary->b.cost_usd, 1.5 - 0.28 - 0.165);
}

TEST(Pair, ALimitOnTheCostNeedsThePricesOfBoth) {
  PairBench bench(Always(Good()), Always(Good()));
  bench.price_a = 1.0;
  bench.options.budget.max_cost_usd = 1.0;
  EXPECT_EQ(bench.Run().status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(bench.transport.sent, IsEmpty());
}

// --- Endings ---

TEST(Pair, WhenOneSideFailsForGoodBothStopAndKeepWhatTheyHave) {
  PairBench bench(Always(Good()),
                  [](const TransferRequest&, int number) { return number < 4 ? Good() : Bad(500); });
  bench.options.samples_per_probe = 100;
  bench.options.retry.max_retries = 0;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->b.stop_reason, StopReason::kGaveUp);
  EXPECT_EQ(summary->a.stop_reason, StopReason::kPartner);
  EXPECT_THAT(summary->a.message, HasSubstr("the other endpoint of the pair"));
  EXPECT_EQ(summary->a.failed, 0);
  EXPECT_EQ(summary->a.ok, static_cast<std::int64_t>(bench.sink_a.observations.size()));
  EXPECT_EQ(summary->a.ok, summary->a.requests) << "requests in flight are waited for and recorded";
  EXPECT_EQ(summary->b.failed, 25);
  EXPECT_EQ(summary->complete_pairs, 4);
  EXPECT_LE(summary->a.requests, 4 + 25 + bench.options.concurrency);
}

TEST(Pair, ARefusedKeyStopsBothAtOnce) {
  PairBench bench(Always(Bad(401, "no such key")), Always(Good()));
  bench.options.samples_per_probe = 100;
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->a.stop_reason, StopReason::kGaveUp);
  EXPECT_EQ(summary->b.stop_reason, StopReason::kPartner);
  EXPECT_LE(bench.transport.sent.size(), 16U);
}

TEST(Pair, TheStopFlagEndsBoth) {
  PairBench bench(Always(Good()), Always(Good()));
  bench.options.samples_per_probe = 100;
  bench.sink_b.on_append = [&] { bench.stop = 1; };
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->a.stop_reason, StopReason::kInterrupted);
  EXPECT_EQ(summary->b.stop_reason, StopReason::kInterrupted);
  EXPECT_LT(bench.transport.sent.size(), 20U);
}

// Ctrl-C may come between the looks of the one side and of the other.
TEST(Pair, TheStopFlagCutsTheRequestsOfBothWheneverItIsRaised) {
  FakeAnswer slow = Good();
  slow.duration = absl::Hours(1);
  for (int look = 1; look <= 60; ++look) {
    PairBench bench(Always(slow), Always(slow));
    // With a limit of time each side asks the clock after it has looked at the flag.
    bench.options.budget.max_time = absl::Hours(10);
    bench.options.stop_grace = absl::Seconds(5);
    int looks = 0;
    bench.clock.on_look = [&] {
      if (++looks == look) bench.stop = 1;
    };
    const auto summary = bench.Run();
    ASSERT_TRUE(summary.ok());
    EXPECT_EQ(summary->a.stop_reason, StopReason::kInterrupted) << look;
    EXPECT_EQ(summary->b.stop_reason, StopReason::kInterrupted) << look;
    EXPECT_LT(bench.clock.Monotonic(), absl::Minutes(1)) << look;
    EXPECT_EQ(bench.transport.cancelled, static_cast<int>(bench.transport.sent.size())) << look;
  }
}

TEST(Pair, ASinkThatFailsEndsBothWithItsError) {
  PairBench bench(Always(Good()), Always(Good()));
  bench.sink_a.verdict = absl::ResourceExhaustedError("disk full");
  EXPECT_EQ(bench.Run().status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(Pair, AnUnusableSideIsAnErrorBeforeAnythingIsSent) {
  PairBench bench(Always(Good()), Always(Good()));
  bench.b.base_url = "relay.example";
  EXPECT_EQ(bench.Run().status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(bench.transport.sent, IsEmpty());
}

// --- Resuming, and sides that take other parameters ---

TEST(Pair, EachSideResumesWhatItLacks) {
  PairBench bench(Always(Good()), Always(Good()));
  for (int sample = 0; sample < 3; ++sample) bench.completed_a.Add("p0", sample);
  bench.completed_b.Add("p0", 1);
  bench.completed_b.Add("p1", 2);
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->a.skipped_by_resume, 3);
  EXPECT_EQ(summary->b.skipped_by_resume, 2);
  EXPECT_EQ(summary->a.requests, 3);
  EXPECT_EQ(summary->b.requests, 4);
  EXPECT_EQ(summary->complete_pairs, 6);
  for (const Observation& o : bench.sink_a.observations) EXPECT_EQ(o.probe, "p1");
}

TEST(Pair, AResumedRunSendsTheRestInTheOrderOfTheFirst) {
  PairBench whole(Always(Good()), Always(Good()));
  whole.options.concurrency = 1;
  ASSERT_TRUE(whole.Run().ok());
  PairBench rest(Always(Good()), Always(Good()));
  rest.options.concurrency = 1;
  for (std::size_t i = 0; i < 2; ++i) {
    const Observation& done = whole.sink_a.observations[i];
    rest.completed_a.Add(done.probe, *done.sample);
    rest.completed_b.Add(done.probe, *done.sample);
  }
  ASSERT_TRUE(rest.Run().ok());
  EXPECT_EQ(rest.Sides(), whole.Sides().substr(4));
}

TEST(Pair, ASideThatIsCompleteLetsTheOtherGoOn) {
  PairBench bench(Always(Bad(500)), Always(Good()));
  for (int sample = 0; sample < 3; ++sample) {
    bench.completed_a.Add("p0", sample);
    bench.completed_a.Add("p1", sample);
  }
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(bench.Sides(), "BBBBBB");
  EXPECT_EQ(summary->a.stop_reason, StopReason::kCompleted);
  EXPECT_EQ(summary->b.stop_reason, StopReason::kCompleted);
  EXPECT_EQ(summary->complete_pairs, 6);
}

TEST(Pair, AParameterThatOneSideRefusesStaysInTheOthersRequests) {
  PairBench bench(Always(Good()), [](const TransferRequest& request, int) {
    const bool asks = request.http.body.find("\"temperature\"") != std::string::npos;
    return asks ? Bad(400, "Unsupported parameter: 'temperature' is not supported") : Good();
  });
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->complete_pairs, 6);
  EXPECT_THAT(summary->a.findings, IsEmpty());
  ASSERT_THAT(summary->b.findings, SizeIs(1));
  EXPECT_EQ(summary->b.findings[0].name, "temperature_refused");
  for (const Observation& o : bench.sink_a.observations) EXPECT_TRUE(o.request.temperature.has_value());
  for (const Observation& o : bench.sink_b.observations) EXPECT_FALSE(o.request.temperature.has_value());
}

TEST(Pair, AFailedRequestLeavesItsPairIncomplete) {
  PairBench bench([](const TransferRequest&, int number) { return number == 2 ? Bad(400) : Good(); },
                  Always(Good()));
  const auto summary = bench.Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->a.failed, 1);
  EXPECT_EQ(summary->pairs, 6);
  EXPECT_EQ(summary->complete_pairs, 5);
}

TEST(Pair, ProgressIsThatOfBoth) {
  struct Observer final : ProgressObserver {
    std::int64_t planned = 0, ok = 0;
    void OnProgress(const CollectProgress& progress) override {
      planned = progress.summary.planned;
      ok = progress.summary.ok;
    }
  } observer;
  PairBench bench(Always(Good()), Always(Good()));
  bench.progress = &observer;
  ASSERT_TRUE(bench.Run().ok());
  EXPECT_EQ(observer.planned, 12);
  EXPECT_EQ(observer.ok, 12);
}

}  // namespace
}  // namespace pinchbeck
