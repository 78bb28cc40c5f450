// pinchbeck verify and pinchbeck compare.
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "pinchbeck/audit/verify.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/cli/audit_flags.h"
#include "src/cli/battery_check.h"
#include "src/cli/collect_flags.h"
#include "src/cli/command.h"
#include "src/cli/input_stamps.h"
#include "src/cli/report_files.h"
#include "src/cli/temporary_folder.h"
#include "src/client/url.h"

namespace pinchbeck::cli {
namespace {

struct VerifyFlags {
  std::string fingerprint;
  std::vector<std::string> recordings;
  std::string alternatives;
  std::string save_recording;
  double max_age_days = VerifyOptions{}.max_age_days;
  AuditFlags audit;
  CollectFlags collect;
};

// Where the answers were asked for anew and not kept: how to ask again. Nothing that may be secret: no key,
// nor the name of its variable, nor the password or query of an address. The variable of the battery key is
// named, because other prompts would be sent without it.
void AppendEndpoint(const CollectFlags& flags, ShellCommand& command) {
  const auto url = internal::ParseUrl(flags.base_url);
  command.Option("--base-url", url.ok() ? url->Public() : "")
      .Option("--api", flags.api == kDetectApi ? "" : flags.api)
      .Option("--model", flags.model)
      .Option("--battery", flags.battery_path)
      .Option("--battery-key-env", flags.battery_key_env)
      .Option("--groups", absl::StrJoin(flags.groups, ","))
      .Option("--samples", std::to_string(flags.samples));
  const CollectFlags defaults;
  if (flags.context_tokens != defaults.context_tokens)
    command.Option("--context-tokens", std::to_string(flags.context_tokens));
  if (flags.token_limit_field != defaults.token_limit_field)
    command.Option("--token-limit-field", flags.token_limit_field);
  command.Flag("--insecure-http", flags.insecure_http);
}

ShellCommand CommandOf(const VerifyFlags& flags, const std::vector<std::string>& kept) {
  ShellCommand command("pinchbeck verify");
  command.Option("--fingerprint", flags.fingerprint);
  for (const std::string& recording : kept) command.Option("--recording", recording);
  if (kept.empty()) AppendEndpoint(flags.collect, command);
  command.Option("--alternatives", flags.alternatives);
  if (flags.max_age_days != VerifyOptions{}.max_age_days)
    command.Option("--max-age", ShortestDecimal(flags.max_age_days));
  AppendAuditFlags(flags.audit, command);
  return command;
}

// What a run read, for its report.
struct VerifyInputs {
  // Recordings that can be read again, and fingerprints of alternatives.
  std::vector<std::string> kept, stored;
  InputStamps stamps;
};

absl::StatusOr<ReportRun> DescribeRun(const VerifyFlags& flags, const VerifyInputs& read) {
  ReportRun run;
  run.command = CommandOf(flags, read.kept).text();
  PINCHBECK_ASSIGN_OR_RETURN(ReportInput fingerprint,
                             DescribeInput("fingerprint", flags.fingerprint, read.stamps));
  run.inputs.push_back(std::move(fingerprint));
  for (const std::string& recording : read.kept) {
    PINCHBECK_ASSIGN_OR_RETURN(ReportInput input, DescribeInput("recording", recording, read.stamps));
    run.inputs.push_back(std::move(input));
  }
  if (!flags.alternatives.empty())
    PINCHBECK_RETURN_IF_ERROR(
        DescribeFingerprints("alternative", flags.alternatives, read.stored, read.stamps, run.inputs));
  if (read.kept.empty()) {
    run.caveat =
        "The answers were not kept, so this command asks the endpoint for new ones; --save-recording FILE "
        "keeps them. Left out: the variable with the key (--api-key-env), limits of rate, time and cost, and "
        "what an address may hold beside its path.";
  }
  return run;
}

absl::Status WriteFiles(const VerifyFlags& flags, const VerifyInputs& read, const Report& report,
                        CommandContext& context) {
  if (!flags.audit.files.any()) return absl::OkStatus();
  PINCHBECK_ASSIGN_OR_RETURN(const ReportRun run, DescribeRun(flags, read));
  context.err << ChangeWarnings(run, read.stamps);
  return WriteReportFiles(flags.audit.files, report, run);
}

// What a report must not overwrite.
std::vector<std::string> InputsOf(const VerifyFlags& flags, const std::vector<std::string>& stored) {
  std::vector<std::string> inputs = flags.recordings;
  inputs.insert(inputs.end(), {flags.fingerprint, flags.save_recording, flags.collect.battery_path,
                               flags.collect.prices_path});
  inputs.insert(inputs.end(), stored.begin(), stored.end());
  return inputs;
}

absl::Status RunVerify(VerifyFlags& flags, CommandContext& context) {
  VerifyOptions options = ToVerifyOptions(flags.audit);
  options.max_age_days = flags.max_age_days;
  VerifyInputs read{.kept = flags.recordings, .stored = {}, .stamps = {}};
  AppendFingerprints(flags.alternatives, read.stored);
  const std::vector<std::string> inputs = InputsOf(flags, read.stored);
  PINCHBECK_RETURN_IF_ERROR(CheckReportFiles(flags.audit.files, inputs));
  PINCHBECK_RETURN_IF_ERROR(RemoveOldReports(flags.audit.files));
  read.stamps = InputStamps(inputs);
  // Read what can be wrong before any request is paid for.
  PINCHBECK_ASSIGN_OR_RETURN(const Fingerprint fingerprint, LoadFingerprint(flags.fingerprint));
  std::vector<Fingerprint> alternatives;
  if (!flags.alternatives.empty()) {
    PINCHBECK_ASSIGN_OR_RETURN(alternatives, LoadFingerprints(flags.alternatives));
    if (alternatives.empty())
      context.err << "pinchbeck: warning: " << flags.alternatives << " holds no fingerprint\n";
  }
  for (const Fingerprint& alternative : alternatives) options.alternatives.push_back(&alternative);
  std::vector<std::string> recordings = flags.recordings;
  PINCHBECK_ASSIGN_OR_RETURN(const TemporaryFolder folder, TemporaryFolder::Create());
  if (recordings.empty()) {
    flags.collect.seed = flags.audit.seed;
    PINCHBECK_ASSIGN_OR_RETURN(const Battery battery, SelectedBattery(flags.collect));
    if (!flags.audit.ranking_only) PINCHBECK_RETURN_IF_ERROR(CheckPrompts(fingerprint, battery));
    recordings = {flags.save_recording.empty() ? folder.File("recording.jsonl") : flags.save_recording};
    PINCHBECK_ASSIGN_OR_RETURN(const CollectionReport collected,
                               CollectToFile(flags.collect, recordings.front(), context));
    PINCHBECK_RETURN_IF_ERROR(CollectionStatus(collected));
    if (!flags.save_recording.empty()) read.kept = recordings;
    read.stamps.Take(recordings.front());
  }
  PINCHBECK_ASSIGN_OR_RETURN(const Report report, VerifyRecordings(fingerprint, recordings, options));
  PrintReport(report, flags.audit.json, context);
  return WriteFiles(flags, read, report, context);
}

struct CompareFlags {
  std::string recording_a, recording_b;
  AuditFlags audit;
};

absl::StatusOr<ReportRun> DescribeRun(const CompareFlags& flags, const InputStamps& before) {
  ReportRun run;
  ShellCommand command("pinchbeck compare");
  command.Option("--recording-a", flags.recording_a).Option("--recording-b", flags.recording_b);
  AppendAuditFlags(flags.audit, command);
  run.command = command.text();
  PINCHBECK_ASSIGN_OR_RETURN(ReportInput a,
                             DescribeInput("recording A (reference)", flags.recording_a, before));
  PINCHBECK_ASSIGN_OR_RETURN(ReportInput b,
                             DescribeInput("recording B (observed)", flags.recording_b, before));
  run.inputs = {std::move(a), std::move(b)};
  return run;
}

absl::Status RunCompare(const CompareFlags& flags, CommandContext& context) {
  PINCHBECK_RETURN_IF_ERROR(CheckReportFiles(flags.audit.files, {flags.recording_a, flags.recording_b}));
  PINCHBECK_RETURN_IF_ERROR(RemoveOldReports(flags.audit.files));
  const InputStamps stamps({flags.recording_a, flags.recording_b});
  PINCHBECK_ASSIGN_OR_RETURN(const Report report, CompareRecordings(flags.recording_a, flags.recording_b,
                                                                    ToVerifyOptions(flags.audit)));
  PrintReport(report, flags.audit.json, context);
  if (!flags.audit.files.any()) return absl::OkStatus();
  PINCHBECK_ASSIGN_OR_RETURN(const ReportRun run, DescribeRun(flags, stamps));
  context.err << ChangeWarnings(run, stamps);
  return WriteReportFiles(flags.audit.files, report, run);
}

constexpr const char* kExitCodes =
    "\nExit status: 0 consistent, 1 differs, 2 usage or input error, 3 inconclusive, 4 not measurable, 130 "
    "interrupted.";

}  // namespace

void AddVerifyCommand(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<VerifyFlags>();
  CLI::App* command =
      app.add_subcommand("verify", "Test a recording or a live endpoint against a fingerprint");
  command->footer(
      std::string(
          "Example:\n"
          "  pinchbeck verify --fingerprint gpt-x.json --recording relay.jsonl --alternatives models/\n"
          "  pinchbeck verify --fingerprint gpt-x.json --base-url https://relay.example/v1 \\\n"
          "      --api-key-env RELAY_KEY --model gpt-x --samples 10") +
      kExitCodes);
  command->add_option("--fingerprint", flags->fingerprint, "fingerprint of the claimed model")->required();
  command->add_option("--recording", flags->recordings, "recordings under test (.jsonl or .jsonl.gz)");
  command->add_option("--alternatives", flags->alternatives,
                      "folder of fingerprints of possible substitutes");
  command->add_option("--save-recording", flags->save_recording,
                      "keep the collected observations in this file");
  command
      ->add_option("--max-age", flags->max_age_days,
                   "days by which the fingerprint may be older than the recording without a warning")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  AddAuditFlags(*command, flags->audit);
  AddCollectFlags(*command, flags->collect,
                  {.with_seed = false, .with_model = true, .endpoint_required = false});
  command->callback([flags, &context] {
    if (flags->recordings.empty() == flags->collect.base_url.empty()) {
      ReportError(absl::InvalidArgumentError("give either --recording FILE or --base-url URL"), context);
      return;
    }
    if (absl::Status status = RunVerify(*flags, context); !status.ok()) ReportError(status, context);
  });
}

void AddCompareCommand(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<CompareFlags>();
  CLI::App* command = app.add_subcommand("compare", "Test one recording against another");
  command->footer(std::string("Example:\n"
                              "  pinchbeck compare --recording-a trusted.jsonl --recording-b relay.jsonl") +
                  kExitCodes);
  command->add_option("--recording-a", flags->recording_a, "the trusted recording (reference)")->required();
  command->add_option("--recording-b", flags->recording_b, "the recording under test")->required();
  AddAuditFlags(*command, flags->audit);
  command->callback([flags, &context] {
    if (absl::Status status = RunCompare(*flags, context); !status.ok()) ReportError(status, context);
  });
}

}  // namespace pinchbeck::cli
