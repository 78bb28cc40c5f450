// Records of a log: repeats, faults, missing answers, lengths.
#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "pinchbeck/client/log_import.h"
#include "pinchbeck/internal/absl_strings.h"
#include "tests/client/log_import_fixture.h"

namespace pinchbeck {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(LogImportTest, ARecordThatStandsTwiceCountsOnce) {
  const std::string pair =
      R"({"request": {"messages": [{"role": "user", "content": "Pick."}]}, "response": {"id": "a", "choices":)"
      R"( [{"message": {"content": "7"}}]})";
  const std::string at = R"(, "time": "2026-11-20T08:00:00.25Z"})"
                         "\n",
                    later = R"(, "time": "2026-11-20T08:00:01Z"})"
                            "\n";
  const Imported timed = ImportText(LogFormat::kOpenAiJsonl, pair + at + pair + later + pair + at);
  EXPECT_EQ(timed.exchanges.size(), 2u);
  EXPECT_THAT(timed.summary.skipped, ElementsAre(Pair("a repeat of another record", 1)));
  // Where the id has proved nothing, equal answers within a second are answers.
  const std::string whole = R"(, "time": "2026-11-20T08:00:00Z"})"
                            "\n";
  EXPECT_EQ(ImportText(LogFormat::kOpenAiJsonl, pair + whole + pair + whole).exchanges.size(), 1u);
  EXPECT_EQ(ImportText(LogFormat::kOpenAiJsonl, pair + whole + pair + later + pair + whole).exchanges.size(),
            3u);
  // Relays that give every answer the same id would lose all of them without a time beside it.
  EXPECT_EQ(ImportText(LogFormat::kOpenAiJsonl, pair + "}\n" + pair + "}\n").exchanges.size(), 2u);
  // Across files: here the same one twice.
  const std::string sample = std::string(PINCHBECK_SOURCE_DIR) + "/tests/client/logs/helicone.jsonl";
  EXPECT_EQ(ImportFiles(LogFormat::kHelicone, {sample, sample}, {}).exchanges.size(), 4u);
}

TEST(LogImportTest, OddRecordsAreCountedAndTheRestIsRead) {
  const std::string good =
      R"({"request": {"messages": [{"role": "user", "content": "Pick."}]}, "response": {"choices": []}})"
      "\n";
  const struct {
    LogFormat format;
    std::string content;
    const char* fault;
  } cases[] = {
      {LogFormat::kOpenAiJsonl, good + "[3]\n", ".jsonl:2: expected a JSON object"},
      {LogFormat::kOpenAiJsonl, good + "{}\n", ".jsonl:2: request: missing"},
      {LogFormat::kOpenAiJsonl, "[" + good + R"(, {"request": {"seed": "x"}}])",
       ".jsonl[1]: request.seed: expected an integer"},
      {LogFormat::kOpenAiJsonl, R"({"data": [3, )" + good + "]}", "data[0]: expected a JSON object"},
      {LogFormat::kLiteLlm,
       R"({"messages": [{}], "response": {"choices": []}})"
       "\n"
       R"({"messages": [{}], "response": {"choices": []}, "startTime": "soon"})",
       ".jsonl:2: startTime: expected a time"},
      {LogFormat::kOtel,
       SpanWith("1", R"("error.type": "500")") + R"({"resourceSpans": [{"scopeSpans": [{"spans": [3]}]}]})",
       ".jsonl:2: resourceSpans[0].scopeSpans[0].spans[0]: expected an object"},
      {LogFormat::kOtel,
       SpanWith("1", R"("error.type": "500")") +
           R"({"startTimeUnixNano": "x", "attributes": {"gen_ai.operation.name": "chat", "error.type": "500",)"
           R"( "gen_ai.input.messages": [{}]}})",
       ".jsonl:2: startTimeUnixNano: expected nanoseconds"},
  };
  for (const auto& [format, content, fault] : cases) {
    const Imported imported = ImportText(format, content);
    EXPECT_EQ(imported.exchanges.size(), 1u) << content;
    EXPECT_EQ(imported.summary.faults, 1) << content;
    EXPECT_THAT(imported.summary.fault_examples, ElementsAre(HasSubstr(fault)));
  }
}

TEST(LogImportTest, ALogThatLacksMostAnswersIsRefused) {
  const std::string start =
      R"({"call_type": "completion", "messages": [{"role": "user", "content": "Pick."}], "model": "m")";
  const std::string whole = start + R"(, "response": {"choices": [{"message": {"content": "7"}}]}})"
                                    "\n";
  const std::string empty = start + R"(, "response": {}})"
                                    "\n";
  EXPECT_EQ(ImportText(LogFormat::kLiteLlm, whole + empty).summary.unanswered, 1);
  const auto summary = ImportLog(LogFormat::kLiteLlm, {Written(whole + empty + empty)},
                                 [](Exchange) { return absl::OkStatus(); });
  EXPECT_THAT(internal::Message(summary.status()), HasSubstr("2 records cannot be read or hold no answer"));
  EXPECT_THAT(internal::Message(summary.status()), HasSubstr("store_prompts_in_spend_logs"));
}

TEST(LogImportTest, LengthsAreBounded) {
  const std::string good =
      R"({"request": {"messages": [{"role": "user", "content": "Pick."}]}, "response": {"choices": []}})"
      "\n";
  LogImportOptions options;
  options.max_record_bytes = 200;
  options.max_document_bytes = 1000;
  std::string many;
  while (many.size() < 5000) many += good;
  EXPECT_GT(ImportText(LogFormat::kOpenAiJsonl, many, options).exchanges.size(), 50u);
  std::string list = "[" + good;
  while (list.size() < 5000) list += "," + good;
  const struct {
    std::string content;
    const char* message;
  } cases[] = {
      {good + "\n{\"request\": \"" + std::string(300, 'x') + "\"}\n", ".jsonl:3: a record of more than 200"},
      {list + "]", "a JSON document of more than 1000 bytes"}};
  for (const auto& [content, message] : cases) {
    const auto summary = ImportLog(
        LogFormat::kOpenAiJsonl, {Written(content)}, [](Exchange) { return absl::OkStatus(); }, options);
    EXPECT_THAT(internal::Message(summary.status()), HasSubstr(message));
  }
  EXPECT_EQ(ImportText(LogFormat::kOpenAiJsonl, "[\n" + good + ", " + good + "]\n", options).exchanges.size(),
            2u);
}

TEST(LogImportTest, TextThatIsNoJsonStopsTheImportAndIsNamed) {
  const std::string good =
      R"({"request": {"messages": [{"role": "user", "content": "Pick."}]}, "response": {"choices": []}})";
  const struct {
    std::string content;
    const char* message;
  } cases[] = {{"", ".jsonl: the file is empty"},
               {"nonsense", ".jsonl:1: not JSON"},
               {good + "\n\n{\"request\": ", ".jsonl:3: not JSON"},
               {"[" + good, "not JSON (cut off?)"}};
  for (const auto& [content, message] : cases) {
    const std::string path = Written(content);
    const auto summary =
        ImportLog(LogFormat::kOpenAiJsonl, {path}, [](Exchange) { return absl::OkStatus(); });
    ASSERT_FALSE(summary.ok()) << content;
    EXPECT_THAT(internal::Message(summary.status()), HasSubstr(message));
    EXPECT_THAT(internal::Message(summary.status()), HasSubstr(path));
  }
  const std::string gone = Written("");
  std::filesystem::remove(gone);
  EXPECT_EQ(ImportLog(LogFormat::kOtel, {gone}, [](Exchange) { return absl::OkStatus(); }).status().code(),
            absl::StatusCode::kNotFound);
  // What the caller says is passed on as it is.
  EXPECT_EQ(ImportLog(LogFormat::kOpenAiJsonl, {Written(good)},
                      [](Exchange) { return absl::CancelledError("enough"); })
                .status(),
            absl::CancelledError("enough"));
}

TEST(LogImportTest, TheCallerCanStopBeforeAnyRecord) {
  // Of a format that reads its file twice, and of records that are never handed on.
  for (const LogFormat format : {LogFormat::kOtel, LogFormat::kLangfuse}) {
    const std::string path = Written("{\"type\": \"SPAN\"}\n{\"type\": \"SPAN\"}\n{\"type\": \"SPAN\"}\n");
    int records = 0;
    LogImportOptions options;
    options.before_record = [&] { return ++records < 3 ? absl::OkStatus() : absl::CancelledError("enough"); };
    const auto summary = ImportLog(
        format, {path}, [](Exchange) { return absl::InternalError("called back"); }, options);
    EXPECT_EQ(summary.status(), absl::CancelledError("enough"));
    EXPECT_EQ(records, 3);
  }
}

}  // namespace
}  // namespace pinchbeck
