// Observer: an application's own requests and answers as observations, without a probe.
//
// Locks: what the observer does under its own lock calls no Python, and nobody waits for that lock with the
// interpreter's.
#include <pybind11/stl.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pinchbeck/audit/monitor.h"
#include "pinchbeck/audit/observer.h"
#include "pinchbeck/client/api.h"
#include "pinchbeck/client/exchange.h"
#include "python/bindings/audit.h"
#include "python/bindings/observations.h"
#include "python/bindings/observer_streams.h"
#include "python/bindings/python_call.h"
#include "python/bindings/result.h"
#include "python/bindings/status.h"

namespace pinchbeck::python {

// Those that have a reader for traffic.
template <>
struct EnumWords<Api> {
  static constexpr std::string_view kWhat = "api";
  static constexpr EnumName<Api> kNames[] = {{Api::kOpenAiChat, "openai_chat"},
                                             {Api::kAnthropic, "anthropic"}};
};

namespace {

// An observer and the fingerprint that its monitors are made of.
struct ObserverOfFingerprint {
  std::shared_ptr<Fingerprint> fingerprint;
  Observer observer;
  // Bodies that were refused before the observer saw them. Guarded by the interpreter lock.
  std::int64_t unwritten = 0;
};
using Self = ObserverOfFingerprint;

std::optional<std::string> TimeOf(const py::object& time) {
  if (time.is_none()) return std::nullopt;
  const bool has_format = py::hasattr(time, "isoformat");
  const py::object text = has_format ? time.attr("isoformat")() : time;
  if (!py::isinstance<py::str>(text)) throw py::type_error("time: give a str or a datetime");
  return text.cast<std::string>();
}

std::unique_ptr<Self> MakeObserver(const std::shared_ptr<Fingerprint>& fingerprint,
                                   std::vector<std::string> models, OptionalText endpoint,
                                   std::size_t max_observations, std::size_t max_bytes,
                                   std::size_t max_streams, std::size_t max_stream_bytes,
                                   std::size_t max_request_bytes, std::size_t max_response_bytes,
                                   std::optional<std::int64_t> first_sample) {
  const ObserverOptions options{std::move(models),
                                std::move(endpoint),
                                max_observations,
                                max_bytes,
                                max_streams,
                                max_stream_bytes,
                                {max_request_bytes, max_response_bytes},
                                first_sample};
  Observer observer = Call([&] { return Observer::Create(*fingerprint, options); });
  return std::make_unique<Self>(Self{fingerprint, std::move(observer), 0});
}

void Watch(Self& self, const std::optional<FingerprintsArgument>& alternatives, double alpha,
           double tolerance, double greedy_tolerance, std::uint64_t seed, std::optional<double> mean_run,
           std::vector<std::string> signals) {
  MonitorOptions options{alpha, tolerance, greedy_tolerance, seed, mean_run, {}, std::move(signals)};
  if (alternatives.has_value()) options.alternatives = alternatives->pointers();
  Monitor monitor = Call([&] { return Monitor::Create(*self.fingerprint, options); });
  const bool attached = Unlocked([&] { return self.observer.AttachIfNone(std::move(monitor)); });
  if (attached) return;
  Check(absl::FailedPreconditionError(
      "a monitor is attached already, and another one would forget its evidence; make another Observer"));
}

// A body by one of the functions above; counted where there is none.
std::string Taken(Self& self, std::string (*write)(const py::object&, const char*), const py::object& value,
                  const char* what) {
  try {
    return write(value, what);
  } catch (const py::error_already_set&) {
    ++self.unwritten;
    throw;
  }
}

ObserverCounts Counts(Self& self) {
  ObserverCounts counts = Unlocked([&] { return self.observer.counts(); });
  counts.refused += self.unwritten;
  return counts;
}

std::string Observe(Self& self, const py::object& request, const py::object& response, Api api, int status,
                    bool complete, const py::object& time, OptionalText endpoint, OptionalText session,
                    OptionalSeconds total_s, OptionalSeconds first_token_s, const OptionalText& redact) {
  const std::string sent = Taken(self, BodyOf, request, "request");
  const std::string received = response.is_none() ? "" : Taken(self, AnswerOf, response, "response");
  const ExchangeRequest exchange{api, sent, std::move(endpoint), std::move(session), TimeOf(time)};
  const std::string secret = redact.value_or("");
  const ExchangeEnd end{status, complete, total_s, first_token_s, secret};
  return NameOf(Call([&] { return self.observer.Observe(exchange, received, end); }));
}

std::unique_ptr<SharedStream> Open(Self& self, const py::object& request, Api api, const py::object& time,
                                   OptionalText endpoint, OptionalText session) {
  const std::string sent = Taken(self, BodyOf, request, "request");
  const ExchangeRequest exchange{api, sent, std::move(endpoint), std::move(session), TimeOf(time)};
  return std::make_unique<SharedStream>(Call([&] { return self.observer.Open(exchange); }));
}

// A method of `pinchbeck._traffic`: those that pass a stream on are generators, and so written in Python.
auto PassOn(const char* name) {
  return [name](const py::object& self, const py::object& request, const py::object& stream,
                const py::object& api, const py::object& sent, const py::object& time,
                const py::object& endpoint, const py::object& session, const py::object& redact) {
    using py::literals::operator""_a;
    const py::dict options("api"_a = api, "sent"_a = sent, "time"_a = time, "endpoint"_a = endpoint,
                           "session"_a = session, "redact"_a = redact);
    return CallPythonWith(TrafficFunction(name), py::make_tuple(self, request, stream), options);
  };
}

// Runs `visit`, which must not call Python, on the monitor.
void VisitMonitor(Self& self, const std::function<absl::Status(Monitor&)>& visit) {
  absl::Status status = absl::FailedPreconditionError("no monitor is attached; call watch() first");
  Unlocked([&] { self.observer.WithMonitor([&](Monitor& monitor) { status = visit(monitor); }); });
  Check(status);
}

std::vector<std::string> Warnings(Self& self) {
  std::vector<std::string> warnings = self.observer.warnings();
  Unlocked([&] {
    self.observer.WithMonitor([&](Monitor& monitor) {
      warnings.insert(warnings.end(), monitor.warnings().begin(), monitor.warnings().end());
    });
  });
  SayInPython(warnings);
  return warnings;
}

Recording Take(Self& self) {
  auto taken = Unlocked([&] { return self.observer.Take(); });
  return {"observed", std::make_shared<const std::vector<Observation>>(std::move(taken))};
}

py::dict Uses(const ObserverCounts& counts) {
  py::dict dict;
  for (std::size_t i = 0; i < kObservationUses; ++i) {
    dict[py::str(NameOf(static_cast<ObservationUse>(i)))] = counts.uses[i];
  }
  return dict;
}

// What all answers declared; of the evidence only what a declaration has.
struct Declaration {
  SignalEvidence evidence;
};

void BindResults(py::module_& module) {
  ResultClass<ObserverCounts>(module, "ObserverCounts", "What became of the exchanges so far.")
      .Field("exchanges", &ObserverCounts::exchanges, "Exchanges that were read, used or not.")
      .Computed("uses", &Uses, "These, by what became of them.")
      .Field("failed_after_text", &ObserverCounts::failed_after_text,
             "Of those that failed: text of an answer had come.")
      .Field("refused", &ObserverCounts::refused, "Refused with an error, and streams beyond a limit.")
      .Field("abandoned", &ObserverCounts::abandoned, "Streams that were never finished.")
      .Field("buffered", &ObserverCounts::buffered, "Observations that wait to be taken.")
      .Field("dropped", &ObserverCounts::dropped, "Observations that nobody took in time.")
      .Field("buffered_bytes", &ObserverCounts::buffered_bytes, "Approximate memory of those that wait.")
      .Field("open_streams", &ObserverCounts::open_streams, "Streams that are open.")
      .Field("monitor_refused", &ObserverCounts::monitor_refused,
             "Observations that the monitor could not use.");
  const auto field = [](auto SignalEvidence::*member) {
    return [member](const Declaration& self) { return ToPython(self.evidence.*member); };
  };
  ResultClass<Declaration>(module, "Declaration", "What answers say of themselves, beside the reference's.")
      .Computed("measurable", field(&SignalEvidence::measurable), "Whether both sides have answers.")
      .Computed("reason", field(&SignalEvidence::reason), "What is missing where they have not.")
      .Computed("n_reference", field(&SignalEvidence::n_reference), "Reference answers.")
      .Computed("n_observed", field(&SignalEvidence::n_observed), "Observed answers.")
      .Computed("notes", field(&SignalEvidence::notes), "Each thing declared: match, differs, not declared.");
}

constexpr const char* kObserverDoc = R"(Turns an application's own requests and answers into observations.

It sends and writes nothing, and keeps neither prompts nor keys. A request for one of `models` whose prompt and
sampling parameters equal a probe's is used like an answer to that probe; of others only what answers declare is
tallied. Feed every answer once, whatever it says. Threads may share it.

>>> import hashlib, pinchbeck
>>> def request(question):
...     return {"model": "m", "messages": [{"role": "user", "content": question}], "temperature": 1, "max_tokens": 4}
>>> def answer(text):
...     return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
>>> asked = {"temperature": 1, "max_tokens": 4, "prompt_sha256": hashlib.sha256(b"A digit?").hexdigest()}
>>> answers = [{"probe": "p", "request": asked, "response": {"text": str(i % 10)}} for i in range(400)]
>>> fingerprint = pinchbeck.enroll(pinchbeck.Recording.from_dicts(answers), model="m").fingerprint
>>> observer = pinchbeck.Observer(fingerprint, models=["m"])
>>> observer.watch()
>>> observer.observe(request("A digit?"), answer("7")), observer.observe(request("A letter?"), answer("k"))
('probe', 'unknown_prompt')
>>> for _ in range(60):
...     use = observer.observe(request("A digit?"), answer("7"))
>>> observer.decision.verdict, observer.counts.buffered
('differs', 61)
)";

void BindFeeding(py::class_<Self>& type) {
  const ExchangeEnd end;
  const ExchangeRequest sent;
  type.def("observe", &Observe, py::arg("request"), py::arg("response") = py::none(), py::kw_only(),
           py::arg("api") = sent.api, py::arg("status") = end.status, py::arg("complete") = end.complete,
           py::arg("time") = py::none(), py::arg("endpoint") = py::none(), py::arg("session") = py::none(),
           py::arg("total_s") = py::none(), py::arg("first_token_s") = py::none(),
           py::arg("redact") = py::none(),
           R"(Takes a request with its whole answer and gives what it was used as.

Bodies are dicts, the objects that the OpenAI and Anthropic clients return, or text as sent and received. `request` is
the body alone, without `timeout`, `extra_headers` and the like. `status` is the HTTP status and `complete` False
where the connection broke; without a response the request failed. `time` (a datetime with a zone, or RFC 3339) is
when it was sent, `total_s` and `first_token_s` are seconds since then. `redact` is a key that the server might
repeat; it is taken out and not kept.

'probe': used. 'failed': made like a probe, but the request failed; never data. 'unknown_prompt', 'other_settings',
'prompt_not_text', 'seed', 'other_parameter': its declarations are tallied. 'other_model', 'other_endpoint': counted.

A response that is not JSON, too long or nested too deeply is a failed answer and no error. ValueError: a request that is
not JSON (NaN is none) or too long, or a bad option; TypeError: a body of another type. Both count as refused, except
an `api`, `time` or option of another type.
)");
  type.def("open", &Open, py::arg("request"), py::kw_only(), py::arg("api") = sent.api,
           py::arg("time") = py::none(), py::arg("endpoint") = py::none(), py::arg("session") = py::none(),
           "Takes a request whose answer arrives in pieces. OSError: max_streams are open.");
  type.def("observe_stream", PassOn("observe_stream"), py::arg("request"), py::arg("stream"), py::kw_only(),
           py::arg("api") = sent.api, py::arg("sent") = py::none(), py::arg("time") = py::none(),
           py::arg("endpoint") = py::none(), py::arg("session") = py::none(), py::arg("redact") = py::none(),
           R"(Passes the chunks of a streamed answer on and observes them on their way.

`stream` is a function that sends the request and returns the stream, such as
`lambda: client.chat.completions.create(**request)`; it is called at once, closed at the end, and times count from
there. Or it is the stream itself; `sent` is time.monotonic() from before the request then, and without it no times are
recorded. Chunks are events (dicts or objects of a client) or pieces of the body (bytes or str with their newlines).
The time that you take between two chunks counts as the endpoint's if it lets them wait. `time` is now by default.

A stream that raises counts as failed, with the HTTP status that the exception carries (`status_code`,
`response.status_code`, `code`), and so does one with a chunk that nobody can read. One that you stop reading counts as
abandoned, and says nothing. A request that the observer refuses does not disturb the stream: it is sent and passed on all the
same, counted as refused, and a RuntimeWarning says why. Bad options raise before anything is sent: an unknown `api`, an
`endpoint` that is no URL, a `time` without a zone, a request or stream of another type.
)");
  type.def("observe_async_stream", PassOn("observe_async_stream"), py::arg("request"), py::arg("stream"),
           py::kw_only(), py::arg("api") = sent.api, py::arg("sent") = py::none(),
           py::arg("time") = py::none(), py::arg("endpoint") = py::none(), py::arg("session") = py::none(),
           py::arg("redact") = py::none(),
           R"(The same for `async for`.

The function may return an awaitable of the stream, and is called when the iteration begins.
)");
}

void BindWatching(py::class_<Self>& type) {
  const MonitorOptions defaults;
  type.def("watch", &Watch, py::arg("alternatives") = py::none(), py::kw_only(),
           py::arg("alpha") = defaults.alpha, py::arg("tolerance") = defaults.tolerance,
           py::arg("greedy_tolerance") = defaults.greedy_tolerance, py::arg("seed") = defaults.seed,
           py::arg("mean_run") = py::none(), py::arg("signals") = defaults.signals,
           R"(From now on every observation is also a step of a Monitor with these options.

It is made of the observer's fingerprint. A monitor whose state is restored must not be fed before: the state takes the
place of what came in between. C++ calls this AttachIfNone(). ValueError: one is watching already.
)");
  type.def_property_readonly(
      "decision", [](Self& self) { return ToPython(Unlocked([&] { return self.observer.decision(); })); },
      "What the monitor knows now; None before watch().");
  type.def(
      "serialize_state",
      [](Self& self) {
        std::string state;
        VisitMonitor(self, [&](const Monitor& monitor) {
          state = monitor.SerializeState();
          return absl::OkStatus();
        });
        return ToPython(state);
      },
      "The monitor's state as a JSON document. ValueError before watch().");
  type.def(
      "restore_state",
      [](Self& self, const std::string& json) {
        VisitMonitor(self, [&](Monitor& monitor) { return monitor.RestoreState(json); });
      },
      py::arg("json"), "Goes on where the state was taken; call watch() with the same design first.");
  type.def(
      "save_state",
      [](Self& self, const py::object& where, bool durable) {
        const std::string path = PathOf(where);
        VisitMonitor(self, [&](const Monitor& monitor) { return monitor.SaveState(path, durable); });
      },
      py::arg("path"), py::kw_only(), py::arg("durable") = true,
      "Writes the monitor's state, as Monitor.save_state(); answers that are fed meanwhile wait.");
  type.def(
      "load_state",
      [](Self& self, const py::object& where) {
        const std::string path = PathOf(where);
        VisitMonitor(self, [&](Monitor& monitor) { return monitor.LoadState(path); });
      },
      py::arg("path"), "Reads a state; KeyError where there is no such file.");
}

}  // namespace

void BindObserver(py::module_& module) {
  BindResults(module);
  BindObserverStream(module);
  const ObserverOptions defaults;
  py::class_<Self> type(module, "Observer", kObserverDoc);
  type.def(py::init(&MakeObserver), py::arg("fingerprint").none(false), py::kw_only(), py::arg("models"),
           py::arg("endpoint") = py::none(), py::arg("max_observations") = defaults.max_observations,
           py::arg("max_bytes") = defaults.max_bytes, py::arg("max_streams") = defaults.max_streams,
           py::arg("max_stream_bytes") = defaults.max_stream_bytes,
           py::arg("max_request_bytes") = defaults.limits.max_request_bytes,
           py::arg("max_response_bytes") = defaults.limits.max_response_bytes,
           py::arg("first_sample") = py::none());
  BindFeeding(type);
  BindWatching(type);
  type.def("take", &Take, "The observations that wait, as a Recording in memory; none wait afterwards.");
  type.def_property_readonly("counts", &Counts, "What became of the exchanges so far.");
  type.def_property_readonly(
      "declaration",
      [](Self& self) { return Declaration{Unlocked([&] { return self.observer.Declaration(); })}; },
      "What all answers of the model declared, compared with the reference. It never decides.");
  type.def_property_readonly(
      "warnings", [](Self& self) { return ToPython(Warnings(self)); },
      "Of probes that no request can match, and of the monitor's design.");
}

}  // namespace pinchbeck::python
