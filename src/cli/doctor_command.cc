#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "pinchbeck/client/doctor.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/cli/collect_endpoint.h"
#include "src/cli/collect_flags.h"
#include "src/cli/collect_key.h"
#include "src/cli/command.h"
#include "src/cli/doctor_output.h"
#include "src/cli/interrupt.h"
#include "src/client/budget.h"
#include "src/client/url.h"

namespace pinchbeck::cli {
namespace {

constexpr const char* kExample =
    "Example:\n"
    "  pinchbeck doctor --base-url https://relay.example/v1 --model gpt-x --api-key-env RELAY_KEY\n"
    "\n"
    "Sends a few small requests, one after the other. Without --api, the other APIs are tried when the one\n"
    "that the address suggests is not served.\n"
    "Exit status: 0 the endpoint answers, 2 usage error, 4 endpoint not usable, 130 interrupted.";

struct DoctorCommand {
  CollectFlags flags;
  bool json = false;
};

// The proxy that libcurl takes from the environment for this address, without user name and password.
std::string ProxyText(const std::string& base_url) {
  const absl::StatusOr<internal::Url> url = internal::ParseUrl(base_url);
  if (!url.ok() || url->IsLoopback()) return "";
  // Of the variable for plain http only the lower-case name counts: servers set the other one for scripts.
  const std::vector<std::string> names =
      url->scheme == "https"
          ? std::vector<std::string>{"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}
          : std::vector<std::string>{"http_proxy", "all_proxy", "ALL_PROXY"};
  for (const std::string& name : names) {
    const std::string value = Environment(name.c_str());
    if (value.empty()) continue;
    const absl::StatusOr<internal::Url> proxy =
        internal::ParseUrl(value.find("://") == std::string::npos ? "http://" + value : value);
    const bool exceptions = !Environment("no_proxy").empty() || !Environment("NO_PROXY").empty();
    return name + (proxy.ok() ? " is " + proxy->Origin() : " is set") +
           (exceptions ? ", with exceptions in NO_PROXY" : "");
  }
  return "";
}

// Whether another API may be what the endpoint speaks.
bool IsUnknownOperation(const DoctorReport& report) {
  if (report.usable || report.interrupted || !report.error.has_value()) return false;
  const int status = report.error->status.value_or(0);
  return report.error->kind == ErrorKind::kProtocol || status == 404 || status == 405 || status == 501;
}

// What was sent for other APIs was sent, too.
void AddUse(const DoctorReport& before, DoctorReport& report) {
  report.requests += before.requests;
  report.input_tokens = internal::SaturatingSum(report.input_tokens, before.input_tokens);
  report.output_tokens = internal::SaturatingSum(report.output_tokens, before.output_tokens);
}

std::string PlanText(const DoctorPlan& plan, bool may_try_others) {
  std::string text =
      absl::StrFormat("%d requests, at most %d where some are refused", plan.requests, plan.max_requests);
  if (may_try_others) {
    const auto apis = static_cast<std::int64_t>(AllApis().size());
    text += absl::StrFormat(" (and %d if all %d APIs have to be tried)", apis * plan.max_requests, apis);
  }
  return text + absl::StrFormat("; about %d input tokens, about %d output tokens\n", plan.input_tokens,
                                plan.max_output_tokens);
}

absl::StatusOr<DoctorReport> Examine(const SelectedEndpoint& selected, Api api, const CollectFlags& flags,
                                     Transport& transport, Clock& clock, const StopFlag& stop) {
  const std::unique_ptr<Dialect> dialect = MakeDialect(api, selected.dialect);
  return ExamineEndpoint(selected.endpoint, TimeoutsOf(flags), {*dialect, transport, clock, &stop});
}

absl::Status RunDoctor(const DoctorCommand& command, CommandContext& context) {
  const CollectFlags& flags = command.flags;
  PINCHBECK_ASSIGN_OR_RETURN(const SelectedEndpoint selected, SelectEndpoint(flags));
  PINCHBECK_ASSIGN_OR_RETURN(const std::string public_url, PublicBaseUrl(flags.base_url));
  const DoctorPlan plan = PlanExamination(*MakeDialect(selected.api, selected.dialect));
  context.err << "pinchbeck: " << public_url << ", API " << ApiName(selected.api) << ", model " << flags.model
              << ", " << selected.key_text << "\n"
              << "pinchbeck: " << PlanText(plan, flags.api == kDetectApi) << std::flush;
  PINCHBECK_ASSIGN_OR_RETURN(const std::unique_ptr<Transport> transport,
                             MakeCurlTransport(TransportOptionsOf(flags)));
  const std::unique_ptr<Clock> clock = MakeSystemClock();
  const InterruptGuard interrupt;
  PINCHBECK_ASSIGN_OR_RETURN(
      DoctorReport report, Examine(selected, selected.api, flags, *transport, *clock, interrupt.stop_flag()));
  std::vector<std::string> tried;
  if (flags.api == kDetectApi) {
    const DoctorReport first = report;
    for (const Api api : AllApis()) {
      if (!IsUnknownOperation(report)) break;
      if (api == selected.api) continue;
      tried.push_back(report.api);
      const DoctorReport before = std::move(report);
      PINCHBECK_ASSIGN_OR_RETURN(report,
                                 Examine(selected, api, flags, *transport, *clock, interrupt.stop_flag()));
      AddUse(before, report);
    }
    // Where none is served, the likely one says what is wrong. Another error than "not served", such as a
    // refused key, shows the API that is.
    if (IsUnknownOperation(report) && !tried.empty()) {
      tried.push_back(report.api);
      tried.erase(tried.begin());
      DoctorReport shown = first;
      shown.requests = shown.input_tokens = shown.output_tokens = 0;
      AddUse(report, shown);
      report = std::move(shown);
    }
  }
  const DoctorView view{report, public_url, flags.model, tried, ProxyText(flags.base_url)};
  context.out << (command.json ? DoctorToJson(view) + "\n" : DoctorToText(view)) << std::flush;
  if (report.interrupted) return absl::CancelledError("interrupted");
  if (report.usable) return absl::OkStatus();
  const std::string why = report.error.has_value() ? report.error->message : "no answer";
  return absl::UnavailableError(public_url + ": no usable answer (" + why + ")" +
                                (report.advice.empty() ? "" : "; " + report.advice));
}

}  // namespace

void AddDoctorCommand(CLI::App& app, CommandContext& context) {
  auto command = std::make_shared<DoctorCommand>();
  CLI::App* doctor =
      app.add_subcommand("doctor", "Find out what an endpoint supports, with a few small requests");
  AddEndpointFlags(*doctor, command->flags);
  doctor->add_flag("--json", command->json, "Print one JSON object");
  doctor->footer(kExample);
  doctor->callback([command, &context] {
    if (const absl::Status status = RunDoctor(*command, context); !status.ok()) ReportError(status, context);
  });
}

}  // namespace pinchbeck::cli
