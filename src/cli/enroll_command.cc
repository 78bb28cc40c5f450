// pinchbeck enroll: recordings (or a live collection) to a fingerprint.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <system_error>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pinchbeck/audit/self_check.h"
#include "pinchbeck/fingerprint/builder.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/report/report_writers.h"
#include "src/cli/battery_check.h"
#include "src/cli/collect_flags.h"
#include "src/cli/command.h"
#include "src/cli/temporary_folder.h"

namespace pinchbeck::cli {
namespace {

struct EnrollFlags {
  std::vector<std::string> recordings;
  std::vector<std::string> self_check;
  std::string label;
  std::string out;
  std::string save_recording;
  std::string request_model;
  std::string provenance;
  std::string created;
  bool variants = false;
  bool keep_text = false;
  bool private_texts = false;
  CollectFlags collect;
};

std::int64_t Planned(const SignalPlan& plan, bool ProbePlan::*signal) {
  std::int64_t count = 0;
  for (const auto& entry : plan) count += entry.second.*signal;
  return count;
}

void PrintSummary(const EnrollFlags& flags, const EnrollResult& result, CommandContext& context) {
  const Fingerprint& fingerprint = result.fingerprint;
  const SampleSet pooled = fingerprint.Pooled();
  std::int64_t failed = 0;
  for (const auto& entry : pooled.failures) failed += entry.second;
  const struct {
    const char* name;
    bool ProbePlan::*signal;
  } signals[] = {{"choice", &ProbePlan::choice},      {"logprob", &ProbePlan::logprob},
                 {"text", &ProbePlan::text},          {"token_length", &ProbePlan::token_length},
                 {"latency", &ProbePlan::latency},    {"tokenizer", &ProbePlan::tokenizer},
                 {"reasoning", &ProbePlan::reasoning}};
  context.out << "Enrolled " << Printable(fingerprint.model) << " from " << pooled.usable << " answers to "
              << fingerprint.plan.size() << " probes (" << failed << " failed requests) into " << flags.out
              << "\n";
  for (const auto& signal : signals) {
    const std::int64_t probes = Planned(fingerprint.plan, signal.signal);
    if (probes > 0) context.out << "  " << signal.name << ": " << probes << " probes\n";
  }
}

// A file that is enrolled and checked agrees with itself.
absl::Status CheckApart(const EnrollFlags& flags) {
  for (const std::string& held_out : flags.self_check) {
    for (const std::string& enrolled : flags.recordings) {
      std::error_code error;
      if (!std::filesystem::equivalent(held_out, enrolled, error)) continue;
      return absl::InvalidArgumentError("--self-check " + held_out +
                                        ": the file is enrolled too; give a recording of another session");
    }
  }
  return absl::OkStatus();
}

// Before the fingerprint is written: does an independent session agree with it? False: it must not be used.
absl::StatusOr<bool> PassesSelfCheck(const EnrollFlags& flags, const Fingerprint& fingerprint,
                                     CommandContext& context) {
  PINCHBECK_RETURN_IF_ERROR(CheckApart(flags));
  VerifyOptions options;
  options.seed = flags.collect.seed;
  PINCHBECK_ASSIGN_OR_RETURN(const SelfCheck check, CheckFingerprint(fingerprint, flags.self_check, options));
  for (const std::string& warning : check.warnings)
    context.err << "pinchbeck: warning: self-check: " << warning << "\n";
  if (!check.passed()) {
    context.err << ReportToText(check.weights) << "pinchbeck: self-check: " << check.failure << "; "
                << flags.out << " was not written\n";
    context.exit_code = kExitDiffers;
    return false;
  }
  context.out << "Self-check: " << VerdictName(check.weights.verdict) << " for the claim weights, "
              << VerdictName(check.serving.verdict) << " for the claim serving, " << check.weights.n_observed
              << " held-out answers\n";
  return true;
}

absl::Status Run(EnrollFlags& flags, CommandContext& context) {
  EnrollOptions options;
  options.model = flags.label;
  options.variant_per_recording = flags.variants;
  options.keep_text = flags.keep_text;
  options.private_texts = flags.private_texts;
  options.created = flags.created;
  if (flags.created.empty()) {
    options.created = absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now(), absl::UTCTimeZone());
  }
  std::optional<Provenance> provenance;
  if (!flags.provenance.empty()) {
    PINCHBECK_ASSIGN_OR_RETURN(provenance, LoadProvenance(flags.provenance));
  }
  std::vector<std::string> recordings = flags.recordings;
  PINCHBECK_ASSIGN_OR_RETURN(const TemporaryFolder folder, TemporaryFolder::Create());
  if (recordings.empty()) {
    flags.collect.model = flags.request_model.empty() ? flags.label : flags.request_model;
    recordings = {flags.save_recording.empty() ? folder.File("recording.jsonl") : flags.save_recording};
    PINCHBECK_ASSIGN_OR_RETURN(const CollectionReport collected,
                               CollectToFile(flags.collect, recordings.front(), context));
    PINCHBECK_RETURN_IF_ERROR(CollectionStatus(collected));
    options.endpoint_kind = "openai-chat";
    options.battery_sha256 = collected.battery_sha256;
  }
  PINCHBECK_ASSIGN_OR_RETURN(EnrollResult result, Enroll(recordings, options));
  for (const std::string& warning : result.recordings.warnings)
    context.err << "pinchbeck: warning: " << warning << "\n";
  const bool names_battery = !flags.collect.battery_path.empty() || !flags.collect.battery_key_env.empty();
  if (names_battery && !flags.recordings.empty()) {
    PINCHBECK_ASSIGN_OR_RETURN(const Battery battery, SelectedBattery(flags.collect));
    PINCHBECK_RETURN_IF_ERROR(CheckMadeWith(result.fingerprint, battery));
    result.fingerprint.battery_sha256 = battery.Sha256();
  }
  if (provenance) {
    PINCHBECK_RETURN_IF_ERROR(AttachProvenance(*std::move(provenance), result.fingerprint));
  }
  if (!flags.self_check.empty()) {
    PINCHBECK_ASSIGN_OR_RETURN(const bool passes, PassesSelfCheck(flags, result.fingerprint, context));
    if (!passes) return absl::OkStatus();
  }
  PINCHBECK_RETURN_IF_ERROR(SaveFingerprint(result.fingerprint, flags.out));
  PrintSummary(flags, result, context);
  return absl::OkStatus();
}

}  // namespace

void AddEnrollCommand(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<EnrollFlags>();
  CLI::App* command =
      app.add_subcommand("enroll", "Make a fingerprint from recordings or from a live endpoint");
  command->footer(
      "Example:\n"
      "  pinchbeck enroll --recording day1.jsonl --model gpt-x --out gpt-x.json\n"
      "  pinchbeck enroll --base-url https://api.example/v1 --api-key-env API_KEY --model gpt-x --samples 20 "
      "\\\n"
      "      --save-recording day1.jsonl --out gpt-x.json\n"
      "  pinchbeck enroll --recording day1.jsonl --self-check day2.jsonl --model gpt-x --out gpt-x.json\n"
      "Exit status: 0 done, 1 the self-check failed and nothing was written, 2 usage or input error.");
  command->add_option("--recording", flags->recordings,
                      "recordings of the trusted reference (.jsonl or .jsonl.gz)");
  command
      ->add_option("--model", flags->label,
                   "label of the fingerprint, and the model asked for when collecting")
      ->required();
  command->add_option("--out", flags->out, "fingerprint file to write")->required();
  command->add_option("--save-recording", flags->save_recording,
                      "keep the collected observations in this file");
  command->add_option("--request-model", flags->request_model,
                      "model name to ask for, where it is not the label");
  command->add_flag(
      "--variants", flags->variants,
      "each recording is another honest serving of the same weights, not more of one reference");
  CLI::Option* keep_text =
      command->add_flag("--keep-text", flags->keep_text, "keep the texts of the answers in the fingerprint");
  command
      ->add_flag("--private", flags->private_texts,
                 "keep nothing readable of longer answers: hashed 3-grams and style only")
      ->excludes(keep_text);
  command->add_option("--self-check", flags->self_check,
                      "recordings of another session of the same endpoint; the fingerprint is not written if "
                      "they differ from it");
  command->add_option("--provenance", flags->provenance,
                      "JSON file that says where published answers come from and under which licence");
  command
      ->add_option("--created", flags->created,
                   "time of creation to write (RFC 3339) instead of now, so that a build can be repeated")
      ->check([](const std::string& text) {
        absl::Time time;
        const bool valid = absl::ParseTime(absl::RFC3339_full, text, &time, nullptr);
        return valid ? std::string() : "\"" + text + "\" is no RFC 3339 time such as 2026-01-31T12:00:00Z";
      });
  AddCollectFlags(*command, flags->collect,
                  {.with_seed = true, .with_model = false, .endpoint_required = false});
  command->callback([flags, &context] {
    if (flags->recordings.empty() == flags->collect.base_url.empty()) {
      ReportError(absl::InvalidArgumentError("give either --recording FILE or --base-url URL"), context);
      return;
    }
    if (absl::Status status = Run(*flags, context); !status.ok()) ReportError(status, context);
  });
}

}  // namespace pinchbeck::cli
