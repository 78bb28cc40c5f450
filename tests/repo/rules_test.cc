// The rules themselves: each finds what it is for, and nothing else.
#include "tests/repo/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/repo/source_tree.h"

namespace pinchbeck::repo {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct IncludeCase {
  std::string name;
  std::string path;
  std::string line;
  // Part of the message, or empty where the line is allowed.
  std::string message;
};

class IncludeRule : public testing::TestWithParam<IncludeCase> {};

TEST_P(IncludeRule, AllowsOrNamesTheInclude) {
  const IncludeCase& c = GetParam();
  const auto violations = CheckIncludes({.path = c.path, .text = "// First line.\n" + c.line + "\n"});
  if (c.message.empty()) {
    EXPECT_THAT(violations, IsEmpty());
  } else {
    EXPECT_THAT(violations, ElementsAre(HasSubstr(c.path + ":2: ")));
    EXPECT_THAT(violations, ElementsAre(HasSubstr(c.message)));
  }
}

std::vector<IncludeCase> IncludeCases() {
  const std::string stats = "include/pinchbeck/stats/a.h";
  const std::string client = "src/client/a.cc";
  return {
      {"PythonMayUseReports", "python/bindings/a.cc", "#include \"pinchbeck/report/b.h\"", ""},
      {"PythonMayUseItself", "python/bindings/a.cc", "#include \"python/bindings/b.h\"", ""},
      {"PythonMayNotUseTheCommand", "python/bindings/a.cc", "#include \"src/cli/b.h\"",
       "python/bindings may not include"},
      {"ClientMayNotUsePython", client, "#include \"python/bindings/b.h\"", "client may not include"},
      {"StatsMayUseItself", stats, "#include \"pinchbeck/stats/b.h\"", ""},
      {"StatsMayUseEigen", stats, "#include <Eigen/Core>", ""},
      {"StatsMayUseStatus", stats, "#include \"absl/status/statusor.h\"", ""},
      {"StatsMayNotUseCore", stats, "#include \"pinchbeck/core/probe.h\"", "stats may not include"},
      {"StatsMayNotUseSignal", stats, "#include \"pinchbeck/signal/a.h\"", "stats may not include"},
      {"StatsMayNotUseTime", stats, "#include \"absl/time/time.h\"", "Eigen and Abseil's status"},
      {"CoreMayNotUseStats", "src/core/a.cc", "#include \"pinchbeck/stats/b.h\"", "core may not include"},
      {"CoreMayUseInternal", "src/core/a.cc", "#include \"pinchbeck/internal/utf8.h\"", ""},
      {"CoreMayUseJsonInSources", "src/core/a.cc", "#include <nlohmann/json.hpp>", ""},
      {"ClientMayUseCore", client, "#include \"pinchbeck/core/endpoint.h\"", ""},
      {"ClientMayNotUseStats", client, "#include \"pinchbeck/stats/b.h\"", "client may not include"},
      {"ClientMayNotUseStatsWithSpaces", client, "#  include <pinchbeck/stats/b.h>",
       "client may not include"},
      {"ClientMayNotUseSourcesOfSignal", client, "#include \"src/signal/b.h\"", "client may not include"},
      {"ClientMayNotUseTheUmbrella", client, "#include \"pinchbeck/pinchbeck.h\"", "client may not include"},
      {"ClientMayUseTheVersion", client, "#include \"pinchbeck/version.h\"", ""},
      {"SignalMayUseStats", "src/signal/a.cc", "#include \"pinchbeck/stats/b.h\"", ""},
      {"SignalMayNotUseFingerprint", "src/signal/a.cc", "#include \"pinchbeck/fingerprint/store.h\"",
       "signal may not include"},
      {"FingerprintMayNotUseClient", "src/fingerprint/a.cc", "#include \"pinchbeck/client/sse.h\"",
       "fingerprint may not include"},
      {"AuditMayUseFingerprint", "src/audit/a.cc", "#include \"pinchbeck/fingerprint/store.h\"", ""},
      {"AuditMayNotUseReport", "src/audit/a.cc", "#include \"pinchbeck/report/json.h\"",
       "audit may not include"},
      {"ReportMayUseAudit", "src/report/a.cc", "#include \"pinchbeck/audit/verify.h\"", ""},
      {"InternalMayNotUseCore", "src/internal/a.cc", "#include \"pinchbeck/core/probe.h\"",
       "internal may not include"},
      {"CommandMayUseAll", "src/cli/a.cc", "#include \"pinchbeck/client/client.h\"", ""},
      {"UmbrellaMayUseAll", "include/pinchbeck/pinchbeck.h", "#include \"pinchbeck/audit/verify.h\"", ""},
      {"NewFoldersMustBeListed", "src/novel/a.cc", "#include <string>", "unknown folder"},
      {"PublicHeadersTakeNoCurl", "include/pinchbeck/client/a.h", "#include <curl/curl.h>",
       "public header may not include curl/curl.h"},
      {"PublicHeadersTakeNoJson", "include/pinchbeck/core/a.h", "#include <nlohmann/json_fwd.hpp>",
       "public header may not include nlohmann/"},
      {"PublicHeadersTakeNoBoost", "include/pinchbeck/signal/a.h", "#include <boost/math/tools/roots.hpp>",
       "public header may not include boost/"},
      {"PublicHeadersTakeNoCommandLineParser", "include/pinchbeck/core/a.h", "#include <CLI/CLI.hpp>",
       "public header may not include CLI/"},
      {"PublicHeadersTakeNoRanges", "include/pinchbeck/core/a.h", "#include <ranges>",
       "public header may not include ranges"},
      {"PublicHeadersTakeNoSources", "include/pinchbeck/core/a.h", "#include \"src/core/fields.h\"",
       "may not include src/core/fields.h"},
      {"InternalHeadersMayTakeJson", "include/pinchbeck/internal/a.h", "#include <nlohmann/json.hpp>", ""},
      {"PathsStartAtTheRoot", client, "#include \"url.h\"", "by its path from the root"},
      {"TestsAreFree", "tests/client/a_test.cc", "#include \"pinchbeck/stats/b.h\"", ""},
      {"OtherLinesAreFree", stats, "// #include \"pinchbeck/core/probe.h\"", ""},
  };
}

INSTANTIATE_TEST_SUITE_P(Cases, IncludeRule, testing::ValuesIn(IncludeCases()),
                         [](const auto& test) { return test.param.name; });

TEST(AsciiRule, NamesTheLine) {
  EXPECT_THAT(CheckAscii({.path = "src/core/a.cc", .text = "int a;\n// caf\xc3\xa9\n"}),
              ElementsAre(HasSubstr("src/core/a.cc:2: not ASCII")));
}

TEST(AsciiRule, AllowsEscapesAndOtherKindsOfFile) {
  EXPECT_THAT(CheckAscii({.path = "src/core/a.cc", .text = "const char* a = \"caf\\u00e9\";\n"}), IsEmpty());
  EXPECT_THAT(CheckAscii({.path = "README.zh-CN.md", .text = "\xe6\xa8\xa1\n"}), IsEmpty());
}

TEST(LeftoverRule, NamesTheLine) {
  const std::string word = std::string("TO") + "DO";
  EXPECT_THAT(CheckLeftovers({.path = "dev", .text = "a\n# " + word + ": later\n"}),
              ElementsAre(HasSubstr("dev:2: unfinished")));
}

TEST(LeftoverRule, LooksAtWholeWords) {
  const std::string word = std::string("TO") + "DO";
  EXPECT_THAT(CheckLeftovers({.path = "a.md", .text = "AU" + word + "NE " + word + "S k" + word + "_\n"}),
              IsEmpty());
  EXPECT_THAT(CheckLeftovers({.path = "a.md", .text = "AU" + word + "NE " + word + "\n"}),
              ElementsAre(HasSubstr("a.md:1: unfinished")));
}

struct GuardCase {
  std::string path;
  std::string guard;
};

std::string HeaderWith(const std::string& guard) {
  return "// A header.\n#ifndef " + guard + "\n#define " + guard + "\n#endif  // " + guard + "\n";
}

TEST(GuardRule, FollowsThePath) {
  const std::vector<GuardCase> cases = {
      {"include/pinchbeck/core/probe.h", "PINCHBECK_CORE_PROBE_H_"},
      {"include/pinchbeck/pinchbeck.h", "PINCHBECK_PINCHBECK_H_"},
      {"src/cli/command.h", "PINCHBECK_SRC_CLI_COMMAND_H_"},
      {"tests/repo/rules.h", "PINCHBECK_TESTS_REPO_RULES_H_"},
  };
  for (const GuardCase& c : cases) {
    EXPECT_THAT(CheckGuard({.path = c.path, .text = HeaderWith(c.guard)}), IsEmpty()) << c.path;
    EXPECT_THAT(CheckGuard({.path = c.path, .text = HeaderWith("PINCHBECK_OTHER_H_")}),
                ElementsAre(HasSubstr(c.path + ":2: expected as first directive: #ifndef " + c.guard)));
  }
}

TEST(GuardRule, NeedsAllThreeDirectives) {
  const std::string path = "include/pinchbeck/core/probe.h";
  EXPECT_THAT(CheckGuard({.path = path, .text = "#pragma once\n"}), ElementsAre(HasSubstr("#ifndef")));
  EXPECT_THAT(CheckGuard({.path = path, .text = ""}), ElementsAre(HasSubstr(":1: ")));
  std::string text = HeaderWith("PINCHBECK_CORE_PROBE_H_");
  EXPECT_THAT(CheckGuard({.path = path, .text = text + "#include <string>\n"}),
              ElementsAre(HasSubstr("expected as last directive: #endif")));
  text.replace(text.find("#define "), 8, "#undef ");
  EXPECT_THAT(CheckGuard({.path = path, .text = text}), ElementsAre(HasSubstr("expected: #define")));
}

}  // namespace
}  // namespace pinchbeck::repo
