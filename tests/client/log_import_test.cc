// Each log format, on a sample written for it: what is used, what is left out, what stays absent.
#include "pinchbeck/client/log_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/core/probe.h"
#include "tests/client/log_import_fixture.h"

namespace pinchbeck {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::string DigestOf(std::vector<ChatMessage> messages) {
  Probe probe;
  probe.messages = std::move(messages);
  return probe.PromptSha256();
}

// What all samples say of their first request.
void ExpectFirst(const Exchange& exchange) {
  EXPECT_EQ(exchange.obstacle, RequestObstacle::kNone) << exchange.obstacle_field;
  const Observation& observation = exchange.observation;
  EXPECT_EQ(observation.request.prompt_sha256, DigestOf({{"user", "Pick a number."}}));
  EXPECT_EQ(observation.request.model.value_or(exchange.model_in_log.value_or("")), "gpt-x");
  EXPECT_EQ(observation.request.temperature, 1.0);
  EXPECT_EQ(observation.request.max_tokens, 16);
  EXPECT_FALSE(observation.request.top_p.has_value());
  EXPECT_EQ(observation.response.text, "73");
  EXPECT_EQ(observation.usage.input_tokens, 11);
  EXPECT_EQ(observation.usage.output_tokens, 2);
  EXPECT_TRUE(observation.time.value_or("").starts_with("2026-11-"));
  EXPECT_NEAR(observation.timing.total_s.value_or(0), 0.7, 1e-6);
  EXPECT_FALSE(observation.error.has_value());
  EXPECT_THAT(observation.timing.event_s, IsEmpty());
}

TEST(LogImportTest, OpenAiPairs) {
  const Imported log = ImportSample(LogFormat::kOpenAiJsonl, "openai.jsonl");
  ASSERT_EQ(log.exchanges.size(), 3u);
  ExpectFirst(log.exchanges[0]);
  EXPECT_EQ(log.exchanges[0].observation.endpoint, "https://relay.example/v1");
  const Observation& streamed = log.exchanges[1].observation;
  EXPECT_EQ(streamed.response.text, "42");
  EXPECT_THAT(streamed.timing.event_s, ElementsAre(0.3, 0.4));
  EXPECT_EQ(streamed.timing.total_s, 0.5);
  EXPECT_FALSE(streamed.time.has_value());
  const Observation& refused = log.exchanges[2].observation;
  ASSERT_TRUE(refused.error.has_value());
  EXPECT_EQ(refused.error->status, 429);
  EXPECT_FALSE(refused.timing.total_s.has_value());
  EXPECT_EQ(log.exchanges[0].request_sha256, log.exchanges[1].request_sha256);
}

TEST(LogImportTest, LiteLlm) {
  const Imported log = ImportSample(LogFormat::kLiteLlm, "litellm.json");
  ASSERT_EQ(log.exchanges.size(), 3u);
  ExpectFirst(log.exchanges[0]);
  EXPECT_NEAR(*log.exchanges[0].observation.timing.first_token_s, 0.4, 1e-6);
  // Messages without the request: the parameters are unknown, not absent.
  EXPECT_EQ(log.exchanges[1].obstacle, RequestObstacle::kUnrecordedParameters);
  EXPECT_EQ(log.exchanges[1].obstacle_field, "parameters_not_in_the_log");
  EXPECT_EQ(log.exchanges[1].observation.response.text, "7");
  EXPECT_NEAR(*log.exchanges[1].observation.timing.total_s, 1.0, 1e-6);
  EXPECT_FALSE(log.exchanges[1].observation.timing.first_token_s.has_value());
  ASSERT_TRUE(log.exchanges[2].observation.error.has_value());
  EXPECT_EQ(log.exchanges[2].observation.error->status, 503);
  EXPECT_THAT(log.summary.skipped, ElementsAre(Pair("answered from a cache", 1),
                                               Pair("no messages (set store_prompts_in_spend_logs)", 1),
                                               Pair("not a chat completion", 1)));
  // The proxy may have counted the tokens itself.
  const Imported unsure = ImportSample(LogFormat::kLiteLlm, "litellm.json", {});
  EXPECT_EQ(unsure.exchanges.at(0).obstacle, RequestObstacle::kNone);
  EXPECT_FALSE(unsure.exchanges.at(0).observation.usage.input_tokens.has_value());
  EXPECT_FALSE(unsure.exchanges.at(0).observation.usage.output_tokens.has_value());
}

TEST(LogImportTest, LiteLlmRowsThatWereCutOrAnsweredByAFallbackAreLeftOut) {
  const std::string
      start = R"({"request_id": ")",
      answer =
          R"("response": {"choices": [{"message": {"content": "7"}}]}, "proxy_server_request": {"model": "gpt-x",)"
          R"( "messages": [{"role": "user", "content": "Pick."}]}, )";
  const std::string log =
      start + R"(1", )" + answer + R"("model": "azure/gpt-x"})" + "\n" +                          //
      start + R"(2", )" + answer + R"("model": "azure/gpt-1", "model_group": "gpt-x"})" + "\n" +  //
      start + R"(3", )" + answer + R"("model": "azure/gpt-x", "model_group": "backup"})" + "\n" + start +
      R"(4", )" + answer + R"("model": "gpt-1"})" + "\n" + start + R"(5", )" + answer +
      R"("messages": [{"role": "user", "content": "Pi... (litellm_truncated 900 chars) ...ck."}]})" + "\n";
  const Imported imported = ImportText(LogFormat::kLiteLlm, log);
  EXPECT_EQ(imported.exchanges.size(), 2u);
  EXPECT_THAT(imported.summary.skipped, ElementsAre(Pair(HasSubstr("MAX_STRING_LENGTH_PROMPT_IN_DB"), 1),
                                                    Pair(HasSubstr("fallback"), 2)));
  EXPECT_EQ(imported.summary.incomplete, 1);
}

TEST(LogImportTest, Langfuse) {
  const Imported log = ImportSample(LogFormat::kLangfuse, "langfuse.jsonl");
  ASSERT_EQ(log.exchanges.size(), 3u);
  ExpectFirst(log.exchanges[0]);
  const Observation& first = log.exchanges[0].observation;
  EXPECT_EQ(first.usage.cached_input_tokens, 3);
  // Costs are out of the tool's own list, and a chat's session is none of a recording.
  EXPECT_FALSE(first.usage.cost.has_value());
  EXPECT_FALSE(first.session.has_value());
  // The name may be the one asked for or the one in the answer.
  EXPECT_FALSE(first.request.model.has_value());
  EXPECT_NEAR(*first.timing.first_token_s, 0.4, 1e-6);
  // Langfuse says neither which API was spoken nor which model answered.
  EXPECT_FALSE(first.request.api.has_value());
  EXPECT_FALSE(first.response.model.has_value());
  EXPECT_FALSE(first.response.finish_reason.has_value());
  EXPECT_EQ(log.exchanges[1].obstacle_field, "parameters_not_in_the_log");
  EXPECT_EQ(log.exchanges[1].observation.response.text, "42");
  EXPECT_TRUE(log.exchanges[2].observation.error.has_value());
  EXPECT_THAT(log.summary.skipped, ElementsAre(Pair("not a generation", 1)));
  const Imported unsure = ImportSample(LogFormat::kLangfuse, "langfuse.jsonl", {});
  for (const Exchange& exchange : unsure.exchanges) {
    EXPECT_EQ(exchange.obstacle, RequestObstacle::kUnrecordedParameters);
    EXPECT_FALSE(exchange.observation.request.prompt_sha256.has_value());
    EXPECT_FALSE(exchange.observation.usage.output_tokens.has_value());
  }
}

TEST(LogImportTest, LangfuseKeepsWhatStandsBesideTheMessagesAndAnswersWithoutText) {
  const std::string start =
      R"({"type": "GENERATION", "modelParameters": {"temperature": 1, "max_tokens": 4}, "input": {"messages": )"
      R"([{"role": "user", "content": "Pick."}])";
  const std::string log =
      start + R"(, "tools": [{"type": "function"}]}, "output": "7"})" + "\n" +  //
      start + R"(}, "output": {"role": "assistant", "content": null, "tool_calls": [{"id": "c"}]}})" +
      "\n" +                                                                                        //
      start + R"(}, "output": {"role": "assistant", "content": null, "refusal": "No."}})" + "\n" +  //
      start + R"(}, "output": ""})" + "\n" +                                                        //
      start + R"(}, "output": null})" + "\n";
  const Imported imported = ImportText(LogFormat::kLangfuse, log);
  ASSERT_EQ(imported.exchanges.size(), 5u);
  EXPECT_EQ(imported.exchanges[0].obstacle_field, "tools");
  EXPECT_EQ(imported.exchanges[1].observation.response.finish_reason, "tool_calls");
  EXPECT_FALSE(imported.exchanges[1].observation.error.has_value());
  EXPECT_EQ(imported.exchanges[2].observation.response.text, "No.");
  EXPECT_EQ(imported.exchanges[3].observation.response.text, "");
  EXPECT_TRUE(imported.exchanges[4].answer_missing);
  EXPECT_EQ(imported.summary.unanswered, 1);
}

TEST(LogImportTest, Helicone) {
  const Imported log = ImportSample(LogFormat::kHelicone, "helicone.jsonl");
  ASSERT_EQ(log.exchanges.size(), 4u);
  ExpectFirst(log.exchanges[0]);
  EXPECT_NEAR(*log.exchanges[0].observation.timing.first_token_s, 0.4, 1e-6);
  const Observation& anthropic = log.exchanges[1].observation;
  EXPECT_EQ(anthropic.request.api, "anthropic");
  EXPECT_EQ(anthropic.request.prompt_sha256, DigestOf({{"system", "Be brief."}, {"user", "Pick a number."}}));
  EXPECT_EQ(anthropic.response.text, "42");
  EXPECT_EQ(anthropic.response.finish_reason, "stop");
  EXPECT_NEAR(*anthropic.timing.total_s, 0.9, 1e-6);
  EXPECT_TRUE(log.exchanges[2].observation.error.has_value());
  // Events without times.
  EXPECT_EQ(log.exchanges[3].observation.response.text, "5");
  EXPECT_THAT(log.exchanges[3].observation.timing.event_s, IsEmpty());
  EXPECT_FALSE(log.exchanges[3].observation.timing.first_token_s.has_value());
  EXPECT_THAT(log.summary.skipped, ElementsAre(Pair("answered from a cache", 1),
                                               Pair("no request body (export with --include-body)", 1)));
}

TEST(LogImportTest, OpenTelemetry) {
  const Imported log = ImportSample(LogFormat::kOtel, "otel.json");
  ASSERT_EQ(log.exchanges.size(), 3u);
  ExpectFirst(log.exchanges[0]);
  const Observation& first = log.exchanges[0].observation;
  EXPECT_EQ(first.response.model, "gpt-x-2026-10-01");
  EXPECT_EQ(first.response.finish_reason, "stop");
  EXPECT_EQ(first.response.system_fingerprint, "fp_1");
  EXPECT_FALSE(first.session.has_value());
  EXPECT_NEAR(*first.timing.first_token_s, 0.4, 1e-6);
  EXPECT_EQ(first.endpoint, "https://relay.example/");
  EXPECT_FALSE(first.request.api.has_value());
  EXPECT_EQ(log.exchanges[1].observation.error->status, 429);
  EXPECT_EQ(log.exchanges[2].obstacle_field, "parameters_not_in_the_log");
  EXPECT_EQ(log.exchanges[2].observation.response.text, "42");
  EXPECT_EQ(log.exchanges[2].observation.response.reasoning_text, "hm");
  EXPECT_FALSE(log.exchanges[2].observation.usage.output_tokens.has_value());
  EXPECT_THAT(log.summary.skipped,
              ElementsAre(Pair("inside the span of another chat (one request, instrumented twice)", 1),
                          Pair("no gen_ai.input.messages (switch the recording of content on)", 1),
                          Pair("not a span of a chat", 2)));
  const Imported unsure = ImportSample(LogFormat::kOtel, "otel.json", {});
  for (const Exchange& exchange : unsure.exchanges) {
    EXPECT_EQ(exchange.obstacle, RequestObstacle::kUnrecordedParameters);
  }
}

TEST(LogImportTest, OpenTelemetryInstructionsAndAnswersOfEveryForm) {
  const std::string text =
      R"("gen_ai.output.messages": [{"role": "assistant", "parts": [{"type": "text", "content": "7"}]}])";
  const std::string log =
      SpanWith("1", text) + SpanWith("2", R"("gen_ai.system_instructions": "Be brief.", )" + text) +
      SpanWith("3", R"("gen_ai.system_instructions": {"type": "text", "content": "Be brief."}, )" + text) +
      SpanWith("4", R"("gen_ai.system_instructions": [{"type": "text", "content": "Be brief."}], )" + text) +
      SpanWith(
          "5",
          R"("gen_ai.output.messages": [{"role": "assistant", "parts": [{"type": "tool_call", "id": "c"}],)"
          R"( "finish_reason": "tool_call"}])") +
      SpanWith(
          "6",
          R"("gen_ai.output.messages": [{"role": "assistant", "parts": [], "finish_reason": "content_filter"}])");
  const Imported imported = ImportText(LogFormat::kOtel, log);
  ASSERT_EQ(imported.exchanges.size(), 6u);
  EXPECT_EQ(imported.exchanges[0].obstacle, RequestObstacle::kNone);
  EXPECT_EQ(imported.exchanges[1].obstacle, RequestObstacle::kPromptNotText);
  EXPECT_EQ(imported.exchanges[2].obstacle, RequestObstacle::kPromptNotText);
  EXPECT_EQ(imported.exchanges[3].obstacle, RequestObstacle::kNone);
  EXPECT_NE(imported.exchanges[3].request_sha256, imported.exchanges[0].request_sha256);
  EXPECT_EQ(imported.exchanges[4].observation.response.finish_reason, "tool_calls");
  EXPECT_EQ(imported.exchanges[5].observation.response.finish_reason, "content_filter");
  EXPECT_FALSE(imported.exchanges[5].observation.error.has_value());
}

TEST(LogImportTest, AChildThatWasExportedBeforeItsParentIsStillAChild) {
  const std::string text =
      R"("gen_ai.output.messages": [{"role": "assistant", "parts": [{"type": "text", "content": "7"}]}])";
  const std::string inner = SpanWith("inner", text, "middle");
  const std::string middle =
      R"({"traceId": "t", "spanId": "middle", "parentSpanId": "outer", "name": "http"})"
      "\n";
  const Imported imported = ImportText(LogFormat::kOtel, inner + middle + SpanWith("outer", text));
  EXPECT_EQ(imported.exchanges.size(), 1u);
  // Spans that enclose each other in a circle end too.
  const std::string circle = R"({"traceId": "t", "spanId": "a", "parentSpanId": "b", "name": "x"})"
                             "\n"
                             R"({"traceId": "t", "spanId": "b", "parentSpanId": "a", "name": "x"})"
                             "\n";
  EXPECT_EQ(ImportText(LogFormat::kOtel, circle + SpanWith("c", text, "a")).exchanges.size(), 1u);
}

TEST(LogImportTest, NamesComeAndGo) {
  for (const LogFormat format : AllLogFormats()) {
    EXPECT_EQ(LogFormatFromName(LogFormatName(format)), format);
  }
  EXPECT_FALSE(LogFormatFromName("csv").has_value());
}

}  // namespace
}  // namespace pinchbeck
