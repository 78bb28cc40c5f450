#include "src/client/refusal.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace pinchbeck::internal {
namespace {

SentParameters EverythingSent() {
  SentParameters sent;
  sent.sampling.top_p = 0.9;
  sent.sampling.top_k = 40;
  sent.sampling.min_p = 0.1;
  sent.sampling.top_logprobs = 20;
  sent.sampling.stream = true;
  sent.seed = true;
  sent.stream_usage = true;
  sent.limit_name = "max_tokens";
  return sent;
}

// Messages composed in the manner of the servers that are known to refuse parameters.
TEST(RefusedParameter, ReadsTheErrorsOfKnownServers) {
  const struct {
    Refusal refusal;
    std::optional<RequestParameter> expected;
  } cases[] = {
      {{400, "unsupported_parameter", "max_tokens", "Use 'max_completion_tokens' instead of 'max_tokens'."},
       RequestParameter::kTokenLimit},
      {{400, "unsupported_value", "temperature", "Only the default (1) value is supported."},
       RequestParameter::kTemperature},
      {{400, "invalid_request_error", "",
        "`temperature` and `top_p` cannot both be specified for this model."},
       RequestParameter::kTopP},
      {{400, "", "", "Requested sample logprobs of 20, which is greater than max allowed: 5"},
       RequestParameter::kLogprobs},
      {{400, "", "", "Unrecognized request argument supplied: stream_options"},
       RequestParameter::kStreamUsage},
      {{422, "", "", "Extra inputs are not permitted: min_p"}, RequestParameter::kMinP},
      {{400, "INVALID_ARGUMENT", "", "Logprobs is not enabled for this model"}, RequestParameter::kLogprobs},
      {{400, "", "", "seed is not supported"}, RequestParameter::kSeed},
      {{400, "", "", "top_k: not allowed here"}, RequestParameter::kTopK},
      {{400, "", "", "Streaming is not available for this model"}, RequestParameter::kStream},
      // About the value of the limit, though both of its names occur.
      {{400, "", "",
        "max_tokens or max_completion_tokens is too large: the maximum context length is 8192 tokens; reduce "
        "the length of the messages"},
       std::nullopt},
      {{400, "context_length_exceeded", "max_tokens",
        "max_tokens (or max_completion_tokens) must be at most 100"},
       std::nullopt},
      // Not about a parameter of ours, or not a refusal.
      {{400, "invalid_value", "max_tokens", "max_tokens is too large"}, std::nullopt},
      {{400, "", "messages", "unsupported: temperature of the oven"}, std::nullopt},
      {{400, "context_length_exceeded", "messages", "maximum context length is 8192 tokens"}, std::nullopt},
      {{400, "", "", "the upstream said something about the weather"}, std::nullopt},
      {{400, "", "", "unsupported: upstreaming and seedling"}, std::nullopt},
      {{500, "", "temperature", "temperature is not supported"}, std::nullopt},
      {{429, "", "", "temperature is not supported"}, std::nullopt},
      {{400, "", "", ""}, std::nullopt}};
  for (const auto& test : cases) {
    EXPECT_EQ(RefusedParameter(test.refusal, EverythingSent()), test.expected) << test.refusal.message;
  }
}

TEST(RefusedParameter, OnlyWhatWasSentCanBeRefused) {
  const Refusal refusal{400, "", "seed", "seed is not supported"};
  SentParameters sent = EverythingSent();
  sent.seed = false;
  EXPECT_EQ(RefusedParameter(refusal, sent), std::nullopt);
}

TEST(AdaptTo, AlternativesGoDownToTheNamedNumberThenStepByStep) {
  SentParameters sent = EverythingSent();
  Adaptation adaptation;
  EXPECT_TRUE(AdaptTo(RequestParameter::kLogprobs, {400, "", "", "logprobs: max allowed: 8 (got 20)"}, sent,
                      adaptation));
  EXPECT_EQ(adaptation.max_top_logprobs, 8);
  sent.sampling.top_logprobs = 8;
  const Refusal vague{400, "", "top_logprobs", "top_logprobs out of range"};
  EXPECT_TRUE(AdaptTo(RequestParameter::kLogprobs, vague, sent, adaptation));
  EXPECT_EQ(adaptation.max_top_logprobs, 5);
  sent.sampling.top_logprobs = 5;
  EXPECT_TRUE(AdaptTo(RequestParameter::kLogprobs, vague, sent, adaptation));
  EXPECT_EQ(adaptation.max_top_logprobs, 0);
  EXPECT_FALSE(adaptation.logprobs);
  sent.sampling.top_logprobs = 0;
  EXPECT_TRUE(AdaptTo(RequestParameter::kLogprobs, vague, sent, adaptation));
  EXPECT_TRUE(adaptation.logprobs);
  sent.sampling.top_logprobs.reset();
  EXPECT_FALSE(AdaptTo(RequestParameter::kLogprobs, vague, sent, adaptation));
}

TEST(AdaptTo, NumbersThatArePartsOfOthersDoNotCount) {
  for (const char* message : {"logprobs: v1.5 does not support it", "model gpt-4o: logprobs unsupported",
                              "logprobs unsupported on qwen2-7b", "request 0x7f: logprobs unsupported"}) {
    Adaptation adaptation;
    EXPECT_TRUE(AdaptTo(RequestParameter::kLogprobs, {400, "", "", message}, EverythingSent(), adaptation));
    EXPECT_TRUE(adaptation.logprobs) << message;
  }
}

TEST(AdaptTo, TheLimitChangesItsNameOnce) {
  Adaptation adaptation;
  const Refusal refusal{400, "", "max_tokens", "unsupported"};
  EXPECT_TRUE(AdaptTo(RequestParameter::kTokenLimit, refusal, EverythingSent(), adaptation));
  EXPECT_EQ(adaptation.token_limit_field, "max_completion_tokens");
  EXPECT_FALSE(AdaptTo(RequestParameter::kTokenLimit, refusal, EverythingSent(), adaptation));
  Adaptation other;
  SentParameters sent = EverythingSent();
  sent.limit_name = "max_completion_tokens";
  EXPECT_TRUE(AdaptTo(RequestParameter::kTokenLimit, refusal, sent, other));
  EXPECT_EQ(other.token_limit_field, "max_tokens");
}

TEST(ReadSentParameters, NamesInsideOfPromptsDoNotCount) {
  const SentParameters sent = ReadSentParameters(
      "openai_chat", {}, R"({"messages":[{"content":"\"seed\": \"temperature\":"}],"max_tokens":4})");
  EXPECT_FALSE(sent.seed);
  EXPECT_FALSE(sent.temperature);
  EXPECT_EQ(sent.limit_name, "max_tokens");
  EXPECT_EQ(ReadSentParameters("anthropic", {}, R"({"max_tokens":4})").limit_name, "");
}

}  // namespace
}  // namespace pinchbeck::internal
