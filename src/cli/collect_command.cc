#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "pinchbeck/internal/absl_strings.h"
#include "src/cli/collect_flags.h"
#include "src/cli/collect_pair.h"
#include "src/cli/command.h"

namespace pinchbeck::cli {
namespace {

constexpr std::string_view kCollectionSchema = "pinchbeck.collection/1";
constexpr std::string_view kPairSchema = "pinchbeck.paired_collection/1";

constexpr const char* kExample =
    "Example:\n"
    "  export RELAY_KEY=...\n"
    "  pinchbeck collect --base-url https://relay.example/v1 --model gpt-x --api-key-env RELAY_KEY \\\n"
    "      --samples 20 --max-cost 2 --price-in 1.25 --price-out 10 --out relay.jsonl\n"
    "\n"
    "  pinchbeck collect --pair https://api.vendor.example/v1 https://relay.example/v1 --model gpt-x \\\n"
    "      --api-key-env-a VENDOR_KEY --api-key-env-b RELAY_KEY --out-a vendor.jsonl --out-b relay.jsonl\n"
    "\n"
    "Every answer is written at once; after Ctrl-C or a crash, run the same command with --resume.\n"
    "Exit status: 0 done (or ended by the budget), 2 usage or input error, 4 endpoint not usable, 130 "
    "interrupted.";

struct CollectCommand {
  CollectFlags flags;
  PairFlags pair;
  std::string out_path;
  bool json = false;
};

nlohmann::ordered_json FailuresJson(const CollectSummary& summary) {
  static constexpr const char* kKinds[] = {"http", "timeout", "network", "protocol"};
  nlohmann::ordered_json failures = nlohmann::ordered_json::array();
  for (const FailureCount& failure : summary.failures) {
    nlohmann::ordered_json entry;
    entry["kind"] = kKinds[static_cast<int>(failure.example.kind)];
    entry["status"] = nullptr;
    if (failure.example.status.has_value()) entry["status"] = *failure.example.status;
    entry["message"] = failure.example.message;
    entry["count"] = failure.count;
    failures.push_back(std::move(entry));
  }
  return failures;
}

nlohmann::ordered_json FindingsJson(const CollectSummary& summary) {
  nlohmann::ordered_json findings = nlohmann::ordered_json::array();
  for (const CollectFinding& finding : summary.findings) {
    nlohmann::ordered_json entry;
    entry["finding"] = finding.name;
    entry["count"] = finding.count;
    entry["of"] = nullptr;
    if (finding.of.has_value()) entry["of"] = *finding.of;
    entry["detail"] = finding.detail;
    findings.push_back(std::move(entry));
  }
  return findings;
}

nlohmann::ordered_json ReportObject(const CollectionReport& report) {
  const CollectSummary& summary = report.summary;
  nlohmann::ordered_json json;
  json["schema"] = kCollectionSchema;
  json["out"] = report.out_path;
  json["endpoint"] = report.endpoint;
  json["api"] = report.api;
  json["model"] = report.model;
  json["battery"] = {
      {"name", report.battery_name}, {"version", report.battery_version}, {"sha256", report.battery_sha256}};
  json["session"] = report.session;
  json["seed"] = report.seed;
  json["planned"] = summary.planned;
  json["skipped_by_resume"] = summary.skipped_by_resume;
  json["requests"] = summary.requests;
  json["done"] = summary.done;
  json["ok"] = summary.ok;
  json["failed"] = summary.failed;
  json["retried"] = summary.retried;
  json["repaired"] = summary.repaired;
  json["input_tokens"] = summary.input_tokens;
  json["output_tokens"] = summary.output_tokens;
  json["without_usage"] = summary.without_usage;
  json["cost_usd"] = nullptr;
  if (summary.cost_usd.has_value()) json["cost_usd"] = *summary.cost_usd;
  json["prices"] = nullptr;
  if (!report.prices.empty()) json["prices"] = report.prices;
  json["stop_reason"] = StopReasonName(summary.stop_reason);
  json["message"] = nullptr;
  if (!summary.message.empty()) json["message"] = summary.message;
  json["failures"] = FailuresJson(summary);
  json["findings"] = FindingsJson(summary);
  return json;
}

std::string Dump(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string PairJson(const PairReport& report) {
  nlohmann::ordered_json json;
  json["schema"] = kPairSchema;
  json["pairs"] = report.pairs;
  json["complete_pairs"] = report.complete_pairs;
  json["a"] = ReportObject(report.a);
  json["b"] = ReportObject(report.b);
  return Dump(json);
}

std::string ReportText(const CollectionReport& report) {
  const CollectSummary& summary = report.summary;
  std::string text = absl::StrFormat("%s: %d of %d answers recorded", report.out_path,
                                     summary.ok + summary.skipped_by_resume, summary.planned);
  if (summary.skipped_by_resume > 0) text += absl::StrFormat(" (%d from before)", summary.skipped_by_resume);
  text += absl::StrFormat("; %d failed, %d retries; %d input and %d output tokens", summary.failed,
                          summary.retried, summary.input_tokens, summary.output_tokens);
  if (summary.without_usage > 0)
    text += absl::StrFormat(" (%d answers without usage)", summary.without_usage);
  if (summary.cost_usd.has_value()) text += absl::StrFormat("; %.4f USD", *summary.cost_usd);
  return text + absl::StrFormat("; seed %d", report.seed);
}

std::string PairText(const PairReport& report) {
  return ReportText(report.a) + "\n" + ReportText(report.b) +
         absl::StrFormat("\n%d of %d pairs complete", report.complete_pairs, report.pairs);
}

void RunPair(const CollectCommand& command, CommandContext& context) {
  const absl::StatusOr<PairReport> report = CollectPairToFiles(command.flags, command.pair, context);
  if (!report.ok()) {
    ReportError(report.status(), context);
    return;
  }
  context.out << (command.json ? PairJson(*report) : PairText(*report)) << std::endl;
  if (const absl::Status status = PairStatus(*report); !status.ok()) ReportError(status, context);
}

void RunSingle(const CollectCommand& command, CommandContext& context) {
  const absl::StatusOr<CollectionReport> report = CollectToFile(command.flags, command.out_path, context);
  if (!report.ok()) {
    ReportError(report.status(), context);
    return;
  }
  context.out << (command.json ? Dump(ReportObject(*report)) : ReportText(*report)) << std::endl;
  if (const absl::Status status = CollectionStatus(*report); !status.ok()) ReportError(status, context);
}

void Run(const CollectCommand& command, CommandContext& context) {
  if (const std::string warning = SeedWarning(command.flags); !warning.empty()) {
    context.err << "pinchbeck: warning: " << warning << "\n";
  }
  if (!command.pair.urls.empty()) return RunPair(command, context);
  if (command.flags.base_url.empty()) throw CLI::RequiredError("--base-url or --pair");
  if (command.out_path.empty()) throw CLI::RequiredError("--out");
  RunSingle(command, context);
}

}  // namespace

void AddCollectCommand(CLI::App& app, CommandContext& context) {
  CLI::App* collect = app.add_subcommand("collect", "Send probes to an endpoint and record every answer");
  auto command = std::make_shared<CollectCommand>();
  AddCollectFlags(*collect, command->flags);
  // One of the two is required; see Run().
  collect->get_option("--base-url")->required(false);
  AddPairFlags(*collect, command->pair);
  collect->add_option("--out", command->out_path, "Recording to write (.jsonl or .jsonl.gz)")
      ->excludes(collect->get_option("--pair"));
  collect->add_flag("--json", command->json, "Print the summary as JSON");
  collect->footer(kExample);
  collect->callback([command, &context] { Run(*command, context); });
}

}  // namespace pinchbeck::cli
