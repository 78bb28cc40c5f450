#include "src/client/examiner.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/collector.h"
#include "src/client/text_guard.h"
#include "src/client/url.h"

namespace pinchbeck::internal {
namespace {

constexpr std::int64_t kOutputLimit = 16;
// The most that the large vendors give.
constexpr std::int64_t kMostAlternatives = 20;
constexpr std::size_t kMaxHeaderBytes = 120;
constexpr std::size_t kMaxHeaders = 12;

// Parts of the names of headers that are worth showing. An endpoint may forge or drop any of them.
constexpr std::array<std::string_view, 3> kLimitHeaders = {"ratelimit", "rate-limit", "retry-after"};
constexpr std::array<std::string_view, 11> kRelayHeaders = {
    "x-litellm-", "oneapi", "new-api",  "via",        "x-cache",     "cf-cache-status",
    "cf-ray",     "server", "helicone", "openrouter", "x-powered-by"};

template <class Names>
void KeepHeader(const HttpHeader& header, const Names& names, const Secret& key,
                std::vector<HttpHeader>& kept) {
  const bool wanted = std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    return header.name.find(name) != std::string::npos;
  });
  if (!wanted || kept.size() >= kMaxHeaders) return;
  for (const HttpHeader& other : kept) {
    if (other.name == header.name) return;
  }
  // Redacted before it is cut, so that no part of a key remains.
  kept.push_back({CleanLine(Redact(header.name, key), kMaxHeaderBytes),
                  CleanLine(Redact(header.value, key), kMaxHeaderBytes)});
}

std::size_t MostAlternatives(const Observation& observation) {
  std::size_t most = 0;
  for (const PositionLogprobs& position : observation.logprobs) most = std::max(most, position.top.size());
  return most;
}

std::string ErrorText(const ErrorRecord& error) {
  if (error.kind != ErrorKind::kHttp || !error.status.has_value()) return error.message;
  return absl::StrCat("HTTP ", *error.status, ", ", error.message);
}

// Whether the output limit was kept, as far as the answer shows it.
Capability LimitKept(const Observation& observation) {
  const std::optional<std::int64_t>& used = observation.usage.output_tokens;
  if (used.has_value() && *used > kOutputLimit + 1) {
    return {Support::kIgnored,
            absl::StrCat(*used, " tokens where at most ", kOutputLimit, " were asked for")};
  }
  if (used.has_value() || observation.response.finish_reason == "length") return {Support::kYes, ""};
  return {Support::kUnknown, "the answer does not say how many tokens it used"};
}

}  // namespace

Probe ExaminationProbe() {
  Probe probe;
  probe.id = "doctor/count";
  probe.group = "text";
  probe.messages = {{"user", "Count from 1 to 40, separated by spaces."}};
  probe.sampling.max_tokens = kOutputLimit;
  return probe;
}

Probe SeedProbe() {
  Probe probe = ExaminationProbe();
  probe.id = "doctor/letters";
  probe.messages = {{"user", "Write ten random letters, separated by spaces."}};
  return probe;
}

Examiner::Examiner(const Endpoint& endpoint, const TransferTimeouts& timeouts, const DoctorServices& services)
    : endpoint_(endpoint), timeouts_(timeouts), services_(services), dialect_(services.dialect, adaptation_) {
  if (const absl::StatusOr<Url> url = ParseUrl(endpoint_.base_url); url.ok()) origin_ = url->Origin();
}

absl::StatusOr<DoctorReport> Examiner::Run() {
  report_.api = std::string(dialect_.name());
  PINCHBECK_RETURN_IF_ERROR(AskPlain());
  if (report_.usable) {
    PINCHBECK_RETURN_IF_ERROR(AskStream());
    PINCHBECK_RETURN_IF_ERROR(AskLogprobs());
    PINCHBECK_RETURN_IF_ERROR(AskTemperature());
    PINCHBECK_RETURN_IF_ERROR(AskSeed());
    PINCHBECK_RETURN_IF_ERROR(AskOtherLimitName());
  }
  report_.adaptation = adaptation_;
  return std::move(report_);
}

absl::StatusOr<std::optional<Examiner::Answer>> Examiner::Ask(const Probe& probe,
                                                              std::optional<std::int64_t> seed) {
  refusal_words_.clear();
  while (report_.requests < kMaxExaminationRequests) {
    if (services_.stop != nullptr && services_.stop->load() != 0) {
      report_.interrupted = true;
      break;
    }
    PINCHBECK_ASSIGN_OR_RETURN(Answer answer, Send(probe, seed));
    if (report_.interrupted) break;
    if (!Adapt(answer)) return std::optional<Answer>(std::move(answer));
  }
  return std::optional<Answer>();
}

absl::StatusOr<Examiner::Answer> Examiner::Send(const Probe& probe, std::optional<std::int64_t> seed) {
  TransferRequest request;
  PINCHBECK_ASSIGN_OR_RETURN(request.http, dialect_.BuildRequest(endpoint_, probe, seed));
  PINCHBECK_ASSIGN_OR_RETURN(const Url url, ParseUrl(request.http.url));
  if (url.Origin() != origin_) return absl::InvalidArgumentError("the request is for another host");
  request.api_key = endpoint_.api_key;
  request.timeouts = timeouts_;
  Observation observation;
  observation.probe = probe.id;
  observation.request = MakeRequestRecord(endpoint_, probe, services_.dialect, adaptation_);
  Attempt attempt(std::move(observation), dialect_.MakeDecoder(probe.sampling.stream));
  Answer answer;
  answer.sent = ReadSentParameters(
      dialect_.name(), AdaptedSampling(SupportedSampling(probe.sampling, dialect_.features()), adaptation_),
      request.http.body);
  const absl::Time sent_at = services_.clock.Now();
  PINCHBECK_ASSIGN_OR_RETURN(const std::int64_t id, services_.transport.Start(request, attempt));
  ++report_.requests;
  while (true) {
    for (const TransferResult& transfer : services_.transport.Poll(absl::Milliseconds(100))) {
      if (transfer.id != id) continue;
      answer.result = attempt.Finish(transfer, endpoint_.api_key);
      answer.total_s = transfer.total_s;
      NoteHead(transfer, sent_at, services_.clock.Now());
      const UsageRecord& usage = answer.result.observation.usage;
      report_.input_tokens =
          SaturatingSum(report_.input_tokens, CountedTokens(usage.input_tokens.value_or(0)));
      report_.output_tokens =
          SaturatingSum(report_.output_tokens, CountedTokens(usage.output_tokens.value_or(0)));
      return answer;
    }
    if (services_.stop != nullptr && services_.stop->load() != 0) {
      services_.transport.Cancel(id);
      report_.interrupted = true;
      return answer;
    }
  }
}

bool Examiner::Adapt(const Answer& answer) {
  const std::optional<ErrorRecord>& error = answer.result.observation.error;
  if (!error.has_value() || error->kind != ErrorKind::kHttp) return false;
  const Refusal refusal{error->status.value_or(0), answer.result.outcome.error_code,
                        answer.result.outcome.error_param, error->message};
  const std::optional<RequestParameter> parameter = RefusedParameter(refusal, answer.sent);
  if (!parameter.has_value() || !AdaptTo(*parameter, refusal, answer.sent, adaptation_)) return false;
  refusal_words_ = ErrorText(*error);
  return true;
}

void Examiner::NoteHead(const TransferResult& transfer, absl::Time sent_at, absl::Time ended_at) {
  if (transfer.head.status == 0) return;
  if (transfer.tls.has_value()) report_.tls = transfer.tls;
  if (!transfer.http_version.empty()) report_.http_version = transfer.http_version;
  report_.proxy_tunnel = report_.proxy_tunnel || transfer.proxy_tunnel;
  for (const HttpHeader& header : transfer.head.headers) {
    KeepHeader(header, kLimitHeaders, endpoint_.api_key, report_.limit_headers);
    KeepHeader(header, kRelayHeaders, endpoint_.api_key, report_.relay_headers);
  }
  const ServerLimits limits = ReadServerLimits(transfer.head, ended_at);
  for (const ServerLimit& limit : {limits.requests, limits.tokens}) {
    if (limit.limit.has_value() || limit.remaining.has_value()) report_.limits = limits;
  }
  absl::Time date;
  std::string error;
  const std::string text(transfer.head.Header("date"));
  if (!absl::ParseTime("%a, %d %b %E4Y %H:%M:%S GMT", text, &date, &error)) return;
  // The header was written at some moment between sending and the end, in a second that it names.
  const ClockOffset seen{date - ended_at, date + absl::Seconds(1) - sent_at};
  if (!report_.clock.has_value()) report_.clock = seen;
  const ClockOffset both{std::max(report_.clock->low, seen.low), std::min(report_.clock->high, seen.high)};
  // A cached header, or a clock that was set: the latest counts.
  report_.clock = both.low <= both.high ? both : seen;
}

absl::Status Examiner::AskPlain() {
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<Answer> answer, Ask(ExaminationProbe()));
  if (!answer.has_value()) return absl::OkStatus();
  const Observation& observation = answer->result.observation;
  report_.token_limit_name = answer->sent.limit_name;
  if (!answer->good()) {
    report_.error = observation.error;
    report_.advice = answer->result.advice;
    return absl::OkStatus();
  }
  report_.usable = true;
  report_.served_model = observation.response.model;
  report_.system_fingerprint = observation.response.system_fingerprint;
  const bool counted =
      observation.usage.input_tokens.has_value() && observation.usage.output_tokens.has_value();
  report_.usage = {counted ? Support::kYes : Support::kIgnored, ""};
  report_.token_limit = LimitKept(observation);
  return absl::OkStatus();
}

absl::Status Examiner::AskStream() {
  Probe probe = ExaminationProbe();
  probe.sampling.stream = true;
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<Answer> answer, Ask(probe));
  if (!answer.has_value()) return absl::OkStatus();
  const Observation& observation = answer->result.observation;
  if (adaptation_.stream) {
    report_.streaming = {Support::kRefused, refusal_words_};
    return absl::OkStatus();
  }
  if (!answer->good()) {
    report_.streaming = {Support::kUnknown, ErrorText(*observation.error)};
    return absl::OkStatus();
  }
  const std::size_t events = observation.timing.event_s.size();
  report_.streaming = events == 0 ? Capability{Support::kIgnored, "the answer came whole"}
                                  : Capability{Support::kYes, absl::StrCat(events, " events with content")};
  if (events == 0) return absl::OkStatus();
  const bool counted = observation.usage.output_tokens.has_value();
  report_.usage_in_streams = {counted ? Support::kYes : Support::kIgnored, ""};
  if (adaptation_.stream_usage) report_.usage_in_streams = {Support::kRefused, refusal_words_};
  return absl::OkStatus();
}

absl::Status Examiner::AskLogprobs() {
  if (!dialect_.features().logprobs) {
    report_.logprobs.support = Support::kNotInApi;
    return absl::OkStatus();
  }
  Probe probe = ExaminationProbe();
  probe.sampling.top_logprobs = kMostAlternatives;
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<Answer> answer, Ask(probe));
  if (!answer.has_value()) return absl::OkStatus();
  const Observation& observation = answer->result.observation;
  if (adaptation_.logprobs) {
    report_.logprobs = {Support::kRefused, refusal_words_};
  } else if (!answer->good()) {
    report_.logprobs = {Support::kUnknown, ErrorText(*observation.error)};
  } else if (observation.logprobs.empty()) {
    const bool text = !observation.response.text.value_or("").empty();
    report_.logprobs = text ? Capability{Support::kIgnored, "asked for, and the answer came without"}
                            : Capability{Support::kUnknown, "the answer holds no text"};
  } else {
    report_.logprobs = {Support::kYes, refusal_words_};
    report_.top_logprobs = static_cast<std::int64_t>(MostAlternatives(observation));
  }
  return absl::OkStatus();
}

absl::Status Examiner::AskTemperature() {
  Probe probe = ExaminationProbe();
  probe.sampling.temperature = 0.0;
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<Answer> answer, Ask(probe));
  if (!answer.has_value()) return absl::OkStatus();
  if (adaptation_.temperatures.count(0.0) > 0) {
    report_.temperature_zero = {Support::kRefused, refusal_words_};
  } else if (!answer->good()) {
    report_.temperature_zero = {Support::kUnknown, ErrorText(*answer->result.observation.error)};
  } else {
    report_.temperature_zero = {Support::kYes, "taken; whether it has an effect is not tested"};
  }
  return absl::OkStatus();
}

absl::Status Examiner::AskSeed() {
  if (!dialect_.features().seed) {
    report_.seed.support = Support::kNotInApi;
    return absl::OkStatus();
  }
  std::vector<std::string> texts;
  for (int i = 0; i < 2; ++i) {
    PINCHBECK_ASSIGN_OR_RETURN(const std::optional<Answer> answer, Ask(SeedProbe(), 7));
    if (!answer.has_value()) return absl::OkStatus();
    if (adaptation_.seed) {
      report_.seed = {Support::kRefused, refusal_words_};
      return absl::OkStatus();
    }
    if (!answer->good()) {
      report_.seed = {Support::kUnknown, ErrorText(*answer->result.observation.error)};
      return absl::OkStatus();
    }
    texts.push_back(answer->result.observation.response.text.value_or(""));
  }
  if (texts[0].empty() || texts[1].empty()) {
    report_.seed = {Support::kUnknown, "the answers hold no text"};
  } else if (texts[0] == texts[1]) {
    report_.seed = {Support::kYes, "two answers with one seed are equal"};
  } else {
    report_.seed = {Support::kIgnored, "two answers with one seed differ"};
  }
  return absl::OkStatus();
}

absl::Status Examiner::AskOtherLimitName() {
  if (report_.token_limit_name.empty()) {
    report_.other_token_limit.support = Support::kNotInApi;
    return absl::OkStatus();
  }
  // The name that was refused before is known already.
  if (adaptation_.token_limit_field.has_value()) {
    report_.other_token_limit.support = Support::kRefused;
    return absl::OkStatus();
  }
  const Adaptation before = adaptation_;
  adaptation_.token_limit_field =
      report_.token_limit_name == "max_tokens" ? "max_completion_tokens" : "max_tokens";
  PINCHBECK_ASSIGN_OR_RETURN(const std::optional<Answer> answer, Ask(ExaminationProbe()));
  adaptation_ = before;
  if (!answer.has_value()) return absl::OkStatus();
  const std::optional<ErrorRecord>& error = answer->result.observation.error;
  if (!error.has_value()) {
    report_.other_token_limit = LimitKept(answer->result.observation);
  } else {
    const int status = error->status.value_or(0);
    const bool refused = status == 400 || status == 422;
    report_.other_token_limit = {refused ? Support::kRefused : Support::kUnknown, ErrorText(*error)};
  }
  return absl::OkStatus();
}

}  // namespace pinchbeck::internal

namespace pinchbeck {

std::string_view SupportName(Support support) {
  switch (support) {
    case Support::kUnknown:
      return "unknown";
    case Support::kYes:
      return "yes";
    case Support::kIgnored:
      return "ignored";
    case Support::kRefused:
      return "refused";
    case Support::kNotInApi:
      return "not_in_api";
  }
  return "unknown";
}

DoctorPlan PlanExamination(const Dialect& dialect) {
  const DialectFeatures features = dialect.features();
  DoctorPlan plan;
  // Plain, stream and temperature; log-probabilities; the seed twice; the other name of the limit.
  plan.requests = 3 + (features.logprobs ? 1 : 0) + (features.seed ? 2 : 0);
  if (dialect.name() == "openai_chat" || dialect.name() == "openai_completions") ++plan.requests;
  plan.max_requests = internal::kMaxExaminationRequests;
  const std::int64_t input = std::max(internal::CautiousInputTokens(internal::ExaminationProbe()),
                                      internal::CautiousInputTokens(internal::SeedProbe()));
  plan.input_tokens = plan.requests * input;
  plan.max_output_tokens = plan.requests * internal::ExaminationProbe().sampling.max_tokens;
  return plan;
}

absl::StatusOr<DoctorReport> ExamineEndpoint(const Endpoint& endpoint, const TransferTimeouts& timeouts,
                                             const DoctorServices& services) {
  // Whether a key may go over plain http is the transport's decision.
  PINCHBECK_RETURN_IF_ERROR(ValidateEndpoint(endpoint, /*allow_insecure_http=*/true));
  return internal::Examiner(endpoint, timeouts, services).Run();
}

}  // namespace pinchbeck
