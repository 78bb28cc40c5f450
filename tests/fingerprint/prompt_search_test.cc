#include "pinchbeck/fingerprint/prompt_search.h"

#include <gmock/gmock.h>

#include "pinchbeck/internal/digest.h"
#include "src/fingerprint/string_literals.h"
#include "tests/fingerprint/fingerprint_fixture.h"

namespace pinchbeck {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

bool Holds(std::string_view text, std::string_view wanted) {
  bool found = false;
  EXPECT_TRUE(internal::ForEachStringCandidate(text, [&](std::string_view candidate) {
    found = found || candidate == wanted;
    return !found;
  }));
  return found;
}

struct Source {
  const char* name;
  std::string text;
  std::string prompt;
};

TEST(StringCandidateTest, AreFoundInEveryKindOfFile) {
  const Source sources[] = {
      {"Python, double quotes", "x = 1\nPROMPT = \"Pick a number.\"\n", "Pick a number."},
      {"Python, single quotes with escapes", R"(P = 'It\'s a\tnumber\n')", "It's a\tnumber\n"},
      {"Python, raw", R"(P = r"a\b")", R"(a\b)"},
      {"Python, triple quotes", "P = \"\"\"\n  Pick\n    a number.\n  \"\"\"\n", "Pick\n  a number."},
      {"Python, joined literals", "P = (\"Pick \"\n     'a '\n     f\"number.\")", "Pick a number."},
      {"after an apostrophe", "# don't ask\nP = \"Pick.\"  # it's 'fine'\n", "Pick."},
      {"apostrophe on the same line", "# don't: \"Pick one.\"\n", "Pick one."},
      {"JSON with escapes", R"({"p": "\u9009 \"a\" \ud83d\ude00\/b"})",
       "\xE9\x80\x89 \"a\" \xF0\x9F\x98\x80/b"},
      {"JSON in JSON", R"({"p": "{\"q\": \"Pick.\"}"})", R"({"q": "Pick."})"},
      {"CSV with a comma", "id,prompt\n1,\"Pick one, now.\",2\n", "Pick one, now."},
      {"CSV with quotes", "id,prompt\n1,\"Say \"\"hi\"\" now\",2\n", "Say \"hi\" now"},
      {"a line", "Pick a number.\r\nOther\n", "Pick a number."},
      {"an indented line", "  - Pick\n", "- Pick"},
      {"the whole file", "Pick\na number.\n", "Pick\na number."}};
  for (const Source& source : sources) EXPECT_TRUE(Holds(source.text, source.prompt)) << source.name;
  EXPECT_FALSE(Holds("P = \"Pick a number.\"", "Pick a"));
  EXPECT_FALSE(Holds("", "x"));
}

TEST(StringCandidateTest, EscapesThatAreNoneStay) {
  EXPECT_EQ(internal::DecodeEscapes(R"(\q \x4 \u12 \)"), R"(\q \x4 \u12 \)");
  EXPECT_EQ(internal::DecodeEscapes("a\\\nb\\101\\x41\\U0001F600"), "abAA\xF0\x9F\x98\x80");
}

// Texts made to be slow must end, found or given up.
TEST(StringCandidateTest, HostileTextsEnd) {
  std::string quotes, escaped = "\"", joined, triples;
  for (int i = 0; i < 20000; ++i) {
    quotes += "\"'";
    escaped += "\\\"";
    joined += "\"a\"";
    triples += "'''\"\"\"";
  }
  for (const std::string& text : {quotes, escaped, joined, triples, std::string(1 << 18, '"')}) {
    std::size_t visited = 0;
    (void)internal::ForEachStringCandidate(text, [&](std::string_view candidate) {
      visited += candidate.size();
      return true;
    });
    EXPECT_LE(visited, std::max(std::size_t{16} << 20, 64 * text.size())) << text.substr(0, 8);
  }
}

Fingerprint WithPrompts(const std::vector<std::string>& prompts) {
  Fingerprint fingerprint = ChoiceFingerprint("m", 0);
  Provenance provenance{.source = "owner/repository", .licence = "MIT", .attribution = "owner"};
  provenance.commit = "0123abcd";
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    provenance.prompts.push_back({.probe = "p" + std::to_string(i),
                                  .sha256 = internal::Sha256Hex(prompts[i]),
                                  .file = "src/prompts.py"});
  }
  EXPECT_TRUE(AttachProvenance(provenance, fingerprint).ok());
  return fingerprint;
}

TEST(PromptSearchTest, MakesABatteryWithTheRecordedConditions) {
  const auto found = FindPrompts(WithPrompts({"Pick.", "Choose."}), "A = 'Pick.'\nB = 'Choose.'\n");
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_TRUE(found->missing.empty());
  ASSERT_EQ(found->battery.probes.size(), 2u);
  const Probe& probe = found->battery.probes[0];
  EXPECT_EQ(probe.id, "p0");
  EXPECT_EQ(probe.PromptSha256(), internal::Sha256Hex("Pick."));
  EXPECT_EQ(probe.sampling.temperature, 1.0);
  EXPECT_EQ(probe.sampling.max_tokens, 4);
  EXPECT_THAT(probe.signals, ElementsAre("choice"));
  EXPECT_TRUE(ParseBattery(SerializeBattery(found->battery)).ok());
}

TEST(PromptSearchTest, SaysWhatIsMissingAndWhereToGetIt) {
  const Fingerprint fingerprint = WithPrompts({"Pick.", "Choose."});
  const auto part = FindPrompts(fingerprint, "Choose.\n");
  ASSERT_TRUE(part.ok()) << part.status();
  EXPECT_THAT(part->missing, ElementsAre("p0"));
  const auto none = FindPrompts(fingerprint, "nothing\n");
  EXPECT_EQ(none.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(none.status().ToString(), HasSubstr("src/prompts.py of owner/repository at 0123abcd"));
  EXPECT_EQ(FindPrompts(ChoiceFingerprint("m", 0), "Pick.").status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace pinchbeck
