#include "pinchbeck/client/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "pinchbeck/client/client.h"
#include "src/client/url.h"

namespace pinchbeck {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Api, NamesAreDistinctAndReadBack) {
  for (const Api api : AllApis()) {
    EXPECT_EQ(ApiFromName(ApiName(api)), api);
    EXPECT_EQ(MakeDialect(api)->name(), ApiName(api));
  }
  EXPECT_FALSE(ApiFromName("soap").has_value());
}

TEST(DetectApi, ByAddress) {
  const struct {
    const char* url;
    Api api;
  } cases[] = {
      {"https://relay.example/v1", Api::kOpenAiChat},
      {"https://relay.example/v1/chat/completions", Api::kOpenAiChat},
      {"https://relay.example/v1/completions/", Api::kOpenAiCompletions},
      {"https://relay.example/v1/responses", Api::kOpenAiResponses},
      {"https://relay.example/v1/messages", Api::kAnthropic},
      {"https://api.anthropic.com", Api::kAnthropic},
      {"https://API.anthropic.com/v1", Api::kAnthropic},
      {"https://vendor.example/anthropic", Api::kAnthropic},
      {"https://vendor.example/anthropic/v1", Api::kAnthropic},
      {"https://api.anthropic.com.evil.example/v1", Api::kOpenAiChat},
      {"https://vendor.example/misanthropic", Api::kOpenAiChat},
      {"https://generativelanguage.googleapis.com", Api::kGemini},
      {"https://relay.example/v1beta", Api::kGemini},
      {"https://relay.example/v1beta/models/m:streamGenerateContent?alt=sse", Api::kGemini},
      {"https://generativelanguage.googleapis.com/v1beta/openai", Api::kOpenAiChat},
      {"http://127.0.0.1:11434", Api::kOllama},
      {"http://gpu.example:11434/api", Api::kOllama},
      {"http://gpu.example:8080/api/chat", Api::kOllama},
      {"http://127.0.0.1:11434/v1", Api::kOpenAiChat},
      {"https://openrouter.ai/api/v1", Api::kOpenAiChat},
  };
  for (const auto& test : cases) {
    const auto api = DetectApi(test.url);
    ASSERT_TRUE(api.ok()) << test.url;
    EXPECT_EQ(ApiName(*api), ApiName(test.api)) << test.url;
  }
  EXPECT_EQ(DetectApi("nonsense").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(PublicBaseUrl, HasNoOperationOfAnyApi) {
  EXPECT_EQ(*PublicBaseUrl("https://h.example/v1/completions"), "https://h.example/v1");
  EXPECT_EQ(*PublicBaseUrl("https://h.example/v1/responses/"), "https://h.example/v1");
  EXPECT_EQ(*PublicBaseUrl("https://h.example/v1/messages"), "https://h.example/v1");
  EXPECT_EQ(*PublicBaseUrl("http://h.example:11434/api/chat"), "http://h.example:11434");
  EXPECT_EQ(*PublicBaseUrl("https://h.example/v1beta/models/m:generateContent?key=abc"),
            "https://h.example/v1beta");
}

TEST(Requests, GoToTheOriginOfTheBaseUrlAndHoldNoKey) {
  Probe probe;
  probe.messages = {{"system", "s"}, {"user", "@evil.example/"}};
  for (const Api api : AllApis()) {
    for (const bool stream : {false, true}) {
      probe.sampling.stream = stream;
      const auto request = MakeDialect(api)->BuildRequest(
          {"https://h.example:444/base", "@evil.example/../m\r\nX: y", Secret("canary-key-value")}, probe, 1);
      ASSERT_TRUE(request.ok()) << ApiName(api);
      EXPECT_EQ(internal::ParseUrl(request->url)->Origin(), "https://h.example:444") << ApiName(api);
      EXPECT_EQ(request->stream, stream);
      EXPECT_THAT(request->url + request->body, Not(HasSubstr("canary"))) << ApiName(api);
      EXPECT_FALSE(request->key_header.name.empty());
      for (const HttpHeader& header : request->headers) EXPECT_THAT(header.value, Not(HasSubstr("canary")));
    }
  }
}

TEST(Requests, AnUnusableBaseUrlIsAnError) {
  for (const Api api : AllApis()) {
    EXPECT_EQ(MakeDialect(api)->BuildRequest({"ftp://x", "m", Secret()}, Probe{}, 1).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(SupportedSampling, KeepsWhatTheApiHasWordsFor) {
  SamplingParameters sampling;
  sampling.top_k = 4;
  sampling.min_p = 0.1;
  sampling.top_logprobs = 5;
  sampling.top_p = 0.5;
  const SamplingParameters all = SupportedSampling(sampling, MakeDialect(Api::kOpenAiChat)->features());
  EXPECT_EQ(all.top_k, 4);
  EXPECT_EQ(all.min_p, 0.1);
  EXPECT_EQ(all.top_logprobs, 5);
  const SamplingParameters some = SupportedSampling(sampling, MakeDialect(Api::kAnthropic)->features());
  EXPECT_EQ(some.top_k, 4);
  EXPECT_FALSE(some.min_p.has_value());
  EXPECT_FALSE(some.top_logprobs.has_value());
  EXPECT_EQ(some.top_p, 0.5);
}

}  // namespace
}  // namespace pinchbeck
