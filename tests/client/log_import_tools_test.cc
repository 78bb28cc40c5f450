// What tools write around answers, and what a server may write into them: neither may take answers out or
// change them.
#include <gmock/gmock.h>

#include <string>

#include "pinchbeck/client/log_import.h"
#include "pinchbeck/internal/absl_strings.h"
#include "tests/client/log_import_fixture.h"

namespace pinchbeck {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// A generation of Langfuse with this input and output.
std::string Generation(const std::string& input, const std::string& output) {
  return R"({"type": "GENERATION", "modelParameters": {"temperature": 1, "max_tokens": 4}, "input": )" +
         input + R"(, "output": )" + output + "}\n";
}

TEST(LogImportTest, LangfuseInputsWithoutMessagesAreLeftOut) {
  std::string log;
  const std::string messages = R"([{"role": "user", "content": "Pick."}])";
  for (int i = 0; i < 9; ++i) log += Generation(messages, R"("7")");
  for (const char* input : {R"("Pick a number.")", R"("Pick a colour.")", "null", R"({"question": "Why?"})",
                            "[]", R"({"messages": []})", R"(["Pick."])", R"("[7]")"}) {
    log += Generation(input, R"("7")");
  }
  const Imported imported = ImportText(LogFormat::kLangfuse, log);
  EXPECT_EQ(imported.exchanges.size(), 9u);
  EXPECT_THAT(imported.summary.skipped, ElementsAre(Pair("no list of messages in the input", 8)));
  EXPECT_EQ(imported.summary.incomplete, 8);
}

TEST(LogImportTest, LangfuseTextsStayAsTheyAre) {
  const std::string messages = R"([{"role": "user", "content": "Pick."}])";
  const struct {
    const char* output;
    const char* text;
  } cases[] = {{R"("{\"label\":\"spam\"}")", R"({"label":"spam"})"},
               {R"("[7]")", "[7]"},
               {R"("{}")", "{}"},
               {R"("[\"spam\"]")", R"(["spam"])"},
               {R"("{\"content\":\"7\"}")", R"({"content":"7"})"},
               {R"("{\"role\":\"user\"}")", R"({"role":"user"})"},
               {R"("{\"role\":\"assistant\",\"content\":\"7\"}")", "7"},
               {R"([{"role": "assistant", "content": "7"}])", "7"},
               {R"("{\"choices\":[{\"message\":{\"content\":\"7\"}}]}")", "7"}};
  for (const auto& [output, text] : cases) {
    const Imported imported = ImportText(LogFormat::kLangfuse, Generation(messages, output));
    ASSERT_EQ(imported.exchanges.size(), 1u) << output;
    EXPECT_EQ(imported.exchanges[0].observation.response.text, text);
    EXPECT_FALSE(imported.exchanges[0].observation.error.has_value()) << output;
  }
  // The text of these is not known; a whole record before them, so that the log is not refused.
  for (const char* output : {R"({"label": "spam"})", R"({"content": "7"})", R"(["spam"])", "{}", "null"}) {
    const Imported imported =
        ImportText(LogFormat::kLangfuse, Generation(messages, R"("7")") + Generation(messages, output));
    ASSERT_EQ(imported.exchanges.size(), 2u) << output;
    EXPECT_TRUE(imported.exchanges[1].answer_missing);
    EXPECT_TRUE(imported.exchanges[1].observation.error.has_value());
  }
}

TEST(LogImportTest, CountsOfOtherTokenizersAreNotTheServers) {
  const std::string helicone =
      R"({"request_body": {"messages": [{"role": "user", "content": "Pick."}]}, "response_status": 200,)"
      R"( "response_body": {"choices": [{"message": {"content": "7"}}], "usage": {"prompt_tokens": 9,)"
      R"( "completion_tokens": 1, "helicone_calculated": FLAG}}})";
  for (const auto& [flag, kept] : {std::pair{"true", false}, std::pair{"false", true}}) {
    const Imported imported = ImportText(LogFormat::kHelicone, Replaced(helicone, "FLAG", flag));
    ASSERT_EQ(imported.exchanges.size(), 1u);
    EXPECT_EQ(imported.exchanges[0].observation.usage.output_tokens.has_value(), kept) << flag;
    EXPECT_EQ(imported.exchanges[0].observation.response.text, "7");
  }
  const std::string span = SpanWith(
      "1",
      R"("gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 1, "gen_ai.output.messages": [{"role":)"
      R"( "assistant", "parts": [{"type": "text", "content": "7"}]}])");
  for (const bool reported : {false, true}) {
    LogImportOptions options;
    options.usage_reported = reported;
    const Imported imported = ImportText(LogFormat::kOtel, span, options);
    EXPECT_EQ(imported.exchanges.at(0).observation.usage.output_tokens.has_value(), reported);
    EXPECT_EQ(imported.exchanges.at(0).observation.usage.input_tokens.has_value(), reported);
  }
}

TEST(LogImportTest, OpenTelemetrySpansNameTheirServer) {
  const struct {
    const char* attributes;
    const char* endpoint;
  } cases[] = {
      {R"("server.address": "a.example", "server.port": 443, )", "https://a.example/"},
      {R"("server.address": "a.example", )", "https://a.example/"},
      {R"("server.address": "a.example", "server.port": 8080, )", "https://a.example:8080/"},
      {R"("server.address": "localhost", "server.port": 80, )", "http://localhost/"},
      {R"("server.address": "::1", "server.port": 8080, )", "https://[::1]:8080/"},
      {R"("server.address": "https://api.a.example/v1", )", "https://api.a.example/v1"},
      {R"("server.address": "localhost:8000", )", "https://localhost:8000/"},
      {R"("server.address": "http://localhost:8000/v1", "server.port": 8000, )", "http://localhost:8000/v1"},
      {R"("server.address": "[::1]:8080", )", "https://[::1]:8080/"},
      // No address of anything: the record stays, and names no endpoint.
      {R"("server.address": "a.example", "server.port": 99999, )", ""},
      {R"("server.address": "/run/model.sock", )", ""},
      {R"("server.address": "no host", )", ""},
      {"", ""}};
  for (const auto& [attributes, endpoint] : cases) {
    const Imported imported = ImportText(
        LogFormat::kOtel,
        SpanWith("1", std::string(attributes) +
                          R"("gen_ai.output.messages": [{"parts": [{"type": "text", "content": "7"}]}])"));
    ASSERT_EQ(imported.exchanges.size(), 1u) << attributes;
    EXPECT_EQ(imported.exchanges[0].observation.endpoint.value_or(""), endpoint);
  }
}

// A row of LiteLLM's table; its id is the answer's.
std::string Row(const std::string& id, const std::string& start, const std::string& answer) {
  return R"({"request_id": ")" + id + R"(", "call_type": "acompletion", "startTime": ")" + start +
         R"(", "proxy_server_request": {"model": "m", "messages": [{"role": "user", "content": "Pick."}]},)"
         R"( "response": {"id": ")" +
         id + R"(", "choices": [{"message": {"content": ")" + answer + R"("}}]}})" + "\n";
}

TEST(LogImportTest, AnIdThatTheServerGaveTakesNoAnswerOut) {
  std::string rows;
  for (int i = 0; i < 100; ++i) {
    rows += Row("own-" + std::to_string(i), "2026-11-20 08:00:" + std::to_string(10 + i % 50) + ".5", "A");
    rows +=
        Row("one", "2026-11-20 08:01:" + std::to_string(10 + i % 50) + "." + std::to_string(100 + i), "B");
  }
  EXPECT_EQ(ImportText(LogFormat::kLiteLlm, rows).exchanges.size(), 200u);
  // Copies are still found.
  EXPECT_EQ(ImportText(LogFormat::kLiteLlm, rows + rows).exchanges.size(), 200u);
  // Different answers within one second; and equal ones, once the id has proved nothing.
  std::string second;
  for (const char* answer : {"A", "B", "C", "D", "E", "F", "F"})
    second += Row("one", "2026-11-20 08:00:00", answer);
  EXPECT_EQ(ImportText(LogFormat::kLiteLlm, second).exchanges.size(), 7u);
  std::string batch;
  for (const char* answer : {"A", "B", "C"}) {
    batch +=
        R"({"request": {"messages": [{"role": "user", "content": "Pick."}]}, "response": {"status_code":)"
        R"( 200, "request_id": "r", "body": {"choices": [{"message": {"content": ")" +
        std::string(answer) + "\"}}]}}}\n";
  }
  EXPECT_EQ(ImportText(LogFormat::kOpenAiJsonl, batch).exchanges.size(), 3u);
}

TEST(LogImportTest, MarksInAnAnswerDoNotTakeItOut) {
  const std::string start =
      R"({"request_body": {"model": "m", "messages": [{"role": "user", "content": "Pick."}]}, "response_status":)"
      R"( 200, "response_body": )";
  const std::string written =
      start + R"({"helicone_message": "x", "choices": [{"message": {"content": "7"}}]}})";
  const Imported helicone = ImportText(LogFormat::kHelicone, written);
  ASSERT_EQ(helicone.exchanges.size(), 1u);
  EXPECT_EQ(helicone.exchanges[0].observation.response.text, "7");
  EXPECT_FALSE(helicone.exchanges[0].answer_missing);

  const std::string row = Row("1", "2026-11-20 08:00:00", "7");
  for (const std::string& marked :
       {Replaced(row, R"("choices")", R"("system_fingerprint": "litellm_truncated", "choices")"),
        Replaced(row, R"("choices")",
                 R"("provider": "... (litellm_truncated skipped 9 chars) ...", "choices")"),
        Replaced(row, R"("7")", R"("litellm_truncated")")}) {
    const Imported imported = ImportText(LogFormat::kLiteLlm, marked);
    ASSERT_EQ(imported.exchanges.size(), 1u) << marked;
    EXPECT_FALSE(imported.exchanges[0].answer_missing) << marked;
    EXPECT_FALSE(imported.exchanges[0].observation.error.has_value()) << marked;
  }
  // As the proxy writes it: the answer was cut. Its request counts all the same, with what text is left.
  for (const char* mark : {"aaa... (litellm_truncated skipped 900 chars. Truncation is a safeguard) ...zzz",
                           "aaa... (litellm_truncated 900 chars) ...zzz"}) {
    const Imported cut =
        ImportText(LogFormat::kLiteLlm, Row("2", "2026-11-20 08:00:01", "7") +
                                            Replaced(row, R"("7")", '"' + std::string(mark) + '"'));
    ASSERT_EQ(cut.exchanges.size(), 2u);
    EXPECT_TRUE(cut.exchanges[1].answer_missing);
    EXPECT_TRUE(cut.exchanges[1].observation.error.has_value());
    EXPECT_EQ(cut.exchanges[1].observation.response.text, mark);
    EXPECT_EQ(cut.summary.unanswered, 1);
    EXPECT_THAT(cut.summary.skipped, IsEmpty());
  }
}

TEST(LogImportTest, PairsWithoutAnAnswerCountAsSuch) {
  const std::string start = R"({"request": {"messages": [{"role": "user", "content": "Pick."}]})";
  const std::string whole = start + R"(, "response": {"choices": [{"message": {"content": "7"}}]}})" + "\n";
  const std::string none = start + "}\n";
  const auto refused = ImportLog(LogFormat::kOpenAiJsonl, {Written(whole + none + none)},
                                 [](Exchange) { return absl::OkStatus(); });
  EXPECT_THAT(internal::Message(refused.status()), HasSubstr("2 records cannot be read or hold no answer"));
  const Imported some = ImportText(LogFormat::kOpenAiJsonl, whole + none);
  ASSERT_EQ(some.exchanges.size(), 2u);
  EXPECT_TRUE(some.exchanges[1].answer_missing);
  EXPECT_THAT(some.exchanges[1].observation.error->message, HasSubstr("does not hold the whole answer"));
  // What failed lacks nothing.
  for (const char* failed : {R"(, "complete": false})", R"(, "status": 503})",
                             R"(, "response": null, "error": {"code": "expired"}})"}) {
    const Imported imported = ImportText(LogFormat::kOpenAiJsonl, start + failed + "\n");
    ASSERT_EQ(imported.exchanges.size(), 1u) << failed;
    EXPECT_FALSE(imported.exchanges[0].answer_missing) << failed;
    EXPECT_TRUE(imported.exchanges[0].observation.error.has_value()) << failed;
  }
}

TEST(LogImportTest, AnIncompleteRecordDoesNotHideTheWholeOne) {
  const std::string start =
      R"({"type": "GENERATION", "id": "o1", "modelParameters": {"temperature": 1}, "input": )";
  const std::string unsent = start + R"(null, "output": null})" + "\n",
                    asked = start + R"([{"role": "user", "content": "Pick."}], "output": null})" + "\n",
                    whole = start + R"([{"role": "user", "content": "Pick."}], "output": "7"})" + "\n";
  for (const std::string& log :
       {unsent + asked + whole, whole + asked + unsent, asked + whole + unsent + asked}) {
    const Imported imported = ImportText(LogFormat::kLangfuse, log);
    ASSERT_EQ(imported.exchanges.size(), 1u) << log;
    EXPECT_EQ(imported.exchanges[0].observation.response.text, "7");
    EXPECT_EQ(imported.summary.incomplete, 0);
    EXPECT_EQ(imported.summary.unanswered, 0);
  }
  // One request, not two; a whole one of another id keeps the log from being refused.
  const Imported unanswered =
      ImportText(LogFormat::kLangfuse, asked + asked + Replaced(whole, R"("o1")", R"("o2")"));
  EXPECT_EQ(unanswered.exchanges.size(), 2u);
  EXPECT_EQ(unanswered.summary.unanswered, 1);
}

}  // namespace
}  // namespace pinchbeck
