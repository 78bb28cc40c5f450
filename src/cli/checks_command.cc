// pinchbeck checks: what a relay does to requests and answers on the way.
#include <CLI/CLI.hpp>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "pinchbeck/audit/checks.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/report/checks_writers.h"
#include "src/cli/collect_key.h"
#include "src/cli/command.h"

namespace pinchbeck::cli {
namespace {

struct ChecksFlags {
  std::vector<std::string> recordings, references;
  std::string battery_key_env;
  bool json = false;
  ChecksOptions options;
};

int ExitCodeOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kConsistent:
      return kExitConsistent;
    case Verdict::kDiffers:
      return kExitDiffers;
    case Verdict::kInconclusive:
      return kExitInconclusive;
    case Verdict::kNotMeasurable:
      return kExitNotMeasurable;
  }
  return kExitInconclusive;
}

absl::Status Run(const ChecksFlags& flags, CommandContext& context) {
  Secret key;
  if (!flags.battery_key_env.empty()) {
    PINCHBECK_ASSIGN_OR_RETURN(key, ReadBatteryKey(flags.battery_key_env));
  }
  PINCHBECK_ASSIGN_OR_RETURN(const ChecksReport report,
                             EvaluateCheckRecordings(flags.recordings, flags.references, key, flags.options));
  context.out << (flags.json ? ChecksToJson(report) : ChecksToText(report)) << std::flush;
  context.exit_code = ExitCodeOf(report.verdict);
  return absl::OkStatus();
}

}  // namespace

void AddChecksCommand(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<ChecksFlags>();
  ChecksOptions& options = flags->options;
  CLI::App* command =
      app.add_subcommand("checks", "Test whether a relay passes on requests and answers as they are");
  command->footer(
      "Example:\n"
      "  pinchbeck collect --groups cache,context,echo,stream,effort --battery-key-env MY_SECRET --base-url "
      "https://relay.example/v1 \\\n"
      "      --model gpt-x --out relay-checks.jsonl\n"
      "  pinchbeck checks --recording relay-checks.jsonl --battery-key-env MY_SECRET\n"
      "\nExit status: 0 consistent, 1 differs, 2 usage or input error, 3 inconclusive, 4 not measurable.");
  command->add_option("--recording", flags->recordings, "recordings of the generated groups")->required();
  command->add_option("--reference", flags->references, "the same groups at an endpoint that you trust");
  command
      ->add_option("--battery-key-env", flags->battery_key_env,
                   "environment variable with the secret that the probes were made with")
      ->type_name("VAR");
  command->add_option("--alpha", options.alpha, "chance of a false `differs`, over all checks")
      ->check(CLI::Range(1e-9, 0.5))
      ->capture_default_str();
  command->add_option("--seed", options.seed, "seed of the permutation test")->capture_default_str();
  command->add_option("--permutations", options.permutations, "relabelings")
      ->check(CLI::Range(std::int64_t{99}, std::int64_t{10000000}))
      ->capture_default_str();
  command
      ->add_option("--max-repeat-share", options.max_repeat_share,
                   "honest share of equal answers to one prompt")
      ->capture_default_str();
  command->add_option("--min-recall", options.min_recall, "honest share of needles found")
      ->capture_default_str();
  command
      ->add_option("--max-change-share", options.max_change_share,
                   "honest share of lines changed by the model")
      ->capture_default_str();
  command
      ->add_option("--min-effort-share", options.min_effort_share,
                   "honest share of problems with longer reasoning at high effort")
      ->capture_default_str();
  command->add_flag("--json", flags->json, "print one JSON object");
  command->callback([flags, &context] {
    if (const absl::Status status = Run(*flags, context); !status.ok()) ReportError(status, context);
  });
}

}  // namespace pinchbeck::cli
