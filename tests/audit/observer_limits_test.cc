// What an observer refuses, bounds and keeps out, and many threads at once.
#include <gmock/gmock.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "pinchbeck/internal/absl_strings.h"
#include "tests/audit/observer_fixture.h"

namespace pinchbeck {
namespace {

using ::testing::HasSubstr;

constexpr const char* kCanary = "sk-canary-0123456789abcdef";

TEST(ObserverTest, StreamsAreBoundedAndAbandonedOnesCounted) {
  ObserverOptions options;
  options.max_streams = 2;
  options.limits.max_response_bytes = 100;
  Observer observer = Made(options);
  const std::string body = RequestOf(FirstProbe()).dump();
  ExchangeRequest request;
  request.body = body;
  auto first = observer.Open(request);
  {
    const auto second = observer.Open(request);
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_EQ(observer.Open(request).status().code(), absl::StatusCode::kResourceExhausted);
  }
  EXPECT_EQ(observer.counts().abandoned, 1);
  // Far more than is read: an error, not an answer.
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(first->OnEvent(R"({"choices": [{"index": 0, "delta": {"content": "x"}}]})", i).ok());
  }
  EXPECT_EQ(*first->Finish(), ObservationUse::kFailed);
  EXPECT_FALSE(observer.Take().at(0).response.text.has_value());
}

TEST(ObserverTest, WhatCannotBeReadIsRefusedAndNamed) {
  Observer observer = Made();
  const struct {
    const char* exchange;
    const char* message;
  } cases[] = {{"[1]", "not a JSON object"},
               {"{}", "request: missing"},
               {R"({"request": "not json"})", "request: the body is not JSON"},
               {R"({"request": {"temperature": "hot"}})", "request.temperature: expected a number"},
               {R"({"request": {"max_tokens": -1}})", "request.max_tokens"},
               {R"({"request": {"model": "gpt-x"}})", "request.messages: missing"},
               {R"({"request": {"messages": []}})", "request.messages: missing or empty"},
               {R"({"request": {}, "api": "smoke\u001b-0123456789-0123456789"})", "api: \"smoke"},
               {R"({"request": {"messages": [{}]}, "api": "gemini"})", "api: requests of gemini"},
               {R"({"request": {"messages": [{}]}, "time": "yesterday"})", "time: expected RFC 3339"},
               {R"({"request": {"messages": [{}]}, "endpoint": "nowhere"})", "endpoint"},
               {R"({"request": {"messages": [{}]}, "response": 3})", "response: expected"},
               {R"({"request": {"messages": [{}]}, "chunks": [[0.1, {}], [-0.05, {}]]})", "chunks[1]"},
               {R"({"request": {"messages": [{}]}, "status": 99999})", "status"},
               {R"({"request": {"messages": [{}]}, "total_s": -1})", "total_s"}};
  for (const auto& [exchange, message] : cases) {
    const auto use = observer.ObserveJson(exchange);
    ASSERT_FALSE(use.ok()) << exchange;
    EXPECT_THAT(internal::Message(use.status()), HasSubstr(message));
  }
  EXPECT_EQ(observer.counts().refused, static_cast<std::int64_t>(std::size(cases)));
  EXPECT_EQ(observer.counts().exchanges, 0);
  EXPECT_FALSE(Observer::Create(Reference(), {.models = {"gpt-x"}, .max_observations = 0}).ok());
  EXPECT_FALSE(Observer::Create(Reference(), {.models = {"gpt-x"}, .endpoint = "nowhere"}).ok());
  EXPECT_FALSE(Observer::Create(Reference(), {.models = {"gpt-x"}, .first_sample = -1}).ok());
  EXPECT_THAT(internal::Message(Observer::Create(Reference(), {}).status()), HasSubstr("models"));
}

TEST(ObserverTest, OpenStreamsShareABudgetOfBytes) {
  ObserverOptions options;
  options.max_stream_bytes = 1000;
  Observer observer = Made(options);
  const std::string body = RequestOf(FirstProbe()).dump();
  ExchangeRequest request;
  request.body = body;
  const std::string event = R"({"choices": [{"index": 0, "delta": {"content": "xxxxxxxxxxxxxxxxxxxx"}}]})";
  auto first = observer.Open(request);
  auto second = observer.Open(request);
  ASSERT_TRUE(first.ok() && second.ok());
  ASSERT_TRUE(second->OnEvent(event, 0.1).ok());
  absl::Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) status = first->OnEvent(event, 1);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  // Part of an answer is none.
  EXPECT_EQ(first->OnEvent(event, 1).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(first->Finish().status().code(), absl::StatusCode::kFailedPrecondition);
  // What it held is free again for the others.
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(second->OnEvent(event, 1).ok());
  EXPECT_TRUE(second->Finish().ok());
  EXPECT_EQ(observer.counts().refused, 1);
  EXPECT_EQ(observer.counts().abandoned, 0);
  EXPECT_EQ(observer.counts().buffered, 1);
}

TEST(ObserverTest, AnEndlessStreamLeavesTheOthersTheirBytes) {
  ObserverOptions options;
  options.max_stream_bytes = 4000;
  options.limits.max_response_bytes = 1000;
  Observer observer = Made(options);
  const std::string body = RequestOf(FirstProbe()).dump();
  ExchangeRequest request;
  request.body = body;
  const std::string event = R"({"choices": [{"index": 0, "delta": {"content": "xxxxxxxxxxxxxxxxxxxx"}}]})";
  auto endless = observer.Open(request);
  auto other = observer.Open(request);
  ASSERT_TRUE(endless.ok() && other.ok());
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(endless->OnEvent(event, i).ok()) << i;
  // All of the budget, and more in turn: what was charged for an answer too long is free again.
  for (int i = 0; i < 5; ++i) {
    auto next = observer.Open(request);
    for (int j = 0; j < 10; ++j) ASSERT_TRUE(next->OnEvent(event, j).ok());
    EXPECT_TRUE(next->Finish().ok());
  }
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(other->OnEvent(event, i).ok());
  ASSERT_TRUE(other->OnEvent(R"({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})", 9).ok());
  EXPECT_EQ(*other->Finish(), ObservationUse::kProbe);
  EXPECT_EQ(*endless->Finish(), ObservationUse::kFailed);
  EXPECT_EQ(observer.counts().refused, 0);
}

TEST(ObserverTest, KeysStayOut) {
  Observer observer = Made();
  const std::string key = kCanary;
  Json request = RequestOf(FirstProbe());
  request["api_key"] = key;
  // A server that knows the key writes it wherever it can.
  Json answer = ResponseOf("the key is " + key);
  answer["model"] = key;
  answer["id"] = key;
  answer["system_fingerprint"] = key;
  ExchangeEnd end;
  end.redact = key;
  ExchangeRequest sent;
  const std::string body = RequestOf(FirstProbe()).dump();
  sent.body = body;
  sent.endpoint = "https://user:" + key + "@relay.example/v1?key=" + key;
  ASSERT_TRUE(observer.Observe(sent, answer.dump(), end).ok());
  end = {};
  end.status = 401;
  const Json error = {{"error", {{"message", "incorrect key " + key}, {"code", key}}}};
  ASSERT_TRUE(observer.Observe(sent, error.dump(), end).ok());
  EXPECT_EQ(Fed(observer, request, ResponseOf("3")), ObservationUse::kOtherParameter);
  std::string kept;
  for (const Observation& observation : observer.Take()) kept += SerializeObservation(observation);
  for (const std::string& note : observer.Declaration().notes) kept += note;
  EXPECT_THAT(kept, HasSubstr("[key]"));
  EXPECT_THAT(kept, HasSubstr("https://relay.example/v1"));
  EXPECT_EQ(kept.find(key), std::string::npos) << kept;
}

TEST(ObserverTest, TheBufferIsBoundedInNumberAndMemoryAndDropsTheOldest) {
  ObserverOptions few;
  few.max_observations = 10;
  Observer observer = Made(few);
  for (int i = 0; i < 25; ++i) Fed(observer, RequestOf(FirstProbe()), ResponseOf(std::to_string(i)));
  EXPECT_EQ(observer.counts().buffered, 10);
  EXPECT_EQ(observer.counts().dropped, 15);
  EXPECT_EQ(observer.Take().at(0).response.text, "15");

  ObserverOptions small;
  small.max_bytes = 100'000;
  Observer bounded = Made(small);
  for (int i = 0; i < 200; ++i) {
    Fed(bounded, RequestOf(FirstProbe()), ResponseOf(std::string(static_cast<std::size_t>(i) * 100, 'x')));
    ASSERT_LE(bounded.counts().buffered_bytes, small.max_bytes);
  }
  EXPECT_GT(bounded.counts().dropped, 100);
  EXPECT_GT(bounded.counts().buffered, 1);
  // One that alone is larger than everything is allowed to be.
  Fed(bounded, RequestOf(FirstProbe()), ResponseOf(std::string(200'000, 'x')));
  EXPECT_EQ(bounded.counts().buffered, 0);
  EXPECT_EQ(bounded.counts().buffered_bytes, 0u);
}

TEST(ObserverTest, DeclarationsOfAllAnswersAreComparedAndBounded) {
  Observer observer = Made();
  Fed(observer, RequestOf("unknown"), ResponseOf("?"));
  EXPECT_THAT(observer.Declaration().notes.at(0), HasSubstr("model: match"));
  for (int i = 0; i < 500; ++i) {
    Json answer = ResponseOf("?");
    answer["model"] = "name-" + std::to_string(i);
    Fed(observer, RequestOf("unknown"), answer);
  }
  const SignalEvidence evidence = observer.Declaration();
  EXPECT_FALSE(evidence.counted);
  EXPECT_EQ(evidence.n_observed, 501);
  EXPECT_THAT(evidence.notes.at(0), HasSubstr("model: differs"));
  EXPECT_LT(evidence.notes.at(0).size(), 200u);
}

TEST(ObserverTest, ManyThreadsFeedOneObserver) {
  constexpr int kThreads = 4, kEach = 60;
  ObserverOptions options;
  options.max_observations = 100;
  Observer observer = Made(options);
  observer.Attach(*Monitor::Create(Reference()));
  std::atomic<bool> done = false;
  std::atomic<std::int64_t> taken = 0;
  std::thread reader([&] {
    while (!done) {
      taken += static_cast<std::int64_t>(observer.Take().size());
      (void)observer.counts();
      (void)observer.Declaration();
      (void)observer.decision();
    }
  });
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const std::string body = RequestOf(FirstProbe()).dump();
      ExchangeRequest request;
      request.body = body;
      for (int i = 0; i < kEach; ++i) {
        if (i % 3 == t % 3) {
          auto stream = observer.Open(request);
          ASSERT_TRUE(stream.ok());
          EXPECT_TRUE(
              stream->OnEvent(R"({"choices":[{"delta":{"content":"1"},"finish_reason":"stop"}]})", 0.1).ok());
          EXPECT_TRUE(stream->Finish().ok());
        } else {
          EXPECT_TRUE(observer.Observe(request, ResponseOf("2").dump()).ok());
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  done = true;
  reader.join();
  const ObserverCounts counts = observer.counts();
  EXPECT_EQ(counts.exchanges, kThreads * kEach);
  EXPECT_EQ(counts.open_streams, 0);
  EXPECT_EQ(taken + counts.buffered + counts.dropped, kThreads * kEach);
  EXPECT_EQ(observer.decision()->observations, kThreads * kEach);
}

}  // namespace
}  // namespace pinchbeck
