#include "pinchbeck/audit/observer.h"

#include <gmock/gmock.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/audit/observer_fixture.h"

namespace pinchbeck {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ObserverTest, ARequestMadeLikeAProbeBecomesItsObservation) {
  Observer observer = Made();
  ExchangeEnd end;
  end.total_s = 0.5;
  EXPECT_EQ(Fed(observer, RequestOf(FirstProbe()), ResponseOf("3"), end), ObservationUse::kProbe);
  const std::vector<Observation> taken = observer.Take();
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].probe, FirstProbe());
  EXPECT_EQ(taken[0].response.text, "3");
  EXPECT_EQ(taken[0].request.temperature, 1.0);
  EXPECT_EQ(taken[0].usage.input_tokens, 9);
  EXPECT_EQ(taken[0].timing.total_s, 0.5);
  EXPECT_FALSE(taken[0].timing.first_token_s.has_value());
  EXPECT_FALSE(taken[0].error.has_value());
  EXPECT_THAT(observer.Take(), IsEmpty());
}

TEST(ObserverTest, WhateverChangesAnswersKeepsARequestFromBeingAProbe) {
  struct Case {
    const char* name;
    std::function<void(Json&)> change;
    ObservationUse use;
  };
  const std::vector<Case> cases = {
      {"nothing", [](Json&) {}, ObservationUse::kProbe},
      {"bookkeeping",
       [](Json& r) {
         r["user"] = "u";
         r["stream"] = false;
         r["frequency_penalty"] = 0;
         r["stop"] = nullptr;
         r["tools"] = Json::array();
         r["n"] = 1;
       },
       ObservationUse::kProbe},
      {"one text part",
       [](Json& r) {
         const Json text = r["messages"][0]["content"];
         r["messages"][0]["content"] = Json::array({{{"type", "text"}, {"text", text}}});
       },
       ObservationUse::kProbe},
      {"the newer name of the limit",
       [](Json& r) {
         r.erase("max_tokens");
         r["max_completion_tokens"] = 4;
       },
       ObservationUse::kProbe},
      {"other prompt", [](Json& r) { r["messages"][0]["content"] = "?"; }, ObservationUse::kUnknownPrompt},
      {"a system prompt",
       [](Json& r) {
         const Json system = {{"role", "system"}, {"content", "Be brief."}};
         r["messages"].insert(r["messages"].begin(), system);
       },
       ObservationUse::kUnknownPrompt},
      {"other temperature", [](Json& r) { r["temperature"] = 0.9; }, ObservationUse::kOtherSettings},
      {"the server's default temperature", [](Json& r) { r.erase("temperature"); },
       ObservationUse::kOtherSettings},
      {"top_p", [](Json& r) { r["top_p"] = 0.5; }, ObservationUse::kOtherSettings},
      {"a seed", [](Json& r) { r["seed"] = 7; }, ObservationUse::kSeed},
      {"penalty", [](Json& r) { r["frequency_penalty"] = 0.5; }, ObservationUse::kOtherParameter},
      {"several answers", [](Json& r) { r["n"] = 2; }, ObservationUse::kOtherParameter},
      {"effort", [](Json& r) { r["reasoning_effort"] = "low"; }, ObservationUse::kOtherParameter},
      {"something unheard of", [](Json& r) { r["mirostat"] = 2; }, ObservationUse::kOtherParameter},
      {"an image",
       [](Json& r) {
         r["messages"][0]["content"] = Json::array({{{"type", "image_url"}, {"image_url", {{"url", "x"}}}}});
       },
       ObservationUse::kPromptNotText},
      {"a named author", [](Json& r) { r["messages"][0]["name"] = "Ada"; }, ObservationUse::kPromptNotText},
  };
  Observer observer = Made();
  for (const Case& c : cases) {
    Json request = RequestOf(FirstProbe());
    c.change(request);
    EXPECT_EQ(Fed(observer, request, ResponseOf("3")), c.use) << c.name;
  }
  EXPECT_EQ(observer.counts().buffered, 4);
  EXPECT_EQ(observer.counts().exchanges, static_cast<std::int64_t>(cases.size()));
}

TEST(ObserverTest, AnAnthropicRequestIsMatchedWithItsSystemPrompt) {
  std::vector<Observation> observations = RandomChoices(1, 50, 2, 1);
  FingerprintBuilder builder(EnrollOptions{.model = "claimed"});
  Probe probe;
  probe.messages = {{"system", "Be brief."}, {"user", "Pick."}};
  for (Observation& observation : observations) {
    observation.request.prompt_sha256 = probe.PromptSha256();
    ASSERT_TRUE(builder.Add(observation, "default").ok());
  }
  const auto fingerprint = std::move(builder).Build();
  ASSERT_TRUE(fingerprint.ok());
  Observer observer = Made({}, *fingerprint);
  const auto use = observer.ObserveJson(R"({"api": "anthropic",
    "request": {"model": "m", "max_tokens": 4, "temperature": 1,
                "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
                "messages": [{"role": "user", "content": "Pick."}]},
    "response": {"type": "message", "id": "msg_1", "content": [{"type": "text", "text": "a"}],
                 "stop_reason": "end_turn", "usage": {"input_tokens": 5, "output_tokens": 1}}})");
  ASSERT_TRUE(use.ok()) << use.status();
  EXPECT_EQ(*use, ObservationUse::kProbe);
  EXPECT_EQ(observer.Take().at(0).response.text, "a");
}

TEST(ObserverTest, StreamsKeepTheArrivalOfTheirEvents) {
  Observer observer = Made();
  const std::string body = RequestOf(FirstProbe()).dump();
  ExchangeRequest request;
  request.body = body;
  auto stream = observer.Open(request);
  ASSERT_TRUE(stream.ok());
  EXPECT_EQ(observer.counts().open_streams, 1);
  // As client libraries hand events on, and in pieces as a socket does.
  EXPECT_TRUE(stream->OnEvent(R"({"choices": [{"index": 0, "delta": {"content": "4"}}]})", 0.2).ok());
  EXPECT_TRUE(stream->OnBytes("data: {\"choices\": [{\"index\": 0, \"del", 0.3).ok());
  EXPECT_TRUE(stream->OnBytes("ta\": {\"content\": \"2\"}}]}\n\n", 0.4).ok());
  EXPECT_FALSE(stream->OnEvent("{}", 0.1).ok());
  EXPECT_TRUE(stream->OnEvent("{\"choices\": [{\"index\": 0,\n\"finish_reason\": \"stop\"}]}", 0.5).ok());
  const auto use = stream->Finish();
  ASSERT_TRUE(use.ok()) << use.status();
  EXPECT_EQ(*use, ObservationUse::kProbe);
  EXPECT_EQ(stream->Finish().status().code(), absl::StatusCode::kFailedPrecondition);
  const Observation observation = observer.Take().at(0);
  EXPECT_EQ(observation.response.text, "42");
  EXPECT_THAT(observation.timing.event_s, ElementsAre(0.2, 0.4));
  EXPECT_EQ(observation.timing.first_token_s, 0.2);
  EXPECT_EQ(observation.timing.total_s, 0.5);
}

TEST(ObserverTest, FailedAndBrokenAnswersAreCountedAndNeverData) {
  Observer observer = Made();
  Monitor monitor = *Monitor::Create(Reference());
  observer.Attach(std::move(monitor));
  ExchangeEnd refused;
  refused.status = 429;
  EXPECT_EQ(Fed(observer, RequestOf(FirstProbe()), {{"error", {{"message", "slow down"}}}}, refused),
            ObservationUse::kFailed);
  ExchangeEnd cut;
  cut.complete = false;
  EXPECT_EQ(Fed(observer, RequestOf(FirstProbe()), "", cut), ObservationUse::kFailed);
  EXPECT_EQ(Fed(observer, RequestOf(FirstProbe()), {{"detail", "no choices here"}}), ObservationUse::kFailed);
  EXPECT_EQ(observer.decision()->used, 0);
  EXPECT_EQ(observer.decision()->skipped[static_cast<std::size_t>(MonitorSkip::kRequestFailed)], 3);
  for (const Observation& observation : observer.Take()) EXPECT_TRUE(observation.error.has_value());
}

TEST(ObserverTest, TheMonitorDecidesAsOnTheSameRecording) {
  Observer observer = Made();
  observer.Attach(*Monitor::Create(Reference()));
  Monitor direct = *Monitor::Create(Reference());
  for (const Observation& answer : RandomChoices(3, 60, 0, 2)) {
    Fed(observer, RequestOf(answer.probe), ResponseOf(*answer.response.text));
    // Traffic of other kinds moves nothing.
    Fed(observer, RequestOf("something else"), ResponseOf("?"));
  }
  for (const Observation& observation : observer.Take()) ASSERT_TRUE(direct.Step(observation).ok());
  const MonitorDecision decision = *observer.decision();
  EXPECT_EQ(decision.observations, 180);
  EXPECT_EQ(decision.log10_e_value, direct.decision().log10_e_value);
  EXPECT_TRUE(decision.alarm_at.has_value());
  std::string state;
  EXPECT_TRUE(observer.WithMonitor([&](Monitor& monitor) { state = monitor.SerializeState(); }));
  EXPECT_EQ(state, direct.SerializeState());
  EXPECT_FALSE(Made().WithMonitor([](Monitor&) {}));
  EXPECT_FALSE(Made().decision().has_value());
}

}  // namespace
}  // namespace pinchbeck
