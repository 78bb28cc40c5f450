// The C functions for observers.
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/report/monitor_writers.h"
#include "src/c/guard.h"
#include "src/c/handles.h"
#include "src/c/options.h"

namespace pinchbeck::c {
namespace {

using nlohmann::json;

std::string StatusJson(const Observer& observer) {
  const ObserverCounts counts = observer.counts();
  json uses = json::object();
  for (std::size_t i = 0; i < kObservationUses; ++i) {
    uses[std::string(ObservationUseName(static_cast<ObservationUse>(i)))] = counts.uses[i];
  }
  const json status = {{"exchanges", counts.exchanges},
                       {"uses", std::move(uses)},
                       {"failed_after_text", counts.failed_after_text},
                       {"refused", counts.refused},
                       {"buffered", counts.buffered},
                       {"buffered_bytes", counts.buffered_bytes},
                       {"dropped", counts.dropped},
                       {"monitor_refused", counts.monitor_refused},
                       {"declaration", observer.Declaration().notes},
                       {"warnings", observer.warnings()}};
  return status.dump(-1, ' ', false, json::error_handler_t::replace);
}

// Runs `visit` on the observer's monitor.
absl::Status Visit(Observer& observer, const std::function<absl::Status(Monitor&)>& visit) {
  absl::Status status;
  if (observer.WithMonitor([&](Monitor& monitor) { status = visit(monitor); })) return status;
  return absl::FailedPreconditionError("no monitor is watching; call pinchbeck_observer_watch() first");
}

// Gives a text that `write` makes of the monitor to the caller.
absl::Status Write(const pinchbeck_observer* observer, char** text,
                   const std::function<std::string(Monitor&)>& write) {
  if (text == nullptr) return NullArgument("json");
  *text = nullptr;
  if (observer == nullptr) return NullArgument("observer");
  return Visit(observer->observer, [&](Monitor& monitor) {
    *text = CopyText(write(monitor));
    return absl::OkStatus();
  });
}

}  // namespace
}  // namespace pinchbeck::c

using pinchbeck::c::CopyText;
using pinchbeck::c::Guarded;
using pinchbeck::c::NullArgument;

extern "C" {

pinchbeck_code pinchbeck_observer_new(const pinchbeck_fingerprint* fingerprint, const char* options_json,
                                      pinchbeck_observer** observer, pinchbeck_error** error) {
  return Guarded(error, [&]() -> absl::Status {
    if (observer == nullptr) return NullArgument("observer");
    *observer = nullptr;
    if (fingerprint == nullptr) return NullArgument("fingerprint");
    PINCHBECK_ASSIGN_OR_RETURN(const pinchbeck::ObserverOptions options,
                               pinchbeck::c::ReadObserverOptions(options_json));
    PINCHBECK_ASSIGN_OR_RETURN(pinchbeck::Observer made,
                               pinchbeck::Observer::Create(*fingerprint->value, options));
    *observer = new pinchbeck_observer(fingerprint->value, std::move(made));
    return absl::OkStatus();
  });
}

pinchbeck_code pinchbeck_observer_watch(pinchbeck_observer* observer,
                                        const pinchbeck_fingerprint* const* alternatives,
                                        size_t alternative_count, const char* options_json,
                                        pinchbeck_error** error) {
  return Guarded(error, [&]() -> absl::Status {
    if (observer == nullptr) return NullArgument("observer");
    PINCHBECK_ASSIGN_OR_RETURN(
        pinchbeck::Monitor monitor,
        pinchbeck::c::MakeMonitor(*observer->fingerprint, alternatives, alternative_count, options_json));
    if (observer->observer.AttachIfNone(std::move(monitor))) return absl::OkStatus();
    return absl::FailedPreconditionError(
        "a monitor is watching already; another one would forget its evidence. Make a new observer");
  });
}

pinchbeck_code pinchbeck_observer_observe(pinchbeck_observer* observer, const char* exchange_json,
                                          size_t length, const char** use, pinchbeck_error** error) {
  return Guarded(error, [&]() -> absl::Status {
    if (use != nullptr) *use = nullptr;
    if (observer == nullptr) return NullArgument("observer");
    if (exchange_json == nullptr) return NullArgument("exchange_json");
    PINCHBECK_ASSIGN_OR_RETURN(const pinchbeck::ObservationUse made,
                               observer->observer.ObserveJson({exchange_json, length}));
    // The names are literals, so that a zero follows them.
    if (use != nullptr) *use = pinchbeck::ObservationUseName(made).data();
    return absl::OkStatus();
  });
}

pinchbeck_code pinchbeck_observer_take(pinchbeck_observer* observer, char** lines, pinchbeck_error** error) {
  return Guarded(error, [&]() -> absl::Status {
    if (lines == nullptr) return NullArgument("lines");
    *lines = nullptr;
    if (observer == nullptr) return NullArgument("observer");
    std::string text;
    for (const pinchbeck::Observation& observation : observer->observer.Take()) {
      text += pinchbeck::SerializeObservation(observation);
      text += '\n';
    }
    *lines = CopyText(text);
    return absl::OkStatus();
  });
}

pinchbeck_code pinchbeck_observer_status(const pinchbeck_observer* observer, char** json,
                                         pinchbeck_error** error) {
  return Guarded(error, [&]() -> absl::Status {
    if (json == nullptr) return NullArgument("json");
    *json = nullptr;
    if (observer == nullptr) return NullArgument("observer");
    *json = CopyText(pinchbeck::c::StatusJson(observer->observer));
    return absl::OkStatus();
  });
}

pinchbeck_code pinchbeck_observer_decision(const pinchbeck_observer* observer, char** json,
                                           pinchbeck_error** error) {
  return Guarded(error, [&] {
    return pinchbeck::c::Write(observer, json,
                               [](pinchbeck::Monitor& monitor) { return pinchbeck::MonitorToJson(monitor); });
  });
}

pinchbeck_code pinchbeck_observer_monitor_state(const pinchbeck_observer* observer, char** json,
                                                pinchbeck_error** error) {
  return Guarded(error, [&] {
    return pinchbeck::c::Write(observer, json,
                               [](pinchbeck::Monitor& monitor) { return monitor.SerializeState(); });
  });
}

pinchbeck_code pinchbeck_observer_monitor_restore(pinchbeck_observer* observer, const char* json,
                                                  size_t length, pinchbeck_error** error) {
  return Guarded(error, [&]() -> absl::Status {
    if (observer == nullptr) return NullArgument("observer");
    if (json == nullptr) return NullArgument("json");
    return pinchbeck::c::Visit(observer->observer, [&](pinchbeck::Monitor& monitor) {
      return monitor.RestoreState({json, length});
    });
  });
}

void pinchbeck_observer_free(pinchbeck_observer* observer) { delete observer; }

}  // extern "C"
