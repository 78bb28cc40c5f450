#include "pinchbeck/client/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "pinchbeck/client/api.h"
#include "tests/client/collect_bench.h"

namespace pinchbeck {
namespace {

using nlohmann::json;
using pinchbeck::testing::Bad;
using pinchbeck::testing::Broken;
using pinchbeck::testing::FakeAnswer;
using pinchbeck::testing::FakeClock;
using pinchbeck::testing::FakeTransport;
using pinchbeck::testing::kCanary;
using ::testing::HasSubstr;
using ::testing::Not;

json Body(const TransferRequest& request) { return json::parse(request.http.body); }

// What an endpoint does, so that a test changes one thing.
struct Behaviour {
  bool stream = true;
  bool usage = true;
  int top_logprobs = 20;
  bool keeps_max_tokens = true;
  bool keeps_max_completion_tokens = true;
  bool honours_seed = true;
};

FakeAnswer Answer(const Behaviour& behaviour, const json& body, int number) {
  const bool limited = (body.contains("max_tokens") && behaviour.keeps_max_tokens) ||
                       (body.contains("max_completion_tokens") && behaviour.keeps_max_completion_tokens);
  const std::string text =
      body.contains("seed") && !behaviour.honours_seed ? "a" + std::to_string(number) : "1 2";
  json choice = {{"index", 0}, {"finish_reason", limited ? "length" : "stop"}};
  if (body.contains("logprobs") && behaviour.top_logprobs >= 0) {
    json top = json::array();
    const int count = std::min(body.value("top_logprobs", 0), behaviour.top_logprobs);
    for (int i = 0; i < count; ++i) top.push_back({{"token", std::to_string(i)}, {"logprob", -1.0}});
    choice["logprobs"] = {{"content", {{{"token", "1"}, {"logprob", -0.1}, {"top_logprobs", top}}}}};
  }
  json answer = {{"model", "served"}, {"system_fingerprint", "fp_1"}};
  if (behaviour.usage) answer["usage"] = {{"prompt_tokens", 20}, {"completion_tokens", limited ? 16 : 80}};
  FakeAnswer reply;
  reply.headers = {{"date", "Fri, 20 Nov 2026 08:00:05 GMT"},
                   {"x-ratelimit-limit-requests", "60"},
                   {"x-ratelimit-remaining-requests", "59"},
                   {"x-litellm-version", "1.2\x1b[31m " + std::string(kCanary)}};
  if (body.value("stream", false) && behaviour.stream) {
    choice["delta"] = {{"content", text}};
    answer["choices"] = {choice};
    reply.headers.push_back({"content-type", "text/event-stream"});
    reply.body = "data: " + answer.dump() + "\n\ndata: [DONE]\n\n";
  } else {
    choice["message"] = {{"content", text}};
    answer["choices"] = {choice};
    reply.body = answer.dump();
  }
  reply.duration = absl::Milliseconds(100);
  return reply;
}

struct Examination {
  explicit Examination(FakeTransport::Script script) : transport(clock, std::move(script)) {}
  absl::StatusOr<DoctorReport> Run(Api api = Api::kOpenAiChat) {
    const auto dialect = MakeDialect(api);
    return ExamineEndpoint({"https://relay.example/v1", "gpt-x", Secret(kCanary)}, {},
                           {*dialect, transport, clock, &stop});
  }
  FakeClock clock;
  FakeTransport transport;
  StopFlag stop{0};
};

Examination Of(const Behaviour& behaviour) {
  return Examination([behaviour](const TransferRequest& request, int number) {
    return Answer(behaviour, Body(request), number);
  });
}

TEST(Doctor, AnEndpointThatSupportsEverything) {
  Examination examination = Of({});
  const auto report = examination.Run();
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->usable);
  for (const Capability* capability :
       {&report->streaming, &report->logprobs, &report->usage, &report->usage_in_streams, &report->seed,
        &report->temperature_zero, &report->token_limit, &report->other_token_limit}) {
    EXPECT_EQ(capability->support, Support::kYes) << capability->detail;
  }
  EXPECT_EQ(report->top_logprobs, 20);
  EXPECT_EQ(report->token_limit_name, "max_tokens");
  EXPECT_EQ(report->served_model, "served");
  EXPECT_EQ(report->limits.requests.limit, 60);
  EXPECT_EQ(report->adaptation, Adaptation{});
  EXPECT_EQ(report->requests, PlanExamination(*MakeDialect(Api::kOpenAiChat)).requests);
}

TEST(Doctor, WhatIsTakenAndNotGivenIsIgnored) {
  Examination examination = Of({.stream = false,
                                .usage = false,
                                .top_logprobs = -1,
                                .keeps_max_tokens = true,
                                .keeps_max_completion_tokens = false,
                                .honours_seed = false});
  const auto report = examination.Run();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->streaming.support, Support::kIgnored);
  EXPECT_EQ(report->logprobs.support, Support::kIgnored);
  EXPECT_EQ(report->usage.support, Support::kIgnored);
  EXPECT_EQ(report->seed.support, Support::kIgnored);
  EXPECT_EQ(report->usage_in_streams.support, Support::kUnknown) << "there was no stream";
  EXPECT_EQ(report->token_limit.support, Support::kYes) << "the finish reason shows it";
  EXPECT_EQ(report->other_token_limit.support, Support::kUnknown) << "nothing shows it";
}

TEST(Doctor, ALimitNameThatIsIgnoredShowsInTheLength) {
  Examination examination = Of({.keeps_max_completion_tokens = false});
  const auto report = examination.Run();
  EXPECT_EQ(report->other_token_limit.support, Support::kIgnored);
  EXPECT_THAT(report->other_token_limit.detail, HasSubstr("80 tokens"));
}

TEST(Doctor, WhatIsRefusedIsLeftOutAndTheWordsAreKept) {
  Examination examination([](const TransferRequest& request, int number) {
    const json body = Body(request);
    if (body.contains("logprobs")) return Bad(400, "logprobs is not supported with this model");
    if (body.contains("max_tokens")) {
      return Bad(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.");
    }
    if (body.value("temperature", 1.0) == 0.0)
      return Bad(400, "temperature: only the default (1) is supported");
    if (body.contains("seed")) return Bad(400, "seed is not supported");
    if (body.contains("stream_options")) return Bad(400, "Unrecognized argument: stream_options");
    return Answer({}, body, number);
  });
  const auto report = examination.Run();
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->usable);
  EXPECT_EQ(report->logprobs.support, Support::kRefused);
  EXPECT_THAT(report->logprobs.detail, HasSubstr("server says: \"logprobs is not supported"));
  EXPECT_EQ(report->seed.support, Support::kRefused);
  EXPECT_EQ(report->temperature_zero.support, Support::kRefused);
  EXPECT_EQ(report->streaming.support, Support::kYes);
  EXPECT_EQ(report->usage_in_streams.support, Support::kRefused);
  EXPECT_EQ(report->other_token_limit.support, Support::kRefused);
  EXPECT_EQ(report->adaptation.token_limit_field, "max_completion_tokens");
  EXPECT_TRUE(report->adaptation.logprobs);
}

TEST(Doctor, FindsTheMostAlternativesThatAreTaken) {
  Examination examination([](const TransferRequest& request, int number) {
    const json body = Body(request);
    if (body.value("top_logprobs", 0) > 5) return Bad(400, "top_logprobs must be at most 5");
    return Answer({}, body, number);
  });
  const auto report = examination.Run();
  EXPECT_EQ(report->logprobs.support, Support::kYes);
  EXPECT_EQ(report->top_logprobs, 5);
  EXPECT_EQ(report->adaptation.max_top_logprobs, 5);
}

TEST(Doctor, AnEndpointThatDoesNotAnswerCostsOneRequest) {
  for (const FakeAnswer& answer : {Bad(401, "Invalid API key"), Bad(404), Bad(307),
                                   Broken(TransferFailure::kTls), Broken(TransferFailure::kTimeout)}) {
    Examination examination([&](const TransferRequest&, int) { return answer; });
    const auto report = examination.Run();
    ASSERT_TRUE(report.ok());
    EXPECT_FALSE(report->usable);
    EXPECT_TRUE(report->error.has_value());
    EXPECT_EQ(report->requests, 1);
    EXPECT_EQ(report->streaming.support, Support::kUnknown);
  }
}

TEST(Doctor, AnEndpointThatRefusesEverythingIsAskedABoundedNumberOfTimes) {
  Examination examination([](const TransferRequest&, int number) {
    const char* names[] = {"max_tokens", "temperature", "top_logprobs", "seed"};
    return Bad(400, std::string(names[number % 4]) + " is not supported");
  });
  const auto report = examination.Run();
  ASSERT_TRUE(report.ok());
  EXPECT_FALSE(report->usable);
  EXPECT_LE(report->requests, PlanExamination(*MakeDialect(Api::kOpenAiChat)).max_requests);
}

TEST(Doctor, TheClockOffsetIsARange) {
  Examination examination = Of({});  // the server's date is five seconds ahead of the start
  const auto report = examination.Run();
  ASSERT_TRUE(report->clock.has_value());
  EXPECT_LE(report->clock->low, absl::Seconds(5));
  EXPECT_GE(report->clock->low, absl::Seconds(4));
  EXPECT_LE(report->clock->high, absl::Seconds(6));
}

TEST(Doctor, HeadersAreCleanedCutAndHoldNoKey) {
  Examination examination([](const TransferRequest& request, int number) {
    FakeAnswer answer = Answer({}, Body(request), number);
    answer.headers.push_back({"via", std::string(5000, 'v')});
    for (int i = 0; i < 100; ++i) answer.headers.push_back({"x-cache-" + std::to_string(i), "HIT"});
    return answer;
  });
  const auto report = examination.Run();
  ASSERT_TRUE(report.ok());
  EXPECT_LE(report->relay_headers.size(), 12U);
  bool seen = false;
  for (const HttpHeader& header : report->relay_headers) {
    EXPECT_LE(header.value.size(), 130U);
    EXPECT_THAT(header.value, Not(HasSubstr("\x1b")));
    EXPECT_THAT(header.value, Not(HasSubstr(kCanary)));
    seen = seen || header.name == "x-litellm-version";
  }
  EXPECT_TRUE(seen);
}

TEST(Doctor, ApisWithoutAWordForAFeatureAreNotAskedForIt) {
  Examination examination([](const TransferRequest&, int) {
    FakeAnswer answer;
    answer.body =
        R"({"type":"message","model":"m","content":[{"type":"text","text":"1 2"}],"stop_reason":"max_tokens",
            "usage":{"input_tokens":9,"output_tokens":16}})";
    return answer;
  });
  const auto report = examination.Run(Api::kAnthropic);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->usable) << report->error->message;
  EXPECT_EQ(report->logprobs.support, Support::kNotInApi);
  EXPECT_EQ(report->seed.support, Support::kNotInApi);
  EXPECT_EQ(report->other_token_limit.support, Support::kNotInApi);
  EXPECT_EQ(report->requests, PlanExamination(*MakeDialect(Api::kAnthropic)).requests);
}

TEST(Doctor, LimitsOfTokensAloneAreKept) {
  Examination examination([](const TransferRequest& request, int number) {
    FakeAnswer answer = Answer({}, Body(request), number);
    answer.headers = {{"x-ratelimit-limit-tokens", "90000"}};
    return answer;
  });
  const auto report = examination.Run();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->limits.tokens.limit, 90000);
}

TEST(Doctor, ImpossibleUsagesDoNotMakeANegativeSum) {
  Examination examination([](const TransferRequest&, int) {
    FakeAnswer answer;
    answer.body =
        R"({"choices":[{"index":0,"finish_reason":"stop","message":{"content":"1"}}],"usage":
            {"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775807}})";
    return answer;
  });
  const auto report = examination.Run();
  ASSERT_TRUE(report.ok());
  EXPECT_GT(report->input_tokens, 0);
  EXPECT_GT(report->output_tokens, 0);
}

TEST(Doctor, TheStopFlagEndsIt) {
  Examination examination = Of({});
  examination.stop = 1;
  const auto report = examination.Run();
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->interrupted);
  EXPECT_EQ(report->requests, 0);
}

}  // namespace
}  // namespace pinchbeck
