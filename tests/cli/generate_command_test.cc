#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "src/cli/command_tree.h"
#include "src/cli/completion.h"
#include "src/cli/man_page.h"
#include "tests/cli/cli_fixture.h"

namespace pinchbeck::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::string Read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A command with one option of every kind.
class CommandTreeTest : public ::testing::Test {
 protected:
  CommandTreeTest() {
    CLI::App* command = app_.add_subcommand("run", "Do it");
    command->footer("Example:\n  prog run x\nA note.\nExit status: 0 done, 1 not.");
    command->add_option("place", text_, "folder to look into")->required();
    command->add_option("-n,--number", number_, "how many")->check(CLI::Range(1, 9))->capture_default_str();
    command->add_option("--kind", text_, "what sort")->check(CLI::IsMember({"big", "small"}));
    command->add_option("--files", texts_, "files to read");
    command->add_flag("--fast", flag_, ".starts with a dot, it's [odd]: \\ `so`");
    command->add_flag("--secret", flag_, "not shown")->group("");
    app_.add_subcommand("hidden", "Not shown")->group("");
    tree_ = ReadCommandTree(app_);
  }

  int number_ = 3;
  bool flag_ = false;
  std::string text_;
  std::vector<std::string> texts_;
  CLI::App app_{"A program", "prog"};
  CommandNode tree_;
};

TEST_F(CommandTreeTest, HoldsWhatTheHelpShows) {
  ASSERT_THAT(tree_.commands, SizeIs(1));
  const CommandNode& run = tree_.commands[0];
  EXPECT_EQ(run.path, "prog run");
  EXPECT_EQ(run.description, "Do it");
  ASSERT_THAT(run.options, SizeIs(6));
  EXPECT_THAT(run.options[0].names, ElementsAre("-h", "--help"));
  EXPECT_EQ(run.options[0].values, 0);
  EXPECT_THAT(run.options[1].names, IsEmpty());
  EXPECT_EQ(run.options[1].position, "place");
  EXPECT_TRUE(run.options[1].required);
  EXPECT_EQ(run.options[2].value, "INT");
  EXPECT_EQ(run.options[2].constraint, "INT in [1 - 9]");
  EXPECT_EQ(run.options[2].default_value, "3");
  EXPECT_EQ(run.options[2].values, 1);
  EXPECT_THAT(run.options[3].choices, ElementsAre("big", "small"));
  EXPECT_GT(run.options[4].values, 1);
  EXPECT_EQ(run.options[5].values, 0);
  EXPECT_EQ(run.options[5].value, "");
}

TEST_F(CommandTreeTest, CompletesValuesByWhatTheyAre) {
  const std::vector<OptionNode>& options = tree_.commands[0].options;
  EXPECT_EQ(KindOfValue(options[1]), ValueKind::kFolders);
  EXPECT_EQ(KindOfValue(options[2]), ValueKind::kNone);
  EXPECT_EQ(KindOfValue(options[3]), ValueKind::kChoices);
  EXPECT_EQ(KindOfValue(options[4]), ValueKind::kFiles);
}

TEST_F(CommandTreeTest, PagesEscapeWhatTheFormatterWouldObey) {
  const std::vector<ManPage> pages = ManPages(tree_);
  ASSERT_THAT(pages, SizeIs(2));
  EXPECT_EQ(pages[0].file, "prog.1");
  EXPECT_EQ(pages[1].file, "prog-run.1");
  EXPECT_THAT(pages[1].text, HasSubstr("\\&.starts with a dot, it's [odd]: \\e \\(gaso\\(ga"));
  EXPECT_THAT(pages[1].text, HasSubstr("(INT in [1 \\- 9]; default 3)"));
  EXPECT_THAT(pages[1].text, HasSubstr(".SH EXIT STATUS\n0 done, 1 not.\n"));
  EXPECT_THAT(pages[1].text, HasSubstr(".SH NOTES\n.nf\nA note.\n.fi\n"));
  EXPECT_THAT(pages[1].text, HasSubstr(".SH EXAMPLES\n.nf\n  prog run x\n.fi\n"));
  EXPECT_THAT(pages[0].text, HasSubstr(".BR prog\\-run (1)\n"));
}

TEST_F(CommandTreeTest, ZshSpecificationsEscapeBracketsAndQuotes) {
  const std::string script = ZshCompletion(tree_);
  EXPECT_THAT(script, HasSubstr("'--fast[.starts with a dot, it'\\''s \\[odd\\]\\: \\\\ `so`]'"));
  EXPECT_THAT(script, HasSubstr("'--kind=[what sort]:TEXT:(big small)'"));
  EXPECT_THAT(script, HasSubstr("'*--files=[files to read]:TEXT:_files'"));
  EXPECT_THAT(script, HasSubstr("':place:_files -/'"));
  EXPECT_THAT(script, Not(HasSubstr("hidden")));
}

using GenerateCommandTest = CliTest;

// The words of a help text that name a subcommand: two spaces, then the name.
std::vector<std::string> CommandsInHelp() {
  std::vector<std::string> names;
  std::istringstream help(RunCli({"--help"}).out);
  bool listed = false;
  for (std::string line; std::getline(help, line);) {
    if (line == "Subcommands:") listed = true;
    if (line.empty()) listed = false;
    if (listed && line.starts_with("  ")) names.push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  return names;
}

TEST_F(GenerateCommandTest, WritesAPageForEveryCommandOfTheHelp) {
  const CliResult result = RunCli({"generate", "--out", File("pages")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "");
  const std::vector<std::string> names = CommandsInHelp();
  ASSERT_GT(names.size(), 10u);
  const std::string bash = Read(File("pages") + "/pinchbeck.bash");
  const std::string zsh = Read(File("pages") + "/_pinchbeck");
  for (const std::string& name : names) {
    const std::string page = Read(File("pages") + "/man1/pinchbeck-" + name + ".1");
    EXPECT_THAT(page,
                HasSubstr("\\fBpinchbeck " + std::string(name == "mock-relay" ? "mock\\-relay" : name)));
    EXPECT_THAT(bash, HasSubstr("'pinchbeck " + name + "')"));
    EXPECT_THAT(zsh, HasSubstr("'" + name + ":"));
  }
  EXPECT_THAT(Read(File("pages") + "/man1/pinchbeck-verify.1"), HasSubstr("\\fB\\-\\-alternatives\\fR"));
  EXPECT_FALSE(std::filesystem::exists(File("pages") + "/man1/pinchbeck-generate.1"));
}

TEST_F(GenerateCommandTest, SaysWhatCannotBeWritten) {
  const std::string file = Write("file", "");
  const CliResult result = RunCli({"generate", "--out", file + "/below"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--out: cannot make " + file + "/below"));
}

}  // namespace
}  // namespace pinchbeck::cli
