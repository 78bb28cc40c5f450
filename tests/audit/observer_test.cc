#include "pinchbeck/audit/observer.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pinchbeck/audit/verify.h"
#include "src/audit/probe_matcher.h"
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
      {"a penalty that the model's files may set otherwise", [](Json& r) { r["frequency_penalty"] = 0; },
       ObservationUse::kOtherParameter},
      {"thinking that others do by default",
       [](Json& r) {
         r["thinking"] = {{"type", "disabled"}};
       },
       ObservationUse::kOtherParameter},
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
  ObserverOptions options;
  options.models = {"m"};
  Observer observer = Made(options, *fingerprint);
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

TEST(ObserverTest, AClockThatIsSetBackCostsTheTimesAndNoWord) {
  Observer observer = Made();
  const std::string body = RequestOf(FirstProbe()).dump();
  ExchangeRequest request;
  request.body = body;
  auto stream = observer.Open(request);
  ASSERT_TRUE(stream.ok());
  EXPECT_TRUE(stream->OnEvent(R"({"choices": [{"index": 0, "delta": {"content": "7"}}]})", 0.2).ok());
  EXPECT_TRUE(stream->OnEvent(R"({"choices": [{"index": 0, "delta": {"content": "3"}}]})", 0.1).ok());
  EXPECT_TRUE(stream->OnEvent(R"({"choices": [{"index": 0, "finish_reason": "stop"}]})", 0.5).ok());
  EXPECT_EQ(*stream->Finish({.total_s = 0.6}), ObservationUse::kProbe);
  const Observation observation = observer.Take().at(0);
  EXPECT_EQ(observation.response.text, "73");
  EXPECT_THAT(observation.timing.event_s, IsEmpty());
  EXPECT_FALSE(observation.timing.first_token_s.has_value());
  EXPECT_FALSE(observation.timing.total_s.has_value());
}

TEST(ObserverTest, PiecesWhoseArrivalNobodyMeasuredHaveWordsAndNoTimes) {
  Observer observer = Made();
  const std::string body = RequestOf(FirstProbe()).dump();
  ExchangeRequest request;
  request.body = body;
  auto stream = observer.Open(request);
  ASSERT_TRUE(stream.ok());
  EXPECT_TRUE(stream->OnEvent(R"({"choices": [{"index": 0, "delta": {"content": "7"}}]})").ok());
  EXPECT_TRUE(
      stream->OnBytes("data: {\"choices\": [{\"index\": 0, \"delta\": {\"content\": \"3\"}}]}\n\n").ok());
  EXPECT_TRUE(stream->OnEvent(R"({"choices": [{"index": 0, "finish_reason": "stop"}]})").ok());
  EXPECT_EQ(*stream->Finish(), ObservationUse::kProbe);
  const Observation observation = observer.Take().at(0);
  EXPECT_EQ(observation.response.text, "73");
  EXPECT_THAT(observation.timing.event_s, IsEmpty());
  EXPECT_FALSE(observation.timing.first_token_s.has_value());
  EXPECT_FALSE(observation.timing.total_s.has_value());
}

TEST(ObserverTest, OnlyTheNamedModelAndEndpointAreWatched) {
  ObserverOptions options;
  options.models = {"gpt-x", "gpt-x-latest"};
  options.endpoint = "https://relay.example/v1/";
  Observer observer = Made(options);
  const auto use_of = [&](const char* model, const char* endpoint) {
    Json request = RequestOf(FirstProbe());
    request.erase("model");
    if (model != nullptr) request["model"] = model;
    Json exchange = {{"request", request}, {"response", ResponseOf("3")}};
    if (endpoint != nullptr) exchange["endpoint"] = endpoint;
    return std::string(ObservationUseName(*observer.ObserveJson(exchange.dump())));
  };
  EXPECT_EQ(use_of("gpt-x", "https://relay.example/v1"), "probe");
  EXPECT_EQ(use_of("gpt-x-latest", "https://me:secret@relay.example/v1/?key=1"), "probe");
  EXPECT_EQ(use_of("gpt-x-mini", "https://relay.example/v1"), "other_model");
  // What is not said is no agreement.
  EXPECT_EQ(use_of(nullptr, "https://relay.example/v1"), "other_model");
  EXPECT_EQ(use_of("gpt-x", "https://other.example/v1"), "other_endpoint");
  EXPECT_EQ(use_of("gpt-x", nullptr), "other_endpoint");
  EXPECT_EQ(observer.counts().buffered, 2);
  EXPECT_EQ(observer.Declaration().n_observed, 2);
}

Observation Drawn(const Exchange& exchange, int draw) {
  Observation observation = exchange.observation;
  observation.probe = internal::LogProbeName(exchange);
  observation.response.text = std::string(1, static_cast<char>('A' + draw % 3));
  observation.response.model = "gpt-x";
  return observation;
}

Fingerprint FromLog(const Json& request) {
  const std::string body = request.dump();
  ExchangeRequest sent;
  sent.body = body;
  const auto exchange = ReadExchange(sent, ResponseOf("A").dump());
  EXPECT_TRUE(exchange.ok()) << exchange.status();
  FingerprintBuilder builder(EnrollOptions{.model = "claimed"});
  for (int i = 0; i < 30; ++i) EXPECT_TRUE(builder.Add(Drawn(*exchange, i), "default").ok());
  auto fingerprint = std::move(builder).Build();
  EXPECT_TRUE(fingerprint.ok()) << fingerprint.status();
  return *std::move(fingerprint);
}

TEST(ObserverTest, AProbeFromALogIsRepeatedOnlyByItsOwnRequest) {
  const Json plain = RequestOf("x");
  Json tools = plain;
  tools["tools"] = Json::array({{{"type", "function"}, {"function", {{"name", "f"}}}}});
  Json format = plain;
  format["response_format"] = {{"type", "json_object"}};
  const std::vector<Json> requests = {plain, tools, format};
  for (std::size_t enrolled = 0; enrolled < requests.size(); ++enrolled) {
    Observer observer = Made({}, FromLog(requests[enrolled]));
    for (std::size_t asked = 0; asked < requests.size(); ++asked) {
      EXPECT_EQ(Fed(observer, requests[asked], ResponseOf("A")) == ObservationUse::kProbe, asked == enrolled)
          << enrolled << " against " << asked;
    }
  }
  // The record of a request with more than a prompt says nothing that looks like the plain prompt.
  const std::string body = tools.dump();
  ExchangeRequest sent;
  sent.body = body;
  EXPECT_FALSE(ReadExchange(sent, "{}")->observation.request.prompt_sha256.has_value());
}

TEST(ObserverTest, ProbesOfUnknownConditionsAndTwinsAreMatchedByNothing) {
  const auto without = [](void (*forget)(Observation&)) {
    std::vector<Observation> observations = RandomChoices(1, 50, 2, 1);
    FingerprintBuilder builder(EnrollOptions{.model = "claimed"});
    Probe probe;
    probe.messages = {{"user", PromptOf("one")}};
    for (Observation& observation : observations) {
      observation.request.prompt_sha256 = probe.PromptSha256();
      forget(observation);
      EXPECT_TRUE(builder.Add(observation, "default").ok());
    }
    return *std::move(builder).Build();
  };
  const std::vector<void (*)(Observation&)> forgets = {
      [](Observation& o) { o.request.temperature.reset(); },
      [](Observation& o) { o.request.max_tokens.reset(); },
      [](Observation& o) { o.request.prompt_sha256.reset(); }};
  for (const auto& forget : forgets) {
    Observer observer = Made({}, without(forget));
    Json request = RequestOf("one");
    EXPECT_NE(Fed(observer, request, ResponseOf("A")), ObservationUse::kProbe);
    request.erase("temperature");
    EXPECT_NE(Fed(observer, request, ResponseOf("A")), ObservationUse::kProbe);
    request.erase("max_tokens");
    EXPECT_NE(Fed(observer, request, ResponseOf("A")), ObservationUse::kProbe);
    EXPECT_THAT(observer.warnings(), ElementsAre(testing::HasSubstr("do not record")));
  }
  // Recorded, so that the test above can fail.
  Observer known = Made({}, without([](Observation&) {}));
  EXPECT_EQ(Fed(known, RequestOf("one"), ResponseOf("A")), ObservationUse::kProbe);
  EXPECT_THAT(known.warnings(), IsEmpty());

  std::vector<Observation> twins = RandomChoices(2, 50, 2, 1);
  FingerprintBuilder builder(EnrollOptions{.model = "claimed"});
  Probe probe;
  probe.messages = {{"user", PromptOf("one")}};
  for (Observation& observation : twins) {
    observation.request.prompt_sha256 = probe.PromptSha256();
    ASSERT_TRUE(builder.Add(observation, "default").ok());
  }
  Observer observer = Made({}, *std::move(builder).Build());
  EXPECT_NE(Fed(observer, RequestOf("one"), ResponseOf("A")), ObservationUse::kProbe);
  EXPECT_THAT(observer.warnings(), ElementsAre(testing::HasSubstr("2 of 2 probes")));
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

TEST(ObserverTest, FailuresAfterTextAreCountedByThemselves) {
  Observer observer = Made();
  Json broken = ResponseOf("3");
  broken["choices"][0]["finish_reason"] = "error";
  EXPECT_EQ(Fed(observer, RequestOf(FirstProbe()), broken), ObservationUse::kFailed);
  EXPECT_EQ(Fed(observer, RequestOf(FirstProbe()), {{"detail", "no choices"}}), ObservationUse::kFailed);
  EXPECT_EQ(Fed(observer, RequestOf("unknown"), broken), ObservationUse::kUnknownPrompt);
  EXPECT_EQ(observer.counts().failed_after_text, 1);
}

// A relay with one id for all, and a process that starts again and goes on in the same file.
TEST(ObserverTest, EqualAnswersWithOneIdAreNoCopies) {
  const std::string path = testing::TempDir() + "/pinchbeck-observer.jsonl";
  std::ofstream file(path, std::ios::trunc);
  const std::vector<Observation> answers = RandomChoices(3, 100, 2, 2);
  for (int process = 0; process < 2; ++process) {
    Observer observer = Made();
    for (std::size_t i = 0; i < answers.size(); ++i) {
      Fed(observer, RequestOf(answers[i].probe), ResponseOf(*answers[i].response.text));
      if (i % 70 != 0 && i + 1 != answers.size()) continue;
      for (const Observation& taken : observer.Take()) file << SerializeObservation(taken) << "\n";
    }
  }
  file.close();
  const auto report = VerifyRecordings(Reference(), {path});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->n_observed, 600);
  EXPECT_NE(report->verdict, Verdict::kDiffers);
  // The same file twice is still the same answers.
  EXPECT_EQ(VerifyRecordings(Reference(), {path, path})->n_observed, 600);
}

TEST(ObserverTest, NumbersBeginWhereTheCallerSays) {
  ObserverOptions options;
  options.first_sample = 7;
  Observer observer = Made(options);
  for (int i = 0; i < 3; ++i) Fed(observer, RequestOf(FirstProbe()), ResponseOf("3"));
  Fed(observer, RequestOf("unknown"), ResponseOf("3"));
  const std::vector<Observation> taken = observer.Take();
  ASSERT_EQ(taken.size(), 3u);
  EXPECT_EQ(taken[0].sample, 7);
  EXPECT_EQ(taken[2].sample, 9);
}

TEST(ObserverTest, ForkedProcessesCountFromNumbersOfTheirOwn) {
  Observer observer = Made();
  Fed(observer, RequestOf(FirstProbe()), ResponseOf("3"));
  const std::int64_t before = observer.Take().at(0).sample.value_or(-1);
  std::array<int, 2> channel{};
  ASSERT_EQ(pipe(channel.data()), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Fed(observer, RequestOf(FirstProbe()), ResponseOf("3"));
    const std::int64_t number = observer.Take().at(0).sample.value_or(-1);
    _exit(write(channel[1], &number, sizeof number) == sizeof number ? 0 : 1);
  }
  std::int64_t number = 0;
  ASSERT_EQ(read(channel[0], &number, sizeof number), static_cast<ssize_t>(sizeof number));
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  Fed(observer, RequestOf(FirstProbe()), ResponseOf("3"));
  EXPECT_EQ(observer.Take().at(0).sample, before + 1);
  EXPECT_NE(number, before + 1);
  close(channel[0]);
  close(channel[1]);
}

TEST(ObserverTest, AMonitorIsNotReplacedUnasked) {
  Observer observer = Made();
  EXPECT_TRUE(observer.AttachIfNone(*Monitor::Create(Reference())));
  Fed(observer, RequestOf(FirstProbe()), ResponseOf("3"));
  EXPECT_FALSE(observer.AttachIfNone(*Monitor::Create(Reference())));
  EXPECT_EQ(observer.decision()->used, 1);
  observer.Attach(*Monitor::Create(Reference()));
  EXPECT_EQ(observer.decision()->used, 0);
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
