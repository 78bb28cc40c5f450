#include "pinchbeck/audit/observer.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/audit/observation_bytes.h"
#include "src/audit/probe_matcher.h"
#include "src/client/endpoint_name.h"
#include "src/client/url.h"
#include "src/signal/declaration_sample.h"
#include "src/signal/failure_kind.h"

namespace pinchbeck {
namespace {

using internal::ProbeMatch;
using internal::ProbeMatchResult;

constexpr std::size_t kDeclaredValues = 64;

using Tally = std::map<std::string, std::int64_t>;

// A server that declares something new every time must not grow the tally without end.
void AddTo(Tally& tally, const Tally& seen) {
  for (const auto& [value, count] : seen) {
    const bool room = tally.size() < kDeclaredValues || tally.contains(value);
    tally[room ? value : "(other)"] += count;
  }
}

// Far below the largest integer that JSON readers keep exactly, so that counting on stays exact.
absl::StatusOr<std::int64_t> RandomSample() {
  std::array<unsigned char, 6> bytes{};
  if (getentropy(bytes.data(), bytes.size()) != 0) {
    return absl::UnavailableError("the system gives no random numbers; set first_sample");
  }
  std::int64_t number = 0;
  for (const unsigned char byte : bytes) number = number * 256 + byte;
  return number;
}

ObservationUse UseOf(const Exchange& exchange, const ProbeMatchResult& match) {
  switch (match.match) {
    case ProbeMatch::kProbe:
      return exchange.observation.error.has_value() ? ObservationUse::kFailed : ObservationUse::kProbe;
    case ProbeMatch::kOtherSettings:
      return ObservationUse::kOtherSettings;
    case ProbeMatch::kUnknownPrompt:
      return ObservationUse::kUnknownPrompt;
    case ProbeMatch::kObstacle:
      break;
  }
  switch (exchange.obstacle) {
    case RequestObstacle::kPromptNotText:
      return ObservationUse::kPromptNotText;
    case RequestObstacle::kSeed:
      return ObservationUse::kSeed;
    default:
      return ObservationUse::kOtherParameter;
  }
}

}  // namespace

class Observer::Impl {
 public:
  Impl(const Fingerprint& fingerprint, const ObserverOptions& options, std::int64_t first_sample)
      : options_(options), matcher_(fingerprint), next_sample_(first_sample) {
    reference_.declaration = fingerprint.Pooled().declaration;
  }

  const ObserverOptions& options() const { return options_; }
  const std::vector<std::string>& warnings() const { return matcher_.warnings(); }

  // Counts the refusal, or hands the exchange on.
  absl::StatusOr<ObservationUse> Add(absl::StatusOr<Exchange> exchange) {
    if (!exchange.ok()) {
      const std::lock_guard<std::mutex> lock(mutex_);
      ++counts_.refused;
      return exchange.status();
    }
    const ProbeMatchResult match = matcher_.Match(*exchange);
    const std::optional<ObservationUse> elsewhere = Elsewhere(exchange->observation);
    const ObservationUse use = elsewhere.value_or(UseOf(*exchange, match));
    if (match.probe != nullptr) exchange->observation.probe = *match.probe;
    const bool buffered = use == ObservationUse::kProbe || use == ObservationUse::kFailed;
    const std::lock_guard<std::mutex> lock(mutex_);
    ++counts_.exchanges;
    ++counts_.uses[static_cast<std::size_t>(use)];
    if (use == ObservationUse::kFailed && internal::FailedAfterText(exchange->observation)) {
      ++counts_.failed_after_text;
    }
    if (!elsewhere.has_value()) Declare(exchange->observation, buffered);
    if (!buffered) return use;
    if (monitor_.has_value() && !monitor_->Step(exchange->observation).ok()) ++counts_.monitor_refused;
    Buffer(std::move(exchange->observation));
    return use;
  }

  absl::Status AddStream() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (counts_.open_streams >= static_cast<std::int64_t>(options_.max_streams)) {
      ++counts_.refused;
      return absl::ResourceExhaustedError(std::to_string(options_.max_streams) +
                                          " streams are open; finish or drop some, or raise max_streams");
    }
    ++counts_.open_streams;
    return absl::OkStatus();
  }

  void RemoveStream(bool abandoned) {
    const std::lock_guard<std::mutex> lock(mutex_);
    --counts_.open_streams;
    if (abandoned) ++counts_.abandoned;
  }

  absl::Status TakeStreamBytes(std::size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (bytes > options_.max_stream_bytes - stream_bytes_) {
      ++counts_.refused;
      return absl::ResourceExhaustedError("the open streams have read " +
                                          std::to_string(options_.max_stream_bytes) +
                                          " bytes; this one is given up (see max_stream_bytes)");
    }
    stream_bytes_ += bytes;
    return absl::OkStatus();
  }

  void ReturnStreamBytes(std::size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    stream_bytes_ -= bytes;
  }

  void CountRefusal() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++counts_.refused;
  }

  void Attach(Monitor monitor) {
    const std::lock_guard<std::mutex> lock(mutex_);
    monitor_.emplace(std::move(monitor));
  }

  bool AttachIfNone(Monitor monitor) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (monitor_.has_value()) return false;
    monitor_.emplace(std::move(monitor));
    return true;
  }

  bool WithMonitor(const std::function<void(Monitor&)>& visit) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!monitor_.has_value()) return false;
    visit(*monitor_);
    return true;
  }

  std::optional<MonitorDecision> decision() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!monitor_.has_value()) return std::nullopt;
    return monitor_->decision();
  }

  std::vector<Observation> Take() {
    std::deque<Observation> taken;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      taken.swap(buffer_);
      bytes_ = 0;
    }
    return {std::make_move_iterator(taken.begin()), std::make_move_iterator(taken.end())};
  }

  ObserverCounts counts() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    ObserverCounts counts = counts_;
    counts.buffered = static_cast<std::int64_t>(buffer_.size());
    counts.buffered_bytes = bytes_;
    return counts;
  }

  SignalEvidence Declaration() const {
    SampleSet observed;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      observed.declaration = declared_;
    }
    return EvaluateDeclaration(reference_, observed, SignalOptions{});
  }

 private:
  // Traffic that is not of the model or endpoint, or does not say so.
  std::optional<ObservationUse> Elsewhere(const Observation& observation) const {
    const std::optional<std::string>& model = observation.request.model;
    const std::vector<std::string>& models = options_.models;
    if (!model.has_value() || std::find(models.begin(), models.end(), *model) == models.end()) {
      return ObservationUse::kOtherModel;
    }
    const std::optional<std::string>& endpoint = observation.endpoint;
    const bool ours = !options_.endpoint.has_value() ||
                      (endpoint.has_value() && internal::ComparableEndpoint(*endpoint) == *options_.endpoint);
    return ours ? std::nullopt : std::optional(ObservationUse::kOtherEndpoint);
  }

  void Declare(const Observation& observation, bool made_like_a_probe) {
    if (observation.error.has_value()) return;
    DeclarationSample one;
    internal::AddDeclaration(observation, one);
    declared_.responses += one.responses;
    AddTo(declared_.models, one.models);
    AddTo(declared_.id_shapes, one.id_shapes);
    AddTo(declared_.system_fingerprints, one.system_fingerprints);
    AddTo(declared_.usage_fields, one.usage_fields);
    // How an answer ends depends on what was asked.
    if (made_like_a_probe) AddTo(declared_.finish_reasons, one.finish_reasons);
  }

  // A process that was forked off counts on from a number of its own.
  void Renumber() {
    const pid_t process = getpid();
    if (process == process_ || options_.first_sample.has_value()) return;
    process_ = process;
    if (const absl::StatusOr<std::int64_t> sample = RandomSample(); sample.ok()) next_sample_ = *sample;
  }

  void Buffer(Observation observation) {
    Renumber();
    observation.sample = next_sample_++;
    const std::size_t bytes = internal::BytesOf(observation);
    while (!buffer_.empty() &&
           (buffer_.size() >= options_.max_observations || bytes_ + bytes > options_.max_bytes)) {
      bytes_ -= internal::BytesOf(buffer_.front());
      buffer_.pop_front();
      ++counts_.dropped;
    }
    if (bytes > options_.max_bytes) {
      ++counts_.dropped;
      return;
    }
    buffer_.push_back(std::move(observation));
    bytes_ += internal::BytesOf(buffer_.back());
  }

  const ObserverOptions options_;
  const internal::ProbeMatcher matcher_;
  SampleSet reference_;
  mutable std::mutex mutex_;
  ObserverCounts counts_;
  std::deque<Observation> buffer_;
  std::int64_t next_sample_;
  pid_t process_ = getpid();
  std::size_t bytes_ = 0;
  std::size_t stream_bytes_ = 0;
  DeclarationSample declared_;
  std::optional<Monitor> monitor_;
};

class ObserverStream::Impl {
 public:
  Impl(std::shared_ptr<Observer::Impl> owner, ExchangeReader reader)
      : observer_(std::move(owner)), reader_(std::move(reader)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    const bool abandoned = reader_.has_value();
    Close();
    observer_->RemoveStream(abandoned);
  }

  // The reader, ready for this many bytes.
  absl::StatusOr<ExchangeReader*> ReaderFor(std::size_t bytes) {
    if (!reader_.has_value()) {
      return absl::FailedPreconditionError("the stream is finished or given up; open another one");
    }
    if (const absl::Status status = Charge(bytes); !status.ok()) {
      Close();
      return status;
    }
    return &*reader_;
  }

  absl::StatusOr<ObservationUse> Finish(const ExchangeEnd& end) {
    PINCHBECK_ASSIGN_OR_RETURN(ExchangeReader* const reader, ReaderFor(0));
    absl::StatusOr<Exchange> exchange = std::move(*reader).Finish(end);
    Close();
    return observer_->Add(std::move(exchange));
  }

 private:
  // A reader drops an answer that is too long, and holds nothing of it any more: one endless stream must not
  // take the others' share.
  absl::Status Charge(std::size_t bytes) {
    if (too_long_) return absl::OkStatus();
    if (bytes > observer_->options().limits.max_response_bytes - bytes_) {
      too_long_ = true;
      ReturnBytes();
      return absl::OkStatus();
    }
    PINCHBECK_RETURN_IF_ERROR(observer_->TakeStreamBytes(bytes));
    bytes_ += bytes;
    return absl::OkStatus();
  }

  void ReturnBytes() {
    observer_->ReturnStreamBytes(bytes_);
    bytes_ = 0;
  }

  void Close() {
    reader_.reset();
    ReturnBytes();
  }

  std::shared_ptr<Observer::Impl> observer_;
  std::optional<ExchangeReader> reader_;
  std::size_t bytes_ = 0;
  bool too_long_ = false;
};

ObserverStream::ObserverStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ObserverStream::ObserverStream(ObserverStream&&) noexcept = default;
ObserverStream& ObserverStream::operator=(ObserverStream&&) noexcept = default;
ObserverStream::~ObserverStream() = default;

absl::Status ObserverStream::OnBytes(std::string_view bytes, std::optional<double> arrival_s) {
  PINCHBECK_ASSIGN_OR_RETURN(ExchangeReader* const reader, impl_->ReaderFor(bytes.size()));
  return reader->OnBytes(bytes, arrival_s);
}

absl::Status ObserverStream::OnEvent(std::string_view json, std::optional<double> arrival_s) {
  PINCHBECK_ASSIGN_OR_RETURN(ExchangeReader* const reader, impl_->ReaderFor(json.size()));
  return reader->OnEvent(json, arrival_s);
}

absl::StatusOr<ObservationUse> ObserverStream::Finish(const ExchangeEnd& end) { return impl_->Finish(end); }

absl::StatusOr<Observer> Observer::Create(const Fingerprint& fingerprint, const ObserverOptions& options) {
  const ExchangeLimits& limits = options.limits;
  for (const std::size_t limit :
       {options.max_observations, options.max_bytes, options.max_streams, options.max_stream_bytes,
        limits.max_request_bytes, limits.max_response_bytes}) {
    if (limit == 0) return absl::InvalidArgumentError("a limit of the observer is 0; it must be at least 1");
  }
  if (options.models.empty()) {
    return absl::InvalidArgumentError("models: give the names by which the application asks for the model");
  }
  ObserverOptions read = options;
  if (options.endpoint.has_value()) {
    const absl::StatusOr<internal::Url> url = internal::ParseUrl(*options.endpoint);
    if (!url.ok()) return internal::Annotate(url.status(), "endpoint");
    read.endpoint = internal::ComparableEndpoint(url->Public());
  }
  if (options.first_sample.has_value() && *options.first_sample < 0) {
    return absl::InvalidArgumentError("first_sample is " + std::to_string(*options.first_sample) +
                                      "; it must be at least 0");
  }
  std::int64_t first_sample = options.first_sample.value_or(0);
  if (!options.first_sample.has_value()) {
    PINCHBECK_ASSIGN_OR_RETURN(first_sample, RandomSample());
  }
  return Observer(std::make_shared<Impl>(fingerprint, read, first_sample));
}

Observer::Observer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Observer::Observer(Observer&&) noexcept = default;
Observer& Observer::operator=(Observer&&) noexcept = default;
Observer::~Observer() = default;

absl::StatusOr<ObservationUse> Observer::Observe(const ExchangeRequest& request, std::string_view response,
                                                 const ExchangeEnd& end) {
  return impl_->Add(ReadExchange(request, response, end, impl_->options().limits));
}

absl::StatusOr<ObservationUse> Observer::ObserveJson(std::string_view exchange) {
  return impl_->Add(ReadExchangeJson(exchange, impl_->options().limits));
}

absl::StatusOr<ObserverStream> Observer::Open(const ExchangeRequest& request) {
  absl::StatusOr<ExchangeReader> reader = ExchangeReader::Create(request, impl_->options().limits);
  if (!reader.ok()) {
    impl_->CountRefusal();
    return reader.status();
  }
  PINCHBECK_RETURN_IF_ERROR(impl_->AddStream());
  return ObserverStream(std::make_unique<ObserverStream::Impl>(impl_, *std::move(reader)));
}

void Observer::Attach(Monitor monitor) { impl_->Attach(std::move(monitor)); }
bool Observer::AttachIfNone(Monitor monitor) { return impl_->AttachIfNone(std::move(monitor)); }
bool Observer::WithMonitor(const std::function<void(Monitor&)>& visit) { return impl_->WithMonitor(visit); }
std::optional<MonitorDecision> Observer::decision() const { return impl_->decision(); }
std::vector<Observation> Observer::Take() { return impl_->Take(); }
ObserverCounts Observer::counts() const { return impl_->counts(); }
SignalEvidence Observer::Declaration() const { return impl_->Declaration(); }
const std::vector<std::string>& Observer::warnings() const { return impl_->warnings(); }

}  // namespace pinchbeck
