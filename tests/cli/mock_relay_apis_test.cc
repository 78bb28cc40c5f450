// Every API of the client against every API of the relay: what was recorded must come back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "pinchbeck/client/api.h"
#include "pinchbeck/client/client.h"
#include "tests/cli/mock_relay_fixture.h"

namespace pinchbeck::cli {
namespace {

using testing::HasSubstr;

struct MemorySink final : RecordingSink {
  std::vector<Observation> observations;
  absl::Status Append(const Observation& observation) override {
    observations.push_back(observation);
    return absl::OkStatus();
  }
};

// "Hi yo" with reasoning, counts, and log-probabilities of which one is censored and one absent.
Observation Recorded(const std::string& prompt) {
  Observation observation = Answer(prompt, "Hi yo");
  observation.response.reasoning_text = "hm";
  observation.usage = {};
  observation.usage.input_tokens = 12;
  observation.usage.output_tokens = 5;
  observation.usage.reasoning_tokens = 3;
  observation.usage.cached_input_tokens = 4;
  observation.timing.event_s = {0.1, 0.2};
  observation.timing.event_tokens = {1, 1};
  PositionLogprobs first;
  first.sampled = {"Hi", 7, -0.25};
  first.top = {{"Hi", 7, -0.25}, {"Yo", 9, -9999.0}};
  PositionLogprobs second;
  second.sampled = {" yo", std::nullopt, std::nullopt};
  observation.logprobs = {first, second};
  return observation;
}

class EveryApi : public RelayTest, public testing::WithParamInterface<std::tuple<Api, bool>> {
 protected:
  Api api() const { return std::get<0>(GetParam()); }
  bool stream() const { return std::get<1>(GetParam()); }

  std::vector<Observation> CollectOne(const std::string& prompt, const Secret& key = Secret()) {
    Battery battery;
    battery.name = "b";
    battery.version = "1";
    Probe probe;
    probe.id = "p";
    probe.messages = {{"user", prompt}};
    probe.sampling.top_logprobs = 2;
    probe.sampling.stream = stream();
    battery.probes = {probe};
    CollectOptions options;
    options.samples_per_probe = 1;
    options.retry.max_retries = 0;
    const std::unique_ptr<Dialect> dialect = MakeDialect(api());
    const auto transport = MakeCurlTransport();
    const std::unique_ptr<Clock> clock = MakeSystemClock();
    MemorySink sink;
    const Endpoint endpoint{"http://127.0.0.1:" + std::to_string(port_) + Base(), "claimed", key};
    const auto summary =
        Collect(endpoint, battery, options, {*dialect, **transport, *clock, sink, nullptr, nullptr});
    EXPECT_TRUE(summary.ok()) << summary.status();
    return sink.observations;
  }

 private:
  std::string Base() const {
    switch (api()) {
      case Api::kOpenAiChat:
      case Api::kOpenAiCompletions:
      case Api::kOpenAiResponses:
        return "/v1";
      default:
        return "";
    }
  }
};

TEST_P(EveryApi, WhatWasRecordedComesBack) {
  MockRelayOptions options = Options({Write("a.jsonl", {Recorded("greet")})});
  options.api_key = Secret("canary-key-123");
  Start(options);
  const std::vector<Observation> observations = CollectOne("greet", options.api_key);
  ASSERT_EQ(observations.size(), 1U);
  const Observation& o = observations[0];
  ASSERT_FALSE(o.error.has_value()) << o.error->message;
  EXPECT_EQ(o.request.api, ApiName(api()));
  EXPECT_EQ(o.response.text, "Hi yo");
  EXPECT_EQ(o.response.model, "claimed");
  EXPECT_EQ(o.response.finish_reason, "length");
  EXPECT_EQ(o.usage.input_tokens, 12);
  EXPECT_EQ(o.usage.output_tokens, 5);
  EXPECT_EQ(o.timing.event_s.empty(), !stream());

  if (api() != Api::kOpenAiCompletions) {
    EXPECT_EQ(o.response.reasoning_text, "hm");
  }
  if (api() != Api::kOllama) {
    EXPECT_EQ(o.usage.reasoning_tokens, 3);
    EXPECT_EQ(o.usage.cached_input_tokens, 4);
  } else {
    EXPECT_FALSE(o.usage.reasoning_tokens.has_value());
  }
  if (api() == Api::kAnthropic) {
    EXPECT_TRUE(o.logprobs.empty());
    EXPECT_FALSE(o.request.top_logprobs.has_value());
    return;
  }
  EXPECT_EQ(o.request.top_logprobs, 2);
  ASSERT_EQ(o.logprobs.size(), 2U);
  EXPECT_EQ(o.logprobs[0].sampled.token, "Hi");
  EXPECT_EQ(o.logprobs[0].sampled.logprob, -0.25);
  ASSERT_EQ(o.logprobs[0].top.size(), 2U);
  EXPECT_EQ(o.logprobs[0].top[1].logprob, -9999.0);
  EXPECT_FALSE(o.logprobs[1].sampled.logprob.has_value());
}

// The identity of a prompt depends on the API: plain text is not a chat.
TEST_P(EveryApi, WhatWasCollectedCanBeServed) {
  Start(Options({Write("a.jsonl", {Recorded("greet")})}));
  const std::vector<Observation> collected = CollectOne("greet");
  ASSERT_EQ(collected.size(), 1U);
  ASSERT_FALSE(collected[0].error.has_value()) << collected[0].error->message;
  relay_.reset();
  Start(Options({Write("b.jsonl", collected)}));
  const std::vector<Observation> again = CollectOne("greet");
  ASSERT_EQ(again.size(), 1U);
  ASSERT_FALSE(again[0].error.has_value()) << again[0].error->message;
  EXPECT_EQ(again[0].response.text, "Hi yo");
  EXPECT_EQ(again[0].request.prompt_sha256, collected[0].request.prompt_sha256);
}

TEST_P(EveryApi, ErrorsAreInTheShapeOfTheApi) {
  MockRelayOptions options = Options({Write("a.jsonl", {Recorded("greet")})});
  options.api_key = Secret("canary-key-123");
  Start(options);
  const std::vector<Observation> unknown = CollectOne("never recorded", options.api_key);
  ASSERT_EQ(unknown.size(), 1U);
  ASSERT_TRUE(unknown[0].error.has_value());
  EXPECT_EQ(unknown[0].error->status, 404);
  EXPECT_THAT(unknown[0].error->message, HasSubstr("not in the recording"));
  const std::vector<Observation> refused = CollectOne("greet", Secret("wrong-key-123456"));
  ASSERT_EQ(refused.size(), 1U);
  ASSERT_TRUE(refused[0].error.has_value());
  EXPECT_EQ(refused[0].error->status, 401);
}

INSTANTIATE_TEST_SUITE_P(Apis, EveryApi,
                         testing::Combine(testing::ValuesIn(AllApis().begin(), AllApis().end()),
                                          testing::Bool()),
                         [](const testing::TestParamInfo<std::tuple<Api, bool>>& param) {
                           return std::string(ApiName(std::get<0>(param.param))) +
                                  (std::get<1>(param.param) ? "_stream" : "_whole");
                         });

}  // namespace
}  // namespace pinchbeck::cli
