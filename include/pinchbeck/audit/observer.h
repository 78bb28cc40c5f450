// Watching ordinary traffic: an application's own requests and answers become observations, without any
// probe.
#ifndef PINCHBECK_AUDIT_OBSERVER_H_
#define PINCHBECK_AUDIT_OBSERVER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/audit/monitor.h"
#include "pinchbeck/client/exchange.h"
#include "pinchbeck/core/observation.h"
#include "pinchbeck/fingerprint/fingerprint.h"
#include "pinchbeck/signal/evidence.h"

namespace pinchbeck {

struct ObserverOptions {
  // Names of the model that the fingerprint is of, as the application asks for it; required. Of requests for
  // any other model, or for none by name, nothing is used.
  std::vector<std::string> models = {};
  // Base URL, compared with ExchangeRequest::endpoint up to a slash at the end. With it, requests to another
  // endpoint, or to none by name, are not used; without it, the caller feeds the traffic of one endpoint.
  std::optional<std::string> endpoint = std::nullopt;
  // Observations that wait to be taken, and the memory that they may hold. Beyond either, the oldest are
  // dropped and counted.
  std::size_t max_observations = 4096;
  std::size_t max_bytes = std::size_t{32} << 20;
  // Streams that are open at one time, more are refused; and the bytes of answers that these have read. One
  // that would exceed them is given up, and counts as refused.
  std::size_t max_streams = 1024;
  std::size_t max_stream_bytes = std::size_t{64} << 20;
  ExchangeLimits limits = {};
  // `Observation::sample` of the first buffered observation; later ones count on. Absent: drawn from the
  // system's random numbers, so that observers that write into one file, one after the other or at once, do
  // not give equal answers equal numbers.
  std::optional<std::int64_t> first_sample = std::nullopt;
};

// What became of an exchange.
enum class ObservationUse : std::uint8_t {
  // Made like a probe: buffered, and given to the monitor.
  kProbe,
  // Made like a probe, but the request failed: buffered and counted, never used as data.
  kFailed,
  // Its prompt is that of no probe. Like everything below, what the answer declares is tallied, nothing else.
  kUnknownPrompt,
  // A probe's prompt, asked with other sampling parameters; or that of several probes, so that nobody can say
  // which one was repeated.
  kOtherSettings,
  // See RequestObstacle. The last one also for kUnrecordedParameters.
  kPromptNotText,
  kSeed,
  kOtherParameter,
  // See ObserverOptions::models and ::endpoint. Of these answers not even declarations are tallied.
  kOtherModel,
  kOtherEndpoint,
};
inline constexpr std::size_t kObservationUses = 9;
// "probe", "failed", "unknown_prompt", "other_settings", "prompt_not_text", "seed", "other_parameter",
// "other_model", "other_endpoint".
[[nodiscard]] std::string_view ObservationUseName(ObservationUse use);

struct ObserverCounts {
  // Exchanges that were read, used or not, by what became of them.
  std::int64_t exchanges = 0;
  std::array<std::int64_t, kObservationUses> uses{};
  // Of those that failed: text of an answer had come. Nothing compares it, so that many of these hide what an
  // application may have gone by; `verify` then says `inconclusive`.
  std::int64_t failed_after_text = 0;
  // Refused with an error: bodies that are not JSON, too long, of another API; streams beyond a limit.
  std::int64_t refused = 0;
  // Streams that were opened and never finished.
  std::int64_t abandoned = 0;
  // In the buffer now, and dropped from it so far because nobody took them.
  std::int64_t buffered = 0;
  std::int64_t dropped = 0;
  // Approximate memory of the buffer.
  std::size_t buffered_bytes = 0;
  std::int64_t open_streams = 0;
  // Observations that the monitor did not take because it watches another fingerprint.
  std::int64_t monitor_refused = 0;
};

class Observer;

// One streamed answer on its way. Use it from one thread at a time; different streams are independent. What
// it needs of the observer stays alive with it.
class ObserverStream {
 public:
  ObserverStream(ObserverStream&&) noexcept;
  ObserverStream& operator=(ObserverStream&&) noexcept;
  // A stream that was not finished counts as abandoned.
  ~ObserverStream();

  // As in ExchangeReader; a bad time leaves the stream usable. ResourceExhausted: the open streams have read
  // ObserverOptions::max_stream_bytes, and this one is given up.
  [[nodiscard]] absl::Status OnBytes(std::string_view bytes, std::optional<double> arrival_s = std::nullopt);
  [[nodiscard]] absl::Status OnEvent(std::string_view json, std::optional<double> arrival_s = std::nullopt);
  // Hands the observation to the observer. Call once. FailedPrecondition: finished already, or given up.
  [[nodiscard]] absl::StatusOr<ObservationUse> Finish(const ExchangeEnd& end = {});

 private:
  friend class Observer;
  class Impl;
  explicit ObserverStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Turns exchanges into observations of a fingerprint's probes. Thread-safe; sends and writes nothing, looks
// at no clock, and keeps neither prompts nor keys.
//
// A request counts as a probe when it asks for one of ObserverOptions::models, its prompt digest and all
// sampling parameters (temperature, top_p, top_k, min_p, max_tokens) equal the probe's, an absent one
// included, and nothing else in it changes answers. A probe that does not record prompt digest, temperature
// and max_tokens, or asks what another one asks, is matched by nothing. A probe that `pinchbeck import` named
// after its request is matched by requests that are equal to that one in all that shapes answers. So an
// application is watched well where it asks some fixed prompts again and again (classifications, health
// checks, canaries), and the fingerprint was enrolled on these.
//
// Of every other answer of the model only the declarations are tallied (model, form of ids, system
// fingerprint, usage fields); the other signals compare answers to one prompt and would call two prompts two
// models.
//
// What the figures assume: every answer to such a request is fed, once, whatever it says. Answers that an
// application fetched anew because it disliked the first, or took from a cache of its own, make an honest
// endpoint look different.
//
// Memory: at most ObserverOptions::max_bytes for the buffer; for open streams, none of which counts for more
// than ExchangeLimits::max_response_bytes or for anything once it is longer, what max_stream_bytes of answers
// take while they are read, a few times these bytes, of hostile ones up to about 64 times (see
// ExchangeLimits); the same of a body for each call that is running; and the monitor's state. Cost: reading
// the bodies, outside the lock; then one monitor step inside it.
class Observer {
 public:
  // InvalidArgument: no model, a limit of 0, an endpoint that is no URL, a first_sample below 0. Unavailable:
  // no random numbers.
  [[nodiscard]] static absl::StatusOr<Observer> Create(const Fingerprint& fingerprint,
                                                       const ObserverOptions& options = {});
  Observer(Observer&&) noexcept;
  Observer& operator=(Observer&&) noexcept;
  ~Observer();

  // A request with its whole answer. Errors as ReadExchange(); they are counted and change nothing else.
  [[nodiscard]] absl::StatusOr<ObservationUse> Observe(const ExchangeRequest& request,
                                                       std::string_view response,
                                                       const ExchangeEnd& end = {});
  // The same from one JSON object, see ReadExchangeJson().
  [[nodiscard]] absl::StatusOr<ObservationUse> ObserveJson(std::string_view exchange);
  // A request whose answer arrives in pieces. ResourceExhausted: max_streams are open.
  [[nodiscard]] absl::StatusOr<ObserverStream> Open(const ExchangeRequest& request);

  // Every later probe-like observation also becomes a step of this monitor. Replaces the one before, whose
  // evidence is forgotten.
  void Attach(Monitor monitor);
  // The same where none is attached. False, and nothing changes: one is.
  [[nodiscard]] bool AttachIfNone(Monitor monitor);
  // Calls back with the monitor while the observer is locked, so keep it short and do not call the observer
  // there. False: none is attached.
  bool WithMonitor(const std::function<void(Monitor&)>& visit);
  // Absent without a monitor.
  [[nodiscard]] std::optional<MonitorDecision> decision() const;

  // The buffered observations, oldest first, each with a number of its own in `sample`: servers give one id
  // to many answers, and equal lines of a recording with equal ids count as copies. The buffer is empty then.
  [[nodiscard]] std::vector<Observation> Take();
  [[nodiscard]] ObserverCounts counts() const;
  // What all answers of the model declared, compared with the reference: model names and the like. Reported,
  // never decisive. Each tally keeps 64 distinct values and counts further ones as "(other)".
  [[nodiscard]] SignalEvidence Declaration() const;
  // Of probes that no request can match.
  [[nodiscard]] const std::vector<std::string>& warnings() const;

 private:
  friend class ObserverStream;
  class Impl;
  explicit Observer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace pinchbeck

#endif  // PINCHBECK_AUDIT_OBSERVER_H_
