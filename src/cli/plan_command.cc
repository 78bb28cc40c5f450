// pinchbeck plan: what an audit would cost, before any request is sent.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <thread>

#include "pinchbeck/audit/plan.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/cli/command.h"
#include "src/cli/plan_output.h"

namespace pinchbeck::cli {
namespace {

struct PlanFlags {
  std::string fingerprint, against, change;
  std::string claim = "weights";
  bool unknown_substitute = false;
  bool json = false;
  // 0: one per processor.
  int threads = 0;
  PlanOptions options;
};

absl::StatusOr<Plan> MakePlan(const PlanFlags& flags, const Fingerprint& claimed) {
  if (!flags.change.empty()) {
    PINCHBECK_ASSIGN_OR_RETURN(const PlanChange change, ParsePlanChange(flags.change));
    return PlanForChange(claimed, change, flags.options);
  }
  PINCHBECK_ASSIGN_OR_RETURN(const Fingerprint substitute, LoadFingerprint(flags.against));
  return PlanAudit(claimed, substitute, flags.options);
}

absl::Status Run(PlanFlags& flags, CommandContext& context) {
  PlanOptions& options = flags.options;
  options.claim = flags.claim == "serving" ? Claim::kServing : Claim::kWeights;
  options.known_substitute = !flags.unknown_substitute;
  options.threads =
      flags.threads > 0 ? flags.threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  if (flags.against.empty() == flags.change.empty()) {
    return absl::InvalidArgumentError(
        "give --against FINGERPRINT, or --change other_model, temperature=T or length=F");
  }
  if (options.price_per_mtok_in.has_value() != options.price_per_mtok_out.has_value()) {
    return absl::InvalidArgumentError("give both --price-in and --price-out, or neither");
  }
  PINCHBECK_ASSIGN_OR_RETURN(const Fingerprint claimed, LoadFingerprint(flags.fingerprint));
  const absl::StatusOr<Plan> plan = MakePlan(flags, claimed);
  if (!plan.ok()) return plan.status();
  context.out << (flags.json ? PlanToJson(*plan) : PlanToText(*plan));
  if (!plan->cheapest) context.exit_code = kExitInconclusive;
  return absl::OkStatus();
}

}  // namespace

void AddPlanCommand(CLI::App& app, CommandContext& context) {
  auto flags = std::make_shared<PlanFlags>();
  PlanOptions& options = flags->options;
  CLI::App* command = app.add_subcommand(
      "plan", "Say how many requests, tokens and how much money an audit needs to notice a substitute");
  command->footer(
      "Example:\n"
      "  pinchbeck plan --fingerprint gpt-x.json --against gpt-x-mini.json\n"
      "  pinchbeck plan --fingerprint gpt-x.json --against gpt-x-mini.json --share 0.2 --price-in 2.5 "
      "--price-out 10\n"
      "  pinchbeck plan --fingerprint gpt-x.json --change temperature=1.3"
      "\nExit status: 0 done, 2 usage or input error, 3 no design reaches the power.");
  command->add_option("--fingerprint", flags->fingerprint, "fingerprint of the claimed model")->required();
  command->add_option("--against", flags->against, "fingerprint of the substitute to notice");
  command->add_option("--change", flags->change,
                      "kind of change to notice without a second fingerprint: other_model, temperature=T or "
                      "length=F (answers F times as long)");
  command->add_option("--share", options.share, "share of the answers that the substitute gives")
      ->check(CLI::Range(1e-6, 1.0))
      ->capture_default_str();
  command->add_option("--alpha", options.alpha, "chance of a false `differs`")
      ->check(CLI::Range(1e-9, 0.5))
      ->capture_default_str();
  command->add_option("--power", options.power, "chance of noticing the substitute")
      ->check(CLI::Range(0.01, 0.999))
      ->capture_default_str();
  command->add_option("--claim", flags->claim, "as for verify")
      ->check(CLI::IsMember({"weights", "serving"}))
      ->capture_default_str();
  command->add_flag("--unknown-substitute", flags->unknown_substitute,
                    "verify will not have the substitute's fingerprint");
  command->add_option("--max-answers", options.max_answers, "most answers a probe that are considered")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000000}))
      ->capture_default_str();
  command
      ->add_option("--input-tokens", options.input_tokens, "of a request, where the fingerprints do not say")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--output-tokens", options.output_tokens,
                   "of an answer, where the fingerprints do not say")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--price-in", options.price_per_mtok_in, "of a million input tokens, in your currency")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option("--price-out", options.price_per_mtok_out, "of a million output tokens, in your currency")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--runs", options.runs, "simulated audits behind each power")
      ->check(CLI::Range(std::int64_t{20}, std::int64_t{1000000}))
      ->capture_default_str();
  command->add_option("--seed", options.seed, "seed of the simulations")->capture_default_str();
  command
      ->add_option("--threads", flags->threads,
                   "threads; 0: one per processor. The result does not depend on it")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_flag("--json", flags->json, "print the plan as one JSON object");
  command->callback([flags, &context] {
    if (const absl::Status status = Run(*flags, context); !status.ok()) ReportError(status, context);
  });
}

}  // namespace pinchbeck::cli
