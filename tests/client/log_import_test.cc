// Each log format, on a sample written for it: what is used, what is left out, what stays absent.
#include "pinchbeck/client/log_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/core/probe.h"
#include "pinchbeck/internal/absl_strings.h"

namespace pinchbeck {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

struct Imported {
  std::vector<Exchange> exchanges;
  LogImportSummary summary;
};

Imported ImportSample(LogFormat format, const std::string& name) {
  Imported imported;
  const auto summary = ImportLog(format, std::string(PINCHBECK_SOURCE_DIR) + "/tests/client/logs/" + name,
                                 [&](Exchange exchange) {
                                   imported.exchanges.push_back(std::move(exchange));
                                   return absl::OkStatus();
                                 });
  EXPECT_TRUE(summary.ok()) << summary.status();
  if (summary.ok()) imported.summary = *summary;
  // Every observation can be written and read, and holds no key that the log held.
  for (const Exchange& exchange : imported.exchanges) {
    Observation observation = exchange.observation;
    observation.probe = "p";
    const std::string line = SerializeObservation(observation);
    EXPECT_TRUE(ParseObservation(line).ok()) << line;
    EXPECT_EQ(line.find("sk-canary"), std::string::npos) << line;
  }
  return imported;
}

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
  EXPECT_EQ(observation.request.model, "gpt-x");
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
  EXPECT_EQ(log.exchanges[1].obstacle, RequestObstacle::kOtherParameter);
  EXPECT_EQ(log.exchanges[1].obstacle_field, "parameters_not_in_the_log");
  EXPECT_EQ(log.exchanges[1].observation.response.text, "7");
  EXPECT_NEAR(*log.exchanges[1].observation.timing.total_s, 1.0, 1e-6);
  EXPECT_FALSE(log.exchanges[1].observation.timing.first_token_s.has_value());
  ASSERT_TRUE(log.exchanges[2].observation.error.has_value());
  EXPECT_EQ(log.exchanges[2].observation.error->status, 503);
  EXPECT_THAT(log.summary.skipped, ElementsAre(Pair("answered from a cache", 1),
                                               Pair("no messages (set store_prompts_in_spend_logs)", 1),
                                               Pair("not a chat completion", 1)));
}

TEST(LogImportTest, Langfuse) {
  const Imported log = ImportSample(LogFormat::kLangfuse, "langfuse.jsonl");
  ASSERT_EQ(log.exchanges.size(), 3u);
  ExpectFirst(log.exchanges[0]);
  const Observation& first = log.exchanges[0].observation;
  EXPECT_EQ(first.usage.cached_input_tokens, 3);
  EXPECT_EQ(first.usage.cost, 3e-5);
  EXPECT_EQ(first.session, "s1");
  EXPECT_NEAR(*first.timing.first_token_s, 0.4, 1e-6);
  // Langfuse says neither which API was spoken nor which model answered.
  EXPECT_FALSE(first.request.api.has_value());
  EXPECT_FALSE(first.response.model.has_value());
  EXPECT_FALSE(first.response.finish_reason.has_value());
  EXPECT_EQ(log.exchanges[1].obstacle_field, "parameters_not_in_the_log");
  EXPECT_EQ(log.exchanges[1].observation.response.text, "42");
  EXPECT_TRUE(log.exchanges[2].observation.error.has_value());
  EXPECT_THAT(log.summary.skipped, ElementsAre(Pair("not a generation", 1)));
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
  EXPECT_EQ(first.session, "c1");
  EXPECT_NEAR(*first.timing.first_token_s, 0.4, 1e-6);
  EXPECT_FALSE(first.endpoint.has_value());
  EXPECT_FALSE(first.request.api.has_value());
  EXPECT_EQ(log.exchanges[1].observation.error->status, 429);
  EXPECT_EQ(log.exchanges[2].obstacle_field, "parameters_not_in_the_log");
  EXPECT_EQ(log.exchanges[2].observation.response.text, "42");
  EXPECT_EQ(log.exchanges[2].observation.response.reasoning_text, "hm");
  EXPECT_FALSE(log.exchanges[2].observation.usage.output_tokens.has_value());
  EXPECT_THAT(log.summary.skipped,
              ElementsAre(Pair("no gen_ai.input.messages (switch the recording of content on)", 1),
                          Pair("not a span of a chat", 1)));
}

TEST(LogImportTest, ErrorsNameFilePlaceAndField) {
  const std::string path = std::filesystem::path(testing::TempDir()) / "pinchbeck-bad-log.jsonl";
  const std::string good = R"({"request": {"messages": []}, "response": {"choices": []}})";
  const struct {
    LogFormat format;
    std::string content;
    const char* message;
  } cases[] = {
      {LogFormat::kOpenAiJsonl, "", ".jsonl: the file is empty"},
      {LogFormat::kOpenAiJsonl, "nonsense", ".jsonl:1: not JSON"},
      {LogFormat::kOpenAiJsonl, good + "\n\n{\"request\": ", ".jsonl:3: not JSON"},
      {LogFormat::kOpenAiJsonl, good + "\n[3]", ".jsonl:2: expected a JSON object"},
      {LogFormat::kOpenAiJsonl, good + "\n{}", ".jsonl:2: request: missing"},
      {LogFormat::kOpenAiJsonl, "[" + good + ", {\"request\": {\"seed\": \"x\"}}]",
       ".jsonl[1]: request.seed: expected an integer"},
      {LogFormat::kOpenAiJsonl, "[" + good, "not JSON (cut off?)"},
      {LogFormat::kHelicone, "{\"data\": [3]}", ".jsonl:1: data[0]: expected a JSON object"},
      {LogFormat::kLiteLlm, R"({"messages": [{}], "response": {"choices": []}, "startTime": "soon"})",
       ".jsonl:1: startTime: expected a time"},
      {LogFormat::kOtel,
       R"({"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": "x", "attributes": [
           {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
           {"key": "error.type", "value": {"stringValue": "500"}},
           {"key": "gen_ai.input.messages", "value": {"stringValue": "[{}]"}}]}]}]}]})",
       "startTimeUnixNano: expected nanoseconds"},
  };
  for (const auto& [format, content, message] : cases) {
    std::ofstream(path) << content;
    const auto summary = ImportLog(format, path, [](Exchange) { return absl::OkStatus(); });
    ASSERT_FALSE(summary.ok()) << content;
    EXPECT_THAT(internal::Message(summary.status()), HasSubstr(message));
    EXPECT_THAT(internal::Message(summary.status()), HasSubstr(path));
  }
  std::filesystem::remove(path);
  EXPECT_EQ(ImportLog(LogFormat::kOtel, path, [](Exchange) { return absl::OkStatus(); }).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(LogImportTest, NamesComeAndGo) {
  for (const LogFormat format : AllLogFormats()) {
    EXPECT_EQ(LogFormatFromName(LogFormatName(format)), format);
  }
  EXPECT_FALSE(LogFormatFromName("csv").has_value());
}

}  // namespace
}  // namespace pinchbeck
