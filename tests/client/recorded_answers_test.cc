// Recorded completions of a real server; skipped where the recordings are not at hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "pinchbeck/client/openai_completions.h"
#include "tests/client/wire.h"

namespace pinchbeck {
namespace {

using nlohmann::json;
using pinchbeck::testing::Decoded;
using pinchbeck::testing::DecodeWith;
using pinchbeck::testing::ReadFile;
using pinchbeck::testing::RecordedTraffic;

TEST(RecordedCompletions, EveryCaseGivesAnAnswerOrTheServersError) {
  if (!std::filesystem::exists(RecordedTraffic()))
    GTEST_SKIP() << "no recorded answers at " << RecordedTraffic();
  int cases = 0;
  for (const json& test : json::parse(ReadFile(RecordedTraffic() / "index.json"))) {
    const std::string name = test["name"];
    // Two prompts at once, which the client never sends, answer with a list.
    if (test["path"] != "/v1/completions" || name == "comp_two_prompts") continue;
    const bool stream = std::filesystem::exists(RecordedTraffic() / (name + ".body.sse"));
    const std::string body = ReadFile(RecordedTraffic() / (name + (stream ? ".body.sse" : ".body.json")));
    const int status = test["status"];
    const Decoded decoded =
        DecodeWith(OpenAiCompletionsDialect(), {body}, {status, test["content_type"], stream, true});
    const Observation& o = decoded.observation;
    EXPECT_EQ(o.error.has_value(), status != 200) << name;
    EXPECT_EQ(decoded.notes.json_repairs, 0) << name;
    if (status == 200) {
      EXPECT_TRUE(o.response.text.has_value()) << name;
      EXPECT_TRUE(o.response.finish_reason.has_value()) << name;
      EXPECT_GT(o.usage.output_tokens.value_or(0), 0) << name;
      const bool asked =
          json::parse(ReadFile(RecordedTraffic() / (name + ".request.json")))["body"].get<std::string>().find(
              "\"logprobs\"") != std::string::npos;
      EXPECT_EQ(o.logprobs.empty(), !asked) << name;
    }
    ++cases;
  }
  EXPECT_GE(cases, 8);
}

}  // namespace
}  // namespace pinchbeck
