// Verdicts on recordings of a real server and of commercial models, with and without the names in them.
//
// The recordings lie beside the project where they are at hand; elsewhere these tests are skipped.
#include <gmock/gmock.h>
#include <zlib.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/cli/cli_fixture.h"

namespace pinchbeck::cli {
namespace {

using Json = nlohmann::json;

const std::string kData = std::string(PINCHBECK_SOURCE_DIR) + "/../shared/data/";

// What stands in a recording of the names and times that could give the model away.
enum class Names { kKept, kRemoved, kEmptied };

std::vector<std::string> ReadLines(const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  std::string text;
  char buffer[65536];
  for (int n = 0; file != nullptr && (n = gzread(file, buffer, sizeof buffer)) > 0;) text.append(buffer, n);
  if (file != nullptr) gzclose(file);
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

void Blank(Json& object, const char* name, Names names) {
  if (!object.contains(name)) return;
  if (names == Names::kRemoved) object.erase(name);
  if (names == Names::kEmptied) object[name] = "";
}

std::string Blanked(const std::string& line, Names names) {
  if (names == Names::kKept) return line;
  Json json = Json::parse(line);
  for (const char* field : {"endpoint", "session", "time"}) Blank(json, field, names);
  if (json.contains("request")) Blank(json["request"], "model", names);
  if (json.contains("response")) {
    Blank(json["response"], "model", names);
    Blank(json["response"], "id", names);
  }
  return json.dump();
}

class TestbedTest : public CliTest, public ::testing::WithParamInterface<Names> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kData)) GTEST_SKIP() << "the shared recordings are not at hand: " << kData;
    CliTest::SetUp();
  }
  std::string Copy(const std::vector<std::string>& lines, const std::string& name) {
    std::string text;
    for (const std::string& line : lines) text += Blanked(line, GetParam()) + "\n";
    return Write(name + ".jsonl", text);
  }
  std::string Copy(const std::string& source) {
    const auto slash = source.rfind('/');
    return Copy(ReadLines(kData + source + ".jsonl.gz"), source.substr(slash + 1));
  }
  std::string Enroll(const std::string& recording, const std::string& model) {
    const CliResult result =
        RunCli({"enroll", "--recording", recording, "--model", model, "--out", File(model + ".json")});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return File(model + ".json");
  }
  CliResult Verify(const std::string& fingerprint, const std::string& recording,
                   const std::string& claim = "weights") {
    CliResult result = RunCli(
        {"verify", "--fingerprint", fingerprint, "--recording", recording, "--claim", claim, "--json"});
    EXPECT_NE(result.exit_code, kExitInputError) << result.err;
    return result;
  }
};

std::map<std::string, double> PValues(const CliResult& result) {
  std::map<std::string, double> values;
  const Json report = Json::parse(result.out);
  for (const Json& signal : report["signals"]) {
    if (signal["p_value"].is_number()) values[signal["signal"]] = signal["p_value"];
  }
  return values;
}

TEST_P(TestbedTest, RealServerWeights) {
  const std::string fingerprint = Enroll(Copy("testbed/A-f16"), "A");
  EXPECT_THAT(Verify(fingerprint, Copy("testbed/A-f16-run2")).exit_code, ::testing::AnyOf(0, 3));
  const CliResult sibling = Verify(fingerprint, Copy("testbed/B"));
  EXPECT_EQ(sibling.exit_code, kExitDiffers);
  const auto p = PValues(sibling);
  for (const char* signal : {"choice", "logprob", "text"}) EXPECT_LE(p.at(signal), 0.001) << signal;
  // The same weights under other sampling settings are not accused.
  EXPECT_NE(Verify(fingerprint, Copy("testbed/A-f16-defaults")).exit_code, kExitDiffers);
  EXPECT_NE(Verify(fingerprint, Copy("testbed/A-bf16")).exit_code, kExitDiffers);
  EXPECT_NE(Verify(fingerprint, Copy("testbed/A-f16-fa")).exit_code, kExitDiffers);
}

TEST_P(TestbedTest, RealServerServing) {
  const std::string fingerprint = Enroll(Copy("testbed/A-f16"), "A");
  EXPECT_NE(Verify(fingerprint, Copy("testbed/A-f16-run2"), "serving").exit_code, kExitDiffers);
  EXPECT_EQ(Verify(fingerprint, Copy("testbed/A-Q8_0"), "serving").exit_code, kExitDiffers);
  EXPECT_EQ(Verify(fingerprint, Copy("testbed/A-Q4_K_M"), "serving").exit_code, kExitDiffers);
}

TEST_P(TestbedTest, HalvesOfCommercialModels) {
  std::vector<std::string> accused;
  int models = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kData + "aig_random_1_355")) {
    const std::vector<std::string> lines = ReadLines(entry.path().string());
    const auto middle = lines.begin() + static_cast<std::ptrdiff_t>(lines.size() / 2);
    const std::string fingerprint = Enroll(Copy({lines.begin(), middle}, "first"), "half");
    if (Verify(fingerprint, Copy({middle, lines.end()}, "second")).exit_code == kExitDiffers) {
      accused.push_back(entry.path().filename().string());
    }
    ++models;
  }
  EXPECT_EQ(models, 17);
  EXPECT_LE(accused.size(), 1u) << ::testing::PrintToString(accused);
}

TEST_P(TestbedTest, CommercialSiblings) {
  for (const std::string model : {"GPT-4o", "GPT-4.1"}) {
    const std::string fingerprint = Enroll(Copy("aig_random_1_355/" + model), model);
    EXPECT_EQ(Verify(fingerprint, Copy("aig_random_1_355/" + model + "-mini")).exit_code, kExitDiffers)
        << model;
  }
}

TEST_P(TestbedTest, RealSubstitutionDayByDay) {
  std::map<std::string, std::vector<std::string>> days;
  for (const std::string& line :
       ReadLines(kData + "b3it_redirect/mistral-7b-instruct-v0.3@together.jsonl.gz")) {
    days[Json::parse(line)["session"].get<std::string>().substr(0, 10)].push_back(line);
  }
  ASSERT_GT(days.size(), 30u);
  const std::string fingerprint = Enroll(Copy(days.begin()->second, "first"), "first-day");
  std::vector<std::string> honest;
  for (auto day = std::next(days.begin()); day != days.end(); ++day) {
    const int exit_code = Verify(fingerprint, Copy(day->second, "day")).exit_code;
    if (day->first >= "2026-01-30") {
      EXPECT_EQ(exit_code, kExitDiffers) << day->first;
    } else {
      EXPECT_NE(exit_code, kExitDiffers) << day->first;
      honest.insert(honest.end(), day->second.begin(), day->second.end());
    }
  }
  EXPECT_NE(Verify(fingerprint, Copy(honest, "together")).exit_code, kExitDiffers);
}

INSTANTIATE_TEST_SUITE_P(Names, TestbedTest,
                         ::testing::Values(Names::kKept, Names::kRemoved, Names::kEmptied),
                         [](const auto& names) {
                           return names.param == Names::kKept      ? "Kept"
                                  : names.param == Names::kRemoved ? "Removed"
                                                                   : "Emptied";
                         });

}  // namespace
}  // namespace pinchbeck::cli
