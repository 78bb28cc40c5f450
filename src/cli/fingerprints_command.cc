// pinchbeck fingerprints: look at stored fingerprints, check a folder of them, get their prompts.
#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "pinchbeck/fingerprint/diff.h"
#include "pinchbeck/fingerprint/library.h"
#include "pinchbeck/fingerprint/prompt_search.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/report/report_writers.h"
#include "src/cli/command.h"
#include "src/cli/fingerprints_output.h"
#include "src/cli/installed_fingerprints.h"
#include "src/fingerprint/file_writer.h"
#include "src/internal/posix_file.h"

namespace pinchbeck::cli {
namespace {

constexpr std::size_t kMaxSourceBytes = std::size_t{64} << 20;
constexpr const char* kFolderHelp = "folder of fingerprints";
constexpr const char* kInstalledHelp = "; where it is left out and does not exist, the installed ones";

struct Flags {
  std::string folder = "fingerprints";
  // Those that set `folder` to read from.
  std::vector<const CLI::Option*> folder_options;
  std::string name, other, from, out;
  bool json = false;
  FingerprintDiffOptions diff;
  PromptSearchOptions prompts;
};

std::string FolderToRead(const Flags& flags) {
  for (const CLI::Option* option : flags.folder_options) {
    if (option->count() > 0) return flags.folder;
  }
  return FolderOrInstalled(flags.folder);
}

absl::Status RunList(const Flags& flags, CommandContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(const FingerprintIndex index, BuildFingerprintIndex(FolderToRead(flags)));
  context.out << (flags.json ? IndexToJson(index) : IndexToText(index));
  return absl::OkStatus();
}

absl::Status RunShow(const Flags& flags, CommandContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::string path, FindFingerprint(FolderToRead(flags), flags.name));
  PINCHBECK_ASSIGN_OR_RETURN(const Fingerprint fingerprint, LoadFingerprint(path));
  context.out << (flags.json ? FingerprintToJson(fingerprint) : FingerprintToText(fingerprint));
  return absl::OkStatus();
}

absl::Status RunDiff(const Flags& flags, CommandContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::string path_a, FindFingerprint(FolderToRead(flags), flags.name));
  PINCHBECK_ASSIGN_OR_RETURN(const std::string path_b, FindFingerprint(FolderToRead(flags), flags.other));
  PINCHBECK_ASSIGN_OR_RETURN(const Fingerprint a, LoadFingerprint(path_a));
  PINCHBECK_ASSIGN_OR_RETURN(const Fingerprint b, LoadFingerprint(path_b));
  PINCHBECK_ASSIGN_OR_RETURN(const FingerprintDiff diff, DiffFingerprints(a, b, flags.diff));
  context.out << (flags.json ? DiffToJson(a, b, diff) : DiffToText(a, b, diff));
  return absl::OkStatus();
}

absl::Status RunVerify(const Flags& flags, CommandContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(const LibraryCheck check, CheckLibrary(FolderToRead(flags)));
  std::int64_t bytes = 0;
  for (const FingerprintIndexEntry& entry : check.index) bytes += entry.bytes;
  if (flags.json) {
    context.out << "{\"schema\": \"pinchbeck.fingerprint_check/1\", \"fingerprints\": " << check.index.size()
                << ", \"bytes\": " << bytes << ", \"index\": " << (check.index_found ? "true" : "false")
                << "}\n";
  } else {
    context.out << check.index.size() << " fingerprints (" << bytes << " bytes) load"
                << (check.index_found ? " and agree with the index\n" : "; the folder has no index\n");
  }
  return absl::OkStatus();
}

absl::Status RunIndex(const Flags& flags, CommandContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(const FingerprintIndex index, BuildFingerprintIndex(flags.folder));
  PINCHBECK_RETURN_IF_ERROR(SaveFingerprintIndex(index, flags.folder));
  context.out << "Wrote the index of " << index.size() << " fingerprints\n";
  return absl::OkStatus();
}

absl::Status RunPrompt(const Flags& flags, CommandContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::string path, FindFingerprint(FolderToRead(flags), flags.name));
  PINCHBECK_ASSIGN_OR_RETURN(const Fingerprint fingerprint, LoadFingerprint(path));
  PINCHBECK_ASSIGN_OR_RETURN(const std::string text, internal::ReadFile(flags.from, kMaxSourceBytes));
  const absl::StatusOr<PromptSearchResult> found = FindPrompts(fingerprint, text, flags.prompts);
  if (!found.ok()) return internal::Annotate(found.status(), flags.from);
  for (const std::string& probe : found->missing) {
    context.err << "pinchbeck: warning: " << flags.from << " does not hold the prompt of probe \""
                << Printable(probe) << "\"; it is left out of the battery\n";
  }
  for (const std::string& probe : found->unknown_temperature) {
    context.err << "pinchbeck: warning: the source does not say at which temperature probe \""
                << Printable(probe) << "\" was asked; the battery asks at 1\n";
  }
  PINCHBECK_RETURN_IF_ERROR(internal::ReplaceFile(flags.out, SerializeBattery(found->battery)));
  context.out << "Wrote " << found->battery.probes.size() << " of " << fingerprint.provenance->prompts.size()
              << " prompts, checked by SHA-256, to " << flags.out << "\nNext: pinchbeck collect --battery "
              << flags.out << " ...\n";
  return absl::OkStatus();
}

using Action = absl::Status (*)(const Flags&, CommandContext&);

CLI::App* Add(CLI::App& parent, const std::shared_ptr<Flags>& flags, CommandContext& context,
              const char* name, const char* help, const char* example, Action action) {
  CLI::App* command = parent.add_subcommand(name, help);
  command->footer(std::string("Example:\n") + example);
  command->callback([flags, &context, action] {
    if (const absl::Status status = action(*flags, context); !status.ok()) ReportError(status, context);
  });
  return command;
}

void AddFolderPosition(CLI::App& command, Flags& flags) {
  flags.folder_options.push_back(
      command.add_option("folder", flags.folder, std::string(kFolderHelp) + kInstalledHelp)
          ->capture_default_str());
}

void AddFolderOption(CLI::App& command, Flags& flags) {
  flags.folder_options.push_back(
      command
          .add_option("--fingerprints", flags.folder,
                      std::string(kFolderHelp) + " that models are looked up in" + kInstalledHelp)
          ->capture_default_str());
}

void AddJson(CLI::App& command, Flags& flags) {
  command.add_flag("--json", flags.json, "print one JSON object");
}

constexpr const char* kNameHelp = "fingerprint file, or the name of a model in the folder";

}  // namespace

void AddFingerprintsCommand(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<Flags>();
  CLI::App* parent = app.add_subcommand("fingerprints", "List, show, compare and check stored fingerprints");
  parent->require_subcommand(1);
  parent->footer(
      "Example:\n"
      "  pinchbeck fingerprints list fingerprints/\n"
      "  pinchbeck fingerprints diff gpt-x.json gpt-x-mini.json");

  CLI::App* list = Add(*parent, flags, context, "list", "List the fingerprints of a folder",
                       "  pinchbeck fingerprints list fingerprints/", RunList);
  AddFolderPosition(*list, *flags);
  AddJson(*list, *flags);

  CLI::App* show =
      Add(*parent, flags, context, "show", "Say what a fingerprint holds and where it comes from",
          "  pinchbeck fingerprints show gpt-x.json", RunShow);
  show->add_option("fingerprint", flags->name, kNameHelp)->required();
  AddFolderOption(*show, *flags);
  AddJson(*show, *flags);

  CLI::App* diff = Add(*parent, flags, context, "diff", "Compare two fingerprints cell by cell",
                       "  pinchbeck fingerprints diff gpt-x.json gpt-x-mini.json", RunDiff);
  diff->add_option("a", flags->name, kNameHelp)->required();
  diff->add_option("b", flags->other, kNameHelp)->required();
  AddFolderOption(*diff, *flags);
  diff->add_option("--permutations", flags->diff.permutations, "relabelings behind each p-value")
      ->check(CLI::Range(std::int64_t{99}, std::int64_t{1000000}))
      ->capture_default_str();
  diff->add_option("--seed", flags->diff.seed, "seed of the relabelings")->capture_default_str();
  AddJson(*diff, *flags);

  CLI::App* verify = Add(*parent, flags, context, "verify",
                         "Check that every fingerprint of a folder loads and agrees with the folder's index",
                         "  pinchbeck fingerprints verify fingerprints/", RunVerify);
  AddFolderPosition(*verify, *flags);
  AddJson(*verify, *flags);

  CLI::App* index = Add(*parent, flags, context, "index", "Write the index of a folder",
                        "  pinchbeck fingerprints index fingerprints/", RunIndex);
  index->add_option("folder", flags->folder, kFolderHelp)->capture_default_str();

  CLI::App* prompt = Add(
      *parent, flags, context, "prompt",
      "Find a fingerprint's prompts, written by somebody else, in your copy of the source, and make a "
      "battery",
      "  pinchbeck fingerprints prompt gpt-x --from their_prompts.py --out battery.json\n"
      "  pinchbeck collect --battery battery.json --base-url https://relay.example/v1 --model gpt-x --out "
      "relay.jsonl",
      RunPrompt);
  prompt->add_option("model", flags->name, kNameHelp)->required();
  prompt->add_option("--from", flags->from, "your copy of the source's file: program text, JSON, CSV or text")
      ->required();
  prompt->add_option("--out", flags->out, "battery file to write")->required();
  AddFolderOption(*prompt, *flags);
  prompt->add_option("--max-tokens", flags->prompts.max_tokens, "where the fingerprint does not say")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000000}))
      ->capture_default_str();
}

}  // namespace pinchbeck::cli
