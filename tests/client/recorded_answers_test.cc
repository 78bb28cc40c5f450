// Recorded completions of a real server; skipped where the recordings are not at hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "pinchbeck/client/openai_completions.h"
#include "tests/client/wire.h"

namespace pinchbeck {
namespace {

using nlohmann::json;
using pinchbeck::testing::Decoded;
using pinchbeck::testing::DecodeWith;

std::filesystem::path Fixtures() {
  return std::filesystem::path(PINCHBECK_SOURCE_DIR) / ".." / "shared" / "fixtures" / "llama-server";
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

TEST(RecordedCompletions, EveryCaseGivesAnAnswerOrTheServersError) {
  if (!std::filesystem::exists(Fixtures())) GTEST_SKIP() << "no recorded answers at " << Fixtures();
  int cases = 0;
  for (const json& test : json::parse(ReadFile(Fixtures() / "index.json"))) {
    const std::string name = test["name"];
    // Two prompts at once, which the client never sends, answer with a list.
    if (test["path"] != "/v1/completions" || name == "comp_two_prompts") continue;
    const bool stream = std::filesystem::exists(Fixtures() / (name + ".body.sse"));
    const std::string body = ReadFile(Fixtures() / (name + (stream ? ".body.sse" : ".body.json")));
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
          json::parse(ReadFile(Fixtures() / (name + ".request.json")))["body"].get<std::string>().find(
              "\"logprobs\"") != std::string::npos;
      EXPECT_EQ(o.logprobs.empty(), !asked) << name;
    }
    ++cases;
  }
  EXPECT_GE(cases, 8);
}

}  // namespace
}  // namespace pinchbeck
