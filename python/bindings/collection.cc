// collect(): asks an endpoint and records its answers. Ctrl-C and exceptions of the progress function end it
// in order, so that the recording stays whole.
#include "python/bindings/collection.h"

#include <pybind11/stl.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "pinchbeck/client/api.h"
#include "pinchbeck/client/client.h"
#include "pinchbeck/client/clock.h"
#include "pinchbeck/client/transport.h"
#include "pinchbeck/core/battery.h"
#include "pinchbeck/core/recording.h"
#include "pinchbeck/internal/status_macros.h"
#include "python/bindings/enums.h"
#include "python/bindings/observations.h"
#include "python/bindings/python_call.h"
#include "python/bindings/result.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {

template <>
struct EnumWords<ErrorKind> {
  static constexpr std::string_view kWhat = "kind";
  static constexpr EnumName<ErrorKind> kNames[] = {{ErrorKind::kHttp, "http"},
                                                   {ErrorKind::kTimeout, "timeout"},
                                                   {ErrorKind::kNetwork, "network"},
                                                   {ErrorKind::kProtocol, "protocol"}};
};

namespace {

// What the progress function gets: numbers of the moment.
struct Progress {
  CollectSummary summary;
  int in_flight = 0;
  int waiting = 0;
};

// Ends a collection when Python wants to: by a signal, or by an exception of the progress function. All of it
// runs on the thread that called collect().
class Interrupter final : public ProgressObserver {
 public:
  explicit Interrupter(std::optional<py::function> progress) : progress_(std::move(progress)) {}

  void OnProgress(const CollectProgress& progress) override {
    if (!progress_.has_value()) return;
    Run([&] {
      static_cast<void>(
          CallPython(*progress_, Progress{progress.summary, progress.in_flight, progress.waiting}));
    });
  }
  // Lets Python's signal handlers run; the one of Ctrl-C raises KeyboardInterrupt.
  void CheckSignals() {
    Run([] {
      if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    });
  }
  [[nodiscard]] const StopFlag& stop() const { return stop_; }
  void Rethrow() { error_.Rethrow(); }

 private:
  template <typename Function>
  void Run(const Function& function) {
    if (!error_.Run(function)) stop_.store(1);
  }

  std::optional<py::function> progress_;
  CallbackError error_;
  StopFlag stop_{0};
};

// Waits in short pieces, so that a signal is noticed while an endpoint is silent.
class InterruptibleTransport final : public Transport {
 public:
  InterruptibleTransport(Transport& transport, Interrupter& interrupter)
      : transport_(transport), interrupter_(interrupter) {}
  absl::StatusOr<std::int64_t> Start(const TransferRequest& request, TransferHandler& handler) override {
    return transport_.Start(request, handler);
  }
  void Cancel(std::int64_t id) override { transport_.Cancel(id); }
  std::vector<TransferResult> Poll(absl::Duration max_wait) override {
    interrupter_.CheckSignals();
    return transport_.Poll(std::min(max_wait, absl::Milliseconds(100)));
  }

 private:
  Transport& transport_;
  Interrupter& interrupter_;
};

// The arguments of collect() that are neither the endpoint nor its options.
struct Setting {
  Endpoint endpoint;
  Battery battery;
  std::string out;
  bool resume = false;
  std::unique_ptr<Dialect> dialect;
  CurlTransportOptions transport;
};

bool HoldsSomething(const Setting& setting) {
  std::error_code error;
  const auto size = std::filesystem::file_size(setting.out, error);
  return !error && size > 0;
}

absl::Status CheckMayWrite(const Setting& setting) {
  if (setting.resume || !HoldsSomething(setting)) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrCat(
      setting.out,
      ": the file already holds a recording; give resume=True to go on with it, or another name"));
}

// Answers of something else would be taken for this endpoint's: those from another address even instead of
// asking.
absl::Status CheckOneSource(const Setting& setting, const CompletedSamples& completed) {
  if (completed.not_matching == 0 && completed.from_other_endpoint == 0) return absl::OkStatus();
  PINCHBECK_ASSIGN_OR_RETURN(const std::string url, PublicBaseUrl(setting.endpoint.base_url));
  return absl::FailedPreconditionError(absl::StrCat(
      setting.out, ": ", completed.not_matching,
      " answers belong to another battery, API, model or settings, and ", completed.from_other_endpoint,
      " came from another address than ", url, "; choose another name, since a recording is one endpoint's"));
}

absl::StatusOr<CompletedSamples> ReadCompleted(const Setting& setting) {
  PINCHBECK_RETURN_IF_ERROR(CheckMayWrite(setting));
  if (!HoldsSomething(setting)) return CompletedSamples{};
  PINCHBECK_ASSIGN_OR_RETURN(RecordingReader reader, RecordingReader::Open(setting.out));
  PINCHBECK_ASSIGN_OR_RETURN(
      CompletedSamples completed,
      LoadCompletedSamples(reader, setting.endpoint, setting.battery, *setting.dialect));
  PINCHBECK_RETURN_IF_ERROR(CheckOneSource(setting, completed));
  return completed;
}

absl::StatusOr<CollectSummary> Run(const Setting& setting, CollectOptions options, Interrupter& interrupter) {
  PINCHBECK_RETURN_IF_ERROR(ValidateEndpoint(setting.endpoint, setting.transport.allow_insecure_http));
  PINCHBECK_RETURN_IF_ERROR(CheckMayWrite(setting));
  const std::unique_ptr<Clock> clock = MakeSystemClock();
  if (options.session.empty()) {
    options.session = absl::FormatTime("%E4Y-%m-%dT%H:%M:%SZ", clock->Now(), absl::UTCTimeZone());
  }
  PINCHBECK_ASSIGN_OR_RETURN(const std::unique_ptr<Transport> transport,
                             MakeCurlTransport(setting.transport));
  PINCHBECK_ASSIGN_OR_RETURN(RecordingWriter writer, RecordingWriter::Open(setting.out));
  // Now that nobody else writes the file: another process may have added answers until here.
  PINCHBECK_ASSIGN_OR_RETURN(options.completed, ReadCompleted(setting));
  RecordingFileSink sink(writer);
  InterruptibleTransport interruptible(*transport, interrupter);
  absl::StatusOr<CollectSummary> summary =
      Collect(setting.endpoint, setting.battery, options,
              {*setting.dialect, interruptible, *clock, sink, &interrupter, &interrupter.stop()});
  const absl::Status closed = writer.Close();
  PINCHBECK_RETURN_IF_ERROR(summary.status());
  PINCHBECK_RETURN_IF_ERROR(closed);
  return summary;
}

[[noreturn]] void RaiseWith(const py::object& type, const std::string& message,
                            const CollectSummary& summary) {
  const py::object error = type(TextOf(message));
  error.attr("summary") = py::cast(summary);
  PyErr_SetObject(type.ptr(), error.ptr());
  throw py::error_already_set();
}

// A collection that ended early is an error in Python; the summary travels with it.
void RaiseIfStopped(const Setting& setting, const CollectSummary& summary) {
  const std::string kept = absl::StrCat("; ", summary.ok + summary.skipped_by_resume, " good answers are in ",
                                        setting.out, ", go on with resume=True");
  const std::string where = Value(PublicBaseUrl(setting.endpoint.base_url)) + ": ";
  if (summary.stop_reason == StopReason::kBudget) {
    RaiseWith(BudgetExceededType(), "the budget ended the collection: " + summary.message + kept, summary);
  }
  if (summary.stop_reason == StopReason::kGaveUp) {
    RaiseWith(EndpointErrorType(), where + summary.message + kept, summary);
  }
  if (summary.ok == 0 && summary.failed > 0) {
    RaiseWith(EndpointErrorType(),
              where + "none of " + std::to_string(summary.done) +
                  " requests gave a usable answer: " + summary.failures.front().example.message,
              summary);
  }
}

Api ApiOf(const std::optional<std::string>& name, const std::string& base_url) {
  if (!name.has_value()) return Value(DetectApi(base_url));
  if (const std::optional<Api> api = ApiFromName(*name)) return *api;
  std::string known;
  for (const Api api : AllApis()) known += (known.empty() ? "'" : ", '") + std::string(ApiName(api)) + "'";
  throw py::value_error("api is '" + *name + "'; give one of " + known +
                        ", or None to tell it by the address");
}

// Durations in seconds, as they are in Python.
absl::Duration Seconds(double seconds) { return absl::Seconds(seconds); }
std::optional<absl::Duration> Seconds(const std::optional<double>& seconds) {
  return seconds.has_value() ? std::optional(absl::Seconds(*seconds)) : std::nullopt;
}

CollectSummary CollectAnswers(const std::string& base_url, const std::string& model, const py::object& out,
                              const std::optional<Battery>& battery,
                              const std::optional<std::string>& api_key,
                              const std::optional<std::string>& api, std::int64_t samples_per_probe,
                              bool resume, const std::optional<py::function>& progress, int concurrency,
                              std::uint64_t seed, bool send_request_seed, const std::string& session,
                              std::optional<std::int64_t> max_requests,
                              std::optional<std::int64_t> max_tokens, std::optional<double> max_cost_usd,
                              std::optional<double> usd_per_mtok_in, std::optional<double> usd_per_mtok_out,
                              std::optional<double> max_time_s, std::optional<double> requests_per_minute,
                              std::optional<double> tokens_per_minute, double spread_s, int max_retries,
                              double connect_timeout_s, std::optional<double> idle_timeout_s,
                              double total_timeout_s, const std::string& token_limit_field,
                              bool anthropic_bearer, bool allow_insecure_http, bool proxy_from_environment,
                              const std::string& ca_file) {
  Setting setting;
  setting.endpoint = {base_url, model, Secret(api_key.value_or(""))};
  setting.battery = battery.has_value() ? *battery : BuiltinBattery();
  setting.out = PathOf(out);
  setting.resume = resume;
  setting.dialect = MakeDialect(ApiOf(api, base_url), {token_limit_field, anthropic_bearer});
  setting.transport.allow_insecure_http = allow_insecure_http;
  setting.transport.proxy_from_environment = proxy_from_environment;
  setting.transport.ca_file = ca_file;

  CollectOptions options;
  options.samples_per_probe = samples_per_probe;
  options.concurrency = concurrency;
  options.seed = seed;
  options.send_request_seed = send_request_seed;
  options.session = session;
  options.budget = {max_requests,    max_tokens,       max_cost_usd,
                    usd_per_mtok_in, usd_per_mtok_out, Seconds(max_time_s)};
  options.rate_limits.requests_per_minute = requests_per_minute;
  options.rate_limits.tokens_per_minute = tokens_per_minute;
  options.spread = Seconds(spread_s);
  options.retry.max_retries = max_retries;
  options.timeouts.connect = Seconds(connect_timeout_s);
  if (const auto idle = Seconds(idle_timeout_s)) options.timeouts.first_byte = options.timeouts.idle = *idle;
  options.timeouts.total = Seconds(total_timeout_s);

  Interrupter interrupter(progress);
  absl::StatusOr<CollectSummary> summary =
      Unlocked([&] { return Run(setting, std::move(options), interrupter); });
  interrupter.Rethrow();
  CollectSummary value = Value(std::move(summary));
  RaiseIfStopped(setting, value);
  return value;
}

void BindSummary(py::module_& module) {
  ResultClass<FailureCount>(module, "FailureCount", "Failures that look alike.")
      .Computed(
          "kind", [](const FailureCount& f) { return f.example.kind; },
          "'http', 'timeout', 'network' or 'protocol'.")
      .Computed(
          "status", [](const FailureCount& f) { return ToPython(f.example.status); }, "HTTP status, or None.")
      .Computed(
          "message", [](const FailureCount& f) { return ToPython(f.example.message); },
          "Message of the first one.")
      .Field("count", &FailureCount::count, "Their number.");
  ResultClass<CollectFinding>(module, "CollectFinding", "Something that was asked for and not given.")
      .Field("name", &CollectFinding::name, "What, in one word.")
      .Field("count", &CollectFinding::count, "How often.")
      .Field("of", &CollectFinding::of, "Answers that could have had it, or None.")
      .Field("detail", &CollectFinding::detail, "In words.");
  ResultClass<CollectSummary>(module, "CollectSummary", "The numbers of a collection.")
      .Field("planned", &CollectSummary::planned, "Probes times samples.")
      .Field("skipped_by_resume", &CollectSummary::skipped_by_resume,
             "Those that the recording already held.")
      .Field("requests", &CollectSummary::requests, "Requests sent, retries included.")
      .Field("done", &CollectSummary::done, "Observations recorded.")
      .Field("ok", &CollectSummary::ok, "Good answers.")
      .Field("failed", &CollectSummary::failed, "Failed requests.")
      .Field("retried", &CollectSummary::retried, "Retries.")
      .Field("input_tokens", &CollectSummary::input_tokens, "Input tokens as reported.")
      .Field("output_tokens", &CollectSummary::output_tokens, "Output tokens as reported.")
      .Field("without_usage", &CollectSummary::without_usage, "Answers that reported none.")
      .Field("repaired", &CollectSummary::repaired, "Answers that were valid JSON only after repair.")
      .Field("cost_usd", &CollectSummary::cost_usd, "US dollars spent; None without prices.")
      .Field("failures", &CollectSummary::failures, "Kinds of failure.")
      .Field("findings", &CollectSummary::findings, "What was asked for and not given.")
      .Computed(
          "stop_reason", [](const CollectSummary& s) { return std::string(StopReasonName(s.stop_reason)); },
          "'completed', 'budget', 'interrupted' or 'gave_up'.")
      .Field("message", &CollectSummary::message, "Why it ended early; '' when it did not.");
  ResultClass<Progress>(module, "CollectProgress", "The numbers of the moment, for the progress function.")
      .Field("summary", &Progress::summary, "The summary so far.")
      .Field("in_flight", &Progress::in_flight, "Requests under way.")
      .Field("waiting", &Progress::waiting, "Requests that wait for a retry.");
}

}  // namespace

void BindCollection(py::module_& module) {
  BindSummary(module);
  const CollectOptions options;
  const CurlTransportOptions transport;
  const DialectOptions dialect;
  const auto seconds = [](absl::Duration duration) { return absl::ToDoubleSeconds(duration); };
  module.def("collect", &CollectAnswers, py::arg("base_url"), py::arg("model"), py::arg("out"), py::kw_only(),
             py::arg("battery") = py::none(), py::arg("api_key") = py::none(), py::arg("api") = py::none(),
             py::arg("samples_per_probe") = options.samples_per_probe, py::arg("resume") = Setting{}.resume,
             py::arg("progress") = py::none(), py::arg("concurrency") = options.concurrency,
             py::arg("seed") = options.seed, py::arg("send_request_seed") = options.send_request_seed,
             py::arg("session") = options.session, py::arg("max_requests") = py::none(),
             py::arg("max_tokens") = py::none(), py::arg("max_cost_usd") = py::none(),
             py::arg("usd_per_mtok_in") = py::none(), py::arg("usd_per_mtok_out") = py::none(),
             py::arg("max_time_s") = py::none(), py::arg("requests_per_minute") = py::none(),
             py::arg("tokens_per_minute") = py::none(), py::arg("spread_s") = seconds(options.spread),
             py::arg("max_retries") = options.retry.max_retries,
             py::arg("connect_timeout_s") = seconds(options.timeouts.connect),
             py::arg("idle_timeout_s") = py::none(),
             py::arg("total_timeout_s") = seconds(options.timeouts.total),
             py::arg("token_limit_field") = dialect.token_limit_field,
             py::arg("anthropic_bearer") = dialect.anthropic_bearer,
             py::arg("allow_insecure_http") = transport.allow_insecure_http,
             py::arg("proxy_from_environment") = transport.proxy_from_environment,
             py::arg("ca_file") = transport.ca_file,
             R"(Sends every probe of a battery to an endpoint and appends every answer to the recording `out`.

Each answer is in the file before the next number of progress(CollectProgress). Ctrl-C, or an exception of
`progress`, ends the collection within seconds and is then raised; `resume` goes on with the file. Without `battery`
the built-in one is asked, without `api` the API is told by the address. `idle_timeout_s` bounds the wait for the first
and for every further byte. The key is sent to this endpoint only and is never recorded or shown; the environment is
not read.

EndpointError: nothing usable came back. BudgetExceeded: a limit ended the collection. Both carry the summary.
ValueError: `resume`, and the file holds answers of another address, model, battery or settings; among others.
FileExistsError: `out` holds a recording and `resume` is not set. PermissionError: a key would travel over plain
http to another machine.
)");
}

}  // namespace pinchbeck::python
