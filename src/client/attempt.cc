#include "src/client/attempt.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "src/client/record_limits.h"
#include "src/client/text_guard.h"
#include "src/client/url.h"

namespace pinchbeck::internal {
namespace {

ErrorKind KindOf(TransferFailure failure) {
  switch (failure) {
    case TransferFailure::kConnectTimeout:
    case TransferFailure::kTimeout:
      return ErrorKind::kTimeout;
    case TransferFailure::kNotHttp:
    case TransferFailure::kTooLarge:
    case TransferFailure::kRejected:
      return ErrorKind::kProtocol;
    default:
      return ErrorKind::kNetwork;
  }
}

std::optional<int> StatusOf(const TransferResult& result) {
  return result.head.status > 0 ? std::optional<int>(result.head.status) : std::nullopt;
}

// Redirects are not followed: another host must not get the key, and another host is another endpoint.
std::string RedirectMessage(std::string_view location) {
  const absl::StatusOr<Url> target = ParseUrl(location);
  return "redirected to " + (target.ok() ? CleanLine(target->Origin(), 200) : std::string("another path")) +
         "; redirects are not followed and nothing was sent there. If that address is right, use it as base "
         "URL";
}

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool IsFreeOfCharge(const TransferResult& result, const AttemptOutcome& outcome) {
  switch (result.failure) {
    case TransferFailure::kDns:
    case TransferFailure::kRefused:
    case TransferFailure::kConnectTimeout:
    case TransferFailure::kTls:
    case TransferFailure::kNotHttp:
      return true;
    default:
      return result.failure != TransferFailure::kTimeout && outcome.status.value_or(0) >= 300;
  }
}

std::string FatalClass(const TransferResult& result, const AttemptOutcome& outcome) {
  switch (result.failure) {
    case TransferFailure::kDns:
    case TransferFailure::kRefused:
    case TransferFailure::kConnectTimeout:
    case TransferFailure::kTimeout:
    case TransferFailure::kTls:
    case TransferFailure::kNotHttp:
      return "connection " + std::to_string(static_cast<int>(result.failure));
    default:
      break;
  }
  if (IsOutOfQuota(outcome)) return "quota";
  const int status = outcome.status.value_or(0);
  const bool lasting = status == 401 || status == 403 || status == 404 || status == 405 || IsRedirect(status);
  return lasting ? "http " + std::to_string(status) : std::string();
}

std::string Advice(const AttemptOutcome& outcome) {
  if (IsOutOfQuota(outcome)) return "the account has no credit or quota left";
  switch (outcome.status.value_or(0)) {
    case 401:
      return "check the API key and where it comes from";
    case 403:
      return "the key may lack the permission for this model, or the region is not served";
    case 404:
    case 405:
      return "check the base URL (it usually ends in /v1) and the model name";
    case 400:
    case 422:
      return "the endpoint does not take this request: check the model name and the parameters of the "
             "battery";
    case 429:
      return "the endpoint limits the rate: use less concurrency or wait";
    default:
      break;
  }
  return outcome.status.value_or(0) >= 500 ? "the server has a problem of its own: try again later" : "";
}

}  // namespace

AttemptResult Attempt::Finish(const TransferResult& result, const Secret& key) {
  AttemptResult attempt;
  Observation& observation = observation_;
  const bool complete = result.failure == TransferFailure::kNone;
  const DecodeNotes notes = decoder_->Finish({complete, result.total_s}, observation);
  observation.timing.connect_s = result.connect_s;
  std::optional<ErrorRecord>& error = observation.error;
  if (!complete && !error.has_value() && !notes.answer_complete) {
    error = ErrorRecord{KindOf(result.failure), StatusOf(result), result.message};
  }
  if (IsRedirect(result.head.status)) {
    error =
        ErrorRecord{ErrorKind::kHttp, result.head.status, RedirectMessage(result.head.Header("location"))};
  }
  LimitSize(observation);
  RedactObservation(key, observation);

  AttemptOutcome& outcome = attempt.outcome;
  outcome.head = result.head;
  outcome.error_code = notes.error_code;
  outcome.error_param = notes.error_param;
  if (notes.retry_delay_s.has_value()) outcome.body_delay = absl::Seconds(*notes.retry_delay_s);
  attempt.repaired = notes.json_repairs > 0;
  if (error.has_value()) {
    const bool broken = error->kind == ErrorKind::kNetwork && result.failure != TransferFailure::kTls;
    outcome.connection_error = broken || result.failure == TransferFailure::kConnectTimeout;
    if (error->kind == ErrorKind::kHttp) outcome.status = error->status;
    attempt.free_of_charge = IsFreeOfCharge(result, outcome);
    attempt.fatal_class = FatalClass(result, outcome);
    attempt.advice = IsRedirect(result.head.status) ? "" : Advice(outcome);
  }
  attempt.observation = std::move(observation_);
  return attempt;
}

}  // namespace pinchbeck::internal
