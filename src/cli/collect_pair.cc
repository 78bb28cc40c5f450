#include "src/cli/collect_pair.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "pinchbeck/client/pair.h"
#include "pinchbeck/core/recording.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/cli/collect_endpoint.h"
#include "src/cli/collect_plan.h"
#include "src/cli/collection_steps.h"
#include "src/cli/interrupt.h"
#include "src/cli/progress.h"
#include "src/client/url.h"

namespace pinchbeck::cli {
namespace {

constexpr const char* kGroup = "Two endpoints side by side";

void AddKeyFlag(CLI::App& app, const std::string& name, std::optional<std::string>& variable,
                const std::string& which) {
  app.add_option_function<std::string>(
         name, [&variable](const std::string& text) { variable = text; },
         "Environment variable with the key of the " + which + " endpoint (\"\" for no key)")
      ->type_name("VAR")
      ->group(kGroup);
}

// The flags as they are for one of the two.
CollectFlags FlagsOfSide(const CollectFlags& flags, const PairFlags& pair, bool second) {
  CollectFlags own = flags;
  own.base_url = pair.urls[second ? 1 : 0];
  own.api_key_env = second ? pair.api_key_env_b : pair.api_key_env_a;
  if (second && !pair.model_b.empty()) own.model = pair.model_b;
  if (second && !pair.api_b.empty()) own.api = pair.api_b;
  return own;
}

bool IsOneFile(const std::string& a, const std::string& b) {
  std::error_code error;
  const std::filesystem::path first = std::filesystem::weakly_canonical(a, error);
  if (error) return a == b;
  const std::filesystem::path second = std::filesystem::weakly_canonical(b, error);
  return error ? a == b : first == second;
}

absl::Status CheckFlags(const PairFlags& pair) {
  if (pair.urls.size() != 2) return absl::InvalidArgumentError("--pair takes two base URLs");
  if (pair.out_a.empty() || pair.out_b.empty()) {
    return absl::InvalidArgumentError("--pair writes two recordings: give --out-a FILE and --out-b FILE");
  }
  if (IsOneFile(pair.out_a, pair.out_b)) {
    return absl::InvalidArgumentError(
        absl::StrCat(pair.out_b, ": --out-a and --out-b are one file; give two names"));
  }
  // No usual variable is read: it could only be the key of one of them, and nobody said of which.
  if (!pair.api_key_env_a.has_value() || !pair.api_key_env_b.has_value()) {
    return absl::InvalidArgumentError(
        "--pair: say which key goes to which endpoint, with --api-key-env-a VARIABLE and --api-key-env-b "
        "VARIABLE (\"\" for an endpoint without a key)");
  }
  return absl::OkStatus();
}

// Whoever gets a key can use it: the vendor's must not go to the relay.
absl::Status CheckKeys(const SelectedEndpoint& a, const SelectedEndpoint& b) {
  const std::string& key = a.endpoint.api_key.Reveal();
  if (key.empty() || key != b.endpoint.api_key.Reveal()) return absl::OkStatus();
  PINCHBECK_ASSIGN_OR_RETURN(const internal::Url first, internal::ParseUrl(a.endpoint.base_url));
  PINCHBECK_ASSIGN_OR_RETURN(const internal::Url second, internal::ParseUrl(b.endpoint.base_url));
  if (first.Origin() == second.Origin()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--pair: both endpoints would get the same key; ",
                                                 first.Origin(), " and ", second.Origin(),
                                                 " need keys of their own"));
}

PairSide SideOf(const PreparedCollection& prepared, RecordingSink& sink) {
  const CollectBudget& prices = prepared.prices.budget;
  return {prepared.selected.endpoint, *prepared.dialect,      sink,
          prepared.options.completed, prices.usd_per_mtok_in, prices.usd_per_mtok_out};
}

absl::StatusOr<PairSummary> Send(const CollectFlags& flags, const Battery& battery,
                                 const PreparedCollection& a, const PreparedCollection& b,
                                 RecordingWriter& writer_a, RecordingWriter& writer_b, Clock& clock,
                                 CommandContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::unique_ptr<Transport> transport,
                             MakeCurlTransport(TransportOptionsOf(flags)));
  RecordingFileSink sink_a(writer_a), sink_b(writer_b);
  const InterruptGuard interrupt;
  std::optional<ProgressLine> progress;
  if (ShowsProgress(context)) progress.emplace(*context.terminal, clock);
  return CollectPair(
      SideOf(a, sink_a), SideOf(b, sink_b), battery, a.options,
      {*transport, clock, progress.has_value() ? &*progress : nullptr, &interrupt.stop_flag()});
}

}  // namespace

void AddPairFlags(CLI::App& app, PairFlags& pair) {
  CLI::Option* urls =
      app.add_option(
             "--pair", pair.urls,
             "Instead of --base-url: send the same probes to two endpoints in turn, the trusted one first")
          ->type_name("URL_A URL_B")
          ->expected(2)
          ->group(kGroup);
  urls->excludes(app.get_option("--base-url"))->excludes(app.get_option("--api-key-env"));
  app.add_option("--out-a", pair.out_a, "Recording of the first endpoint")->type_name("FILE")->group(kGroup);
  app.add_option("--out-b", pair.out_b, "Recording of the second endpoint")->type_name("FILE")->group(kGroup);
  AddKeyFlag(app, "--api-key-env-a", pair.api_key_env_a, "first");
  AddKeyFlag(app, "--api-key-env-b", pair.api_key_env_b, "second");
  app.add_option("--model-b", pair.model_b, "Model name to ask the second endpoint for (default: --model)")
      ->group(kGroup);
  app.add_option("--api-b", pair.api_b, "API that the second endpoint speaks (default: --api)")
      ->check(CLI::IsMember(ApiChoices()))
      ->group(kGroup);
  for (const char* name :
       {"--out-a", "--out-b", "--api-key-env-a", "--api-key-env-b", "--model-b", "--api-b"}) {
    app.get_option(name)->needs(urls);
  }
}

absl::StatusOr<PairReport> CollectPairToFiles(const CollectFlags& flags, const PairFlags& pair,
                                              CommandContext& context) {
  PINCHBECK_RETURN_IF_ERROR(CheckFlags(pair));
  PINCHBECK_ASSIGN_OR_RETURN(const Battery battery, SelectedBattery(flags));
  const std::unique_ptr<Clock> clock = MakeSystemClock();
  const absl::Time now = clock->Now();
  CollectFlags flags_a = FlagsOfSide(flags, pair, /*second=*/false);
  CollectFlags flags_b = FlagsOfSide(flags, pair, /*second=*/true);
  // One label for both, also where it is the time.
  flags_a.session = flags_b.session = SessionOf(flags, now);
  PINCHBECK_ASSIGN_OR_RETURN(PreparedCollection a,
                             PrepareCollection(flags_a, battery, pair.out_a, now, context));
  PINCHBECK_ASSIGN_OR_RETURN(PreparedCollection b,
                             PrepareCollection(flags_b, battery, pair.out_b, now, context));
  PINCHBECK_RETURN_IF_ERROR(CheckKeys(a.selected, b.selected));
  context.err << "pinchbeck: " << TotalText(a.plan, b.plan) << std::endl;
  PINCHBECK_RETURN_IF_ERROR(ConfirmPlans(
      {{a.plan, flags_a.base_url, a.prices}, {b.plan, flags_b.base_url, b.prices}}, flags, context));

  PINCHBECK_ASSIGN_OR_RETURN(RecordingWriter writer_a, OpenUnchanged(pair.out_a, a.bytes_read));
  PINCHBECK_ASSIGN_OR_RETURN(RecordingWriter writer_b, OpenUnchanged(pair.out_b, b.bytes_read));
  absl::StatusOr<PairSummary> summary = Send(flags, battery, a, b, writer_a, writer_b, *clock, context);
  const absl::Status closed_a = writer_a.Close();
  const absl::Status closed_b = writer_b.Close();
  PINCHBECK_RETURN_IF_ERROR(summary.status());
  PINCHBECK_RETURN_IF_ERROR(closed_a);
  PINCHBECK_RETURN_IF_ERROR(closed_b);
  PairReport report{std::move(a.report), std::move(b.report), summary->pairs, summary->complete_pairs};
  report.a.summary = std::move(summary->a);
  report.b.summary = std::move(summary->b);
  PrintWarnings(report.a.summary, report.a.endpoint, context);
  PrintWarnings(report.b.summary, report.b.endpoint, context);
  return report;
}

absl::Status PairStatus(const PairReport& report) {
  const absl::Status a = CollectionStatus(report.a);
  const absl::Status b = CollectionStatus(report.b);
  if (a.ok() || b.ok()) return a.ok() ? b : a;
  if (a.code() == b.code()) {
    return absl::Status(a.code(), absl::StrCat(a.message(), "; ", b.message()));
  }
  return a;
}

}  // namespace pinchbeck::cli
