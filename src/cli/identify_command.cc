// pinchbeck identify.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "pinchbeck/audit/identify.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/report/identification_writers.h"
#include "src/cli/command.h"
#include "src/cli/input_stamps.h"
#include "src/cli/report_files.h"

namespace pinchbeck::cli {
namespace {

struct IdentifyFlags {
  std::string fingerprints;
  std::vector<std::string> recordings;
  IdentifyOptions options{};
  bool json = false;
  ReportFileFlags files;
};

int ExitCodeOf(IdentificationVerdict verdict) {
  switch (verdict) {
    case IdentificationVerdict::kKnown:
      return kExitConsistent;
    case IdentificationVerdict::kNoneOfThese:
      return kExitDiffers;
    case IdentificationVerdict::kInconclusive:
      return kExitInconclusive;
    case IdentificationVerdict::kNotMeasurable:
      return kExitNotMeasurable;
  }
  return kExitInconclusive;
}

absl::StatusOr<ReportRun> DescribeRun(const IdentifyFlags& flags, const std::vector<std::string>& stored,
                                      const InputStamps& before) {
  ReportRun run;
  ShellCommand command("pinchbeck identify");
  command.Option("--fingerprints", flags.fingerprints);
  for (const std::string& recording : flags.recordings) {
    command.Option("--recording", recording);
    PINCHBECK_ASSIGN_OR_RETURN(ReportInput input, DescribeInput("recording", recording, before));
    run.inputs.push_back(std::move(input));
  }
  command.Option("--alpha", ShortestDecimal(flags.options.alpha))
      .Option("--seed", std::to_string(flags.options.seed))
      .Option("--permutations", std::to_string(flags.options.permutations))
      .Option("--tested", std::to_string(flags.options.tested))
      .Flag("--ranking-only", flags.options.ranking_only);
  run.command = command.text();
  PINCHBECK_RETURN_IF_ERROR(
      DescribeFingerprints("fingerprint", flags.fingerprints, stored, before, run.inputs));
  return run;
}

absl::Status RunIdentify(const IdentifyFlags& flags, CommandContext& context) {
  std::vector<std::string> stored;
  AppendFingerprints(flags.fingerprints, stored);
  std::vector<std::string> inputs = flags.recordings;
  inputs.insert(inputs.end(), stored.begin(), stored.end());
  PINCHBECK_RETURN_IF_ERROR(CheckReportFiles(flags.files, inputs));
  PINCHBECK_RETURN_IF_ERROR(RemoveOldReports(flags.files));
  const InputStamps stamps(inputs);
  PINCHBECK_ASSIGN_OR_RETURN(std::vector<Fingerprint> fingerprints, LoadFingerprints(flags.fingerprints));
  if (fingerprints.empty()) {
    return absl::InvalidArgumentError(flags.fingerprints +
                                      ": holds no fingerprint (*.json); make some with `pinchbeck enroll`");
  }
  PINCHBECK_ASSIGN_OR_RETURN(const IdentifyLibrary library, IdentifyLibrary::Make(std::move(fingerprints)));
  IdentifyOptions options = flags.options;
  if (options.threads == 0) {
    options.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  }
  PINCHBECK_ASSIGN_OR_RETURN(const Identification identification,
                             IdentifyRecordings(library, flags.recordings, options));
  context.out << (flags.json ? IdentificationToJson(identification) : IdentificationToText(identification))
              << std::flush;
  context.exit_code = ExitCodeOf(identification.verdict);
  if (!flags.files.any()) return absl::OkStatus();
  PINCHBECK_ASSIGN_OR_RETURN(const ReportRun run, DescribeRun(flags, stored, stamps));
  context.err << ChangeWarnings(run, stamps);
  return WriteReportFiles(flags.files, identification, run);
}

}  // namespace

void AddIdentifyCommand(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<IdentifyFlags>();
  flags->options.threads = 0;
  CLI::App* command =
      app.add_subcommand("identify", "Find the stored model that a recording comes from, if any");
  command->footer(
      "Example:\n"
      "  pinchbeck identify --fingerprints models/ --recording relay.jsonl\n"
      "\nExit status: 0 known, 1 none of these, 2 usage or input error, 3 inconclusive, 4 not measurable.");
  command->add_option("--fingerprints", flags->fingerprints, "folder of fingerprints (*.json)")->required();
  command->add_option("--recording", flags->recordings, "recordings to identify (.jsonl or .jsonl.gz)")
      ->required();
  command
      ->add_option("--alpha", flags->options.alpha,
                   "chance that a stored model is answered by `none of these`")
      ->check(CLI::Range(1e-9, 0.5))
      ->capture_default_str();
  command->add_option("--seed", flags->options.seed, "seed of the permutation tests")->capture_default_str();
  command->add_option("--permutations", flags->options.permutations, "relabelings per test, at least")
      ->check(CLI::Range(std::int64_t{99}, std::int64_t{10000000}))
      ->capture_default_str();
  command->add_option("--tested", flags->options.tested, "models at the top that always get a p-value")
      ->capture_default_str();
  command
      ->add_option("--threads", flags->options.threads,
                   "threads; 0: one per processor. The result does not depend on it")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_flag("--ranking-only", flags->options.ranking_only,
                    "go on although the conditions differ; the verdict is then `inconclusive`");
  command->add_flag("--json", flags->json, "print one JSON object");
  AddHtmlFlag(*command, flags->files);
  command->callback([flags, &context] {
    if (absl::Status status = RunIdentify(*flags, context); !status.ok()) ReportError(status, context);
  });
}

}  // namespace pinchbeck::cli
