#include "pinchbeck/client/exchange.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "pinchbeck/client/dialect.h"
#include "pinchbeck/core/endpoint.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/lenient_json.h"
#include "src/client/record_limits.h"
#include "src/client/request_reader.h"
#include "src/client/text_guard.h"
#include "src/client/url.h"

namespace pinchbeck {
namespace {

using internal::RequestReading;

absl::Status CheckSeconds(std::string_view name, std::optional<double> value) {
  if (!value.has_value() || (std::isfinite(*value) && *value >= 0.0)) return absl::OkStatus();
  return absl::InvalidArgumentError(std::string(name) + ": expected seconds of at least 0");
}

absl::Status ReadSurroundings(const ExchangeRequest& request, Observation& observation) {
  if (request.time.has_value()) {
    absl::Time time;
    if (!absl::ParseTime(absl::RFC3339_full, *request.time, &time, nullptr)) {
      return absl::InvalidArgumentError("time: expected RFC 3339 such as 2026-01-31T12:00:00.5Z");
    }
    observation.time = request.time;
  }
  if (request.endpoint.has_value()) {
    const absl::StatusOr<internal::Url> url = internal::ParseUrl(*request.endpoint);
    if (!url.ok()) return internal::Annotate(url.status(), "endpoint");
    observation.endpoint = url->Public().substr(0, internal::kMaxLabelBytes);
  }
  if (request.session.has_value()) observation.session = request.session->substr(0, internal::kMaxLabelBytes);
  return absl::OkStatus();
}

std::string_view KindName(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kHttp:
      return "the server answered with an error";
    case ErrorKind::kTimeout:
      return "the answer took too long";
    case ErrorKind::kNetwork:
      return "the answer broke off";
    case ErrorKind::kProtocol:
      break;
  }
  return "the answer is not one of this API";
}

// Servers repeat keys in their messages ("incorrect key sk-..."), and nothing here needs their words.
void DropServerWords(ErrorRecord& error) {
  error.message = std::string(KindName(error.kind));
  if (error.status.has_value()) error.message += " (status " + std::to_string(*error.status) + ")";
}

}  // namespace

std::string_view RequestObstacleName(RequestObstacle obstacle) {
  switch (obstacle) {
    case RequestObstacle::kNone:
      return "none";
    case RequestObstacle::kPromptNotText:
      return "prompt_not_text";
    case RequestObstacle::kSeed:
      return "seed";
    case RequestObstacle::kOtherParameter:
      return "other_parameter";
    case RequestObstacle::kUnrecordedParameters:
      return "unrecorded_parameters";
  }
  return "other_parameter";
}

class ExchangeReader::Impl {
 public:
  Impl(Api api, RequestReading reading, std::size_t max_bytes)
      : reading_(std::move(reading)), api_(api), max_bytes_(max_bytes) {
    exchange_.obstacle = reading_.obstacle;
    exchange_.obstacle_field = std::move(reading_.obstacle_field);
    exchange_.request_sha256 = std::move(reading_.sha256);
    exchange_.observation.request = std::move(reading_.record);
  }

  Observation& observation() { return exchange_.observation; }

  // A bad time costs the times only: an answer without one of its pieces would be another answer.
  absl::Status OnBytes(std::string_view bytes, std::optional<double> arrival_s) {
    absl::Status status = NoteArrival(arrival_s);
    Read(bytes, arrival_s.has_value());
    return status;
  }

  absl::Status OnEvent(std::string_view json, std::optional<double> arrival_s) {
    std::string framed = "data: ";
    for (const char c : json) {
      if (c == '\r') continue;
      framed += c;
      if (c == '\n') framed += "data: ";
    }
    framed += "\n\n";
    return OnBytes(framed, arrival_s);
  }

  absl::StatusOr<Exchange> Finish(const ExchangeEnd& end) {
    if (end.status < 100 || end.status > 599) {
      return absl::InvalidArgumentError("status: expected an HTTP status, got " + std::to_string(end.status));
    }
    PINCHBECK_RETURN_IF_ERROR(CheckSeconds("total_s", end.total_s));
    PINCHBECK_RETURN_IF_ERROR(CheckSeconds("first_token_s", end.first_token_s));
    Observation& observation = exchange_.observation;
    if (too_large_) {
      observation.error = ErrorRecord{ErrorKind::kProtocol, end.status, ""};
    } else {
      Decode(end);
    }
    ReadTimes(end);
    internal::LimitSize(observation);
    internal::RedactObservation(Secret(std::string(end.redact)), observation);
    if (observation.error.has_value()) DropServerWords(*observation.error);
    return std::move(exchange_);
  }

 private:
  absl::Status NoteArrival(std::optional<double> arrival_s) {
    if (!arrival_s.has_value()) {
      untimed_ = true;
      return absl::OkStatus();
    }
    absl::Status status = CheckSeconds("arrival_s", arrival_s);
    if (!status.ok() || *arrival_s < last_arrival_) {
      clock_failed_ = true;
    } else {
      last_arrival_ = *arrival_s;
    }
    return status;
  }

  void Read(std::string_view bytes, bool timed) {
    if (too_large_ || broken_) return;
    if (bytes.size() > max_bytes_ - bytes_) {
      too_large_ = true;
      decoder_.reset();
      body_.clear();
      body_.shrink_to_fit();
      return;
    }
    bytes_ += bytes.size();
    // The decoder wants the status first, which callers may know at the end only. Documents are short; an
    // event stream is one whatever the status, or an error page.
    if (!decoder_ && !timed) {
      body_.append(bytes);
      return;
    }
    StartDecoder(200);
    broken_ = !decoder_->OnBytes(bytes, last_arrival_).ok();
  }

  void StartDecoder(int status) {
    if (decoder_) return;
    // Asked for a stream or not, the decoder tells a document from events by the first byte.
    decoder_ = MakeDialect(api_)->MakeDecoder(/*streaming=*/true);
    ResponseHead head;
    head.status = status;
    decoder_->OnHead(head);
    if (!body_.empty()) broken_ = !decoder_->OnBytes(body_, 0.0).ok();
    body_.clear();
  }

  void Decode(const ExchangeEnd& end) {
    Observation& observation = exchange_.observation;
    StartDecoder(end.status);
    const DecodeNotes notes =
        decoder_->Finish({end.complete, end.total_s.value_or(last_arrival_)}, observation);
    std::optional<ErrorRecord>& error = observation.error;
    if (!end.complete && !error.has_value() && !notes.answer_complete) {
      error = ErrorRecord{ErrorKind::kNetwork, end.status, ""};
    }
    // The status may have been known only after the decoder began.
    if (end.status >= 300 && (!error.has_value() || error->kind != ErrorKind::kHttp)) {
      error = ErrorRecord{ErrorKind::kHttp, end.status, ""};
    }
  }

  void ReadTimes(const ExchangeEnd& end) {
    TimingRecord& timing = exchange_.observation.timing;
    if (clock_failed_) {
      timing = {};
      return;
    }
    if (untimed_) timing = {};
    timing.total_s = end.total_s;
    if (!end.total_s.has_value() && !untimed_ && bytes_ > 0) timing.total_s = last_arrival_;
    if (untimed_ && end.first_token_s.has_value()) timing.first_token_s = end.first_token_s;
    // An end before the last event was measured by another clock: no time of it can be relied on.
    const double last = timing.event_s.empty() ? timing.first_token_s.value_or(0.0) : timing.event_s.back();
    if (timing.total_s.has_value() && *timing.total_s < last) timing = {};
  }

  Exchange exchange_;
  RequestReading reading_;
  Api api_;
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::string body_;
  std::unique_ptr<ResponseDecoder> decoder_;
  double last_arrival_ = 0.0;
  bool untimed_ = false;
  bool clock_failed_ = false;
  bool too_large_ = false;
  bool broken_ = false;
};

absl::StatusOr<ExchangeReader> ExchangeReader::Create(const ExchangeRequest& request,
                                                      const ExchangeLimits& limits) {
  if (request.body.size() > limits.max_request_bytes) {
    return absl::InvalidArgumentError("request: the body has " + std::to_string(request.body.size()) +
                                      " bytes; at most " + std::to_string(limits.max_request_bytes) +
                                      " are read");
  }
  const internal::LenientJson body = internal::ParseLenient(request.body);
  if (body.value.is_discarded()) {
    return absl::InvalidArgumentError("request: the body is not JSON (or nests too deeply)");
  }
  PINCHBECK_ASSIGN_OR_RETURN(RequestReading reading, internal::ReadRequest(request.api, body.value));
  auto impl = std::make_unique<Impl>(request.api, std::move(reading), limits.max_response_bytes);
  PINCHBECK_RETURN_IF_ERROR(ReadSurroundings(request, impl->observation()));
  return ExchangeReader(std::move(impl));
}

ExchangeReader::ExchangeReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ExchangeReader::ExchangeReader(ExchangeReader&&) noexcept = default;
ExchangeReader& ExchangeReader::operator=(ExchangeReader&&) noexcept = default;
ExchangeReader::~ExchangeReader() = default;

absl::Status ExchangeReader::OnBytes(std::string_view bytes, std::optional<double> arrival_s) {
  return impl_->OnBytes(bytes, arrival_s);
}

absl::Status ExchangeReader::OnEvent(std::string_view json, std::optional<double> arrival_s) {
  return impl_->OnEvent(json, arrival_s);
}

absl::StatusOr<Exchange> ExchangeReader::Finish(const ExchangeEnd& end) && { return impl_->Finish(end); }

absl::StatusOr<Exchange> ReadExchange(const ExchangeRequest& request, std::string_view response,
                                      const ExchangeEnd& end, const ExchangeLimits& limits) {
  PINCHBECK_ASSIGN_OR_RETURN(ExchangeReader reader, ExchangeReader::Create(request, limits));
  PINCHBECK_RETURN_IF_ERROR(reader.OnBytes(response));
  return std::move(reader).Finish(end);
}

}  // namespace pinchbeck
