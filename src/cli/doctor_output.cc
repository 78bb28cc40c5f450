#include "src/cli/doctor_output.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "pinchbeck/internal/absl_strings.h"
#include "src/client/text_guard.h"

namespace pinchbeck::cli {
namespace {

using Json = nlohmann::ordered_json;
using internal::Quoted;

constexpr std::size_t kShownBytes = 160;

std::string Line(std::string_view name, const std::string& value) {
  return absl::StrFormat("  %-18s %s\n", std::string(name), value);
}

std::string Words(const Capability& capability) {
  std::string text(SupportName(capability.support));
  if (capability.support == Support::kNotInApi) text = "the API has no word for it";
  if (!capability.detail.empty()) text += ": " + internal::CleanLine(capability.detail, 2 * kShownBytes);
  return text;
}

std::string LogprobWords(const DoctorReport& report) {
  if (report.logprobs.support != Support::kYes) return Words(report.logprobs);
  std::string text = absl::StrCat("yes, ", report.top_logprobs.value_or(0), " alternatives per token");
  if (!report.logprobs.detail.empty()) {
    text += " (more were refused: " + internal::CleanLine(report.logprobs.detail, kShownBytes) + ")";
  }
  return text;
}

std::string LimitWords(const DoctorReport& report) {
  std::string text = Words(report.token_limit);
  if (report.token_limit_name.empty()) return text;
  const bool old_name = report.token_limit_name == "max_tokens";
  return report.token_limit_name + " " + text + "; " + (old_name ? "max_completion_tokens " : "max_tokens ") +
         Words(report.other_token_limit);
}

std::string Seconds(absl::Duration duration) {
  return absl::StrFormat("%+.1f s", absl::ToDoubleSeconds(duration));
}

std::string ClockWords(const DoctorReport& report) {
  if (!report.clock.has_value()) return "the server does not say";
  const ClockOffset& offset = *report.clock;
  if (offset.low <= absl::ZeroDuration() && offset.high >= absl::ZeroDuration())
    return "agrees with this machine's";
  return "differs from this machine's by " + Seconds(offset.low) + " to " + Seconds(offset.high);
}

std::string TlsWords(const DoctorView& view) {
  const bool encrypted = view.endpoint.rfind("https://", 0) == 0;
  if (!encrypted) return "none: plain http";
  if (!view.report.tls.has_value()) return "verified";
  const TlsInfo& tls = *view.report.tls;
  std::string text = tls.version + ", " + tls.cipher + ", certificate verified";
  if (tls.certificate_expires.has_value()) {
    text += ", valid until " + absl::FormatTime("%Y-%m-%d", *tls.certificate_expires, absl::UTCTimeZone());
  }
  return text;
}

std::string ProxyWords(const DoctorView& view) {
  std::string text =
      view.proxy.empty() ? "none in the environment" : internal::CleanLine(view.proxy, kShownBytes);
  if (view.report.proxy_tunnel) text += "; the answers came through a tunnel";
  return text;
}

std::string HeaderLines(std::string_view title, const std::vector<HttpHeader>& headers) {
  std::string text;
  for (const HttpHeader& header : headers) {
    text += Line(text.empty() ? title : "",
                 internal::CleanLine(header.name, kShownBytes) + ": " + Quoted(header.value, kShownBytes));
  }
  return text;
}

std::string AdaptationWords(const Adaptation& adaptation) {
  std::vector<std::string> parts;
  for (const double value : adaptation.temperatures)
    parts.push_back(absl::StrFormat("temperature %g", value));
  const std::pair<bool, const char*> flags[] = {{adaptation.top_p, "top_p"},
                                                {adaptation.top_k, "top_k"},
                                                {adaptation.min_p, "min_p"},
                                                {adaptation.seed, "seed"},
                                                {adaptation.logprobs, "log-probabilities"},
                                                {adaptation.stream, "streaming"},
                                                {adaptation.stream_usage, "usage in streams"}};
  for (const auto& [left_out, name] : flags) {
    if (left_out) parts.emplace_back(name);
  }
  if (adaptation.max_top_logprobs.has_value()) {
    parts.push_back(absl::StrCat("more than ", *adaptation.max_top_logprobs, " alternatives"));
  }
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

Json CapabilityJson(const Capability& capability) {
  Json json = {{"support", SupportName(capability.support)}, {"detail", nullptr}};
  if (!capability.detail.empty()) json["detail"] = internal::CleanLine(capability.detail);
  return json;
}

template <class T>
Json Optional(const std::optional<T>& value) {
  return value.has_value() ? Json(*value) : Json(nullptr);
}

Json LimitJson(const ServerLimit& limit) {
  Json json = {
      {"limit", Optional(limit.limit)}, {"remaining", Optional(limit.remaining)}, {"reset_s", nullptr}};
  if (limit.reset_in.has_value()) json["reset_s"] = absl::ToDoubleSeconds(*limit.reset_in);
  return json;
}

Json HeadersJson(const std::vector<HttpHeader>& headers) {
  Json list = Json::array();
  for (const HttpHeader& header : headers) list.push_back({{"name", header.name}, {"value", header.value}});
  return list;
}

Json AdaptationJson(const Adaptation& adaptation) {
  return {{"temperatures", adaptation.temperatures},
          {"top_p", adaptation.top_p},
          {"top_k", adaptation.top_k},
          {"min_p", adaptation.min_p},
          {"seed", adaptation.seed},
          {"logprobs", adaptation.logprobs},
          {"max_top_logprobs", Optional(adaptation.max_top_logprobs)},
          {"stream", adaptation.stream},
          {"stream_usage", adaptation.stream_usage},
          {"token_limit_field", Optional(adaptation.token_limit_field)}};
}

Json ErrorJson(const DoctorReport& report) {
  if (!report.error.has_value()) return nullptr;
  return {{"status", Optional(report.error->status)},
          {"message", report.error->message},
          {"advice", report.advice.empty() ? Json(nullptr) : Json(report.advice)}};
}

Json TlsJson(const std::optional<TlsInfo>& tls) {
  if (!tls.has_value()) return nullptr;
  Json json = {{"version", tls->version}, {"cipher", tls->cipher}, {"verified", true}, {"expires", nullptr}};
  if (tls->certificate_expires.has_value()) {
    json["expires"] = absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", *tls->certificate_expires, absl::UTCTimeZone());
  }
  return json;
}

}  // namespace

std::string DoctorToText(const DoctorView& view) {
  const DoctorReport& report = view.report;
  std::string text = view.endpoint + ", model " + view.model + "\n";
  text += Line("API", report.api + (report.usable ? "" : ": no usable answer"));
  if (!view.tried.empty()) {
    std::string names;
    for (const std::string& name : view.tried) names += (names.empty() ? "" : ", ") + name;
    text += Line("", "tried before: " + names);
  }
  if (report.error.has_value()) {
    text += Line("error", internal::CleanLine(report.error->message));
    if (!report.advice.empty()) text += Line("", report.advice);
  }
  text += Line("TLS", TlsWords(view));
  text += Line("HTTP", report.http_version.empty() ? "no answer" : report.http_version);
  text += Line("proxy", ProxyWords(view));
  text += Line("clock", ClockWords(report));
  if (report.usable) {
    text += Line("streaming", Words(report.streaming));
    text += Line("log-probabilities", LogprobWords(report));
    text += Line("usage", Words(report.usage) + "; in streams " + Words(report.usage_in_streams));
    text += Line("seed", Words(report.seed));
    text += Line("temperature 0", Words(report.temperature_zero));
    text += Line("output limit", LimitWords(report));
    if (report.served_model.has_value()) {
      text += Line("answers name", Quoted(*report.served_model, kShownBytes));
    }
    if (report.system_fingerprint.has_value()) {
      text += Line("fingerprint", Quoted(*report.system_fingerprint, kShownBytes));
    }
    const std::string left_out = AdaptationWords(report.adaptation);
    text +=
        Line("collect", left_out.empty() ? "takes every request as it is" : "will go without: " + left_out);
  }
  text += HeaderLines("server's limits", report.limit_headers);
  text += HeaderLines("marks of relays", report.relay_headers);
  text += Line("used", absl::StrFormat("%d requests, %d input and %d output tokens as reported",
                                       report.requests, report.input_tokens, report.output_tokens));
  return text;
}

std::string DoctorToJson(const DoctorView& view) {
  const DoctorReport& report = view.report;
  Json json;
  json["schema"] = kDoctorSchema;
  json["endpoint"] = view.endpoint;
  json["model"] = view.model;
  json["api"] = report.api;
  json["tried"] = view.tried;
  json["usable"] = report.usable;
  json["error"] = ErrorJson(report);
  json["served_model"] = Optional(report.served_model);
  json["system_fingerprint"] = Optional(report.system_fingerprint);
  json["capabilities"] = {{"streaming", CapabilityJson(report.streaming)},
                          {"logprobs", CapabilityJson(report.logprobs)},
                          {"usage", CapabilityJson(report.usage)},
                          {"usage_in_streams", CapabilityJson(report.usage_in_streams)},
                          {"seed", CapabilityJson(report.seed)},
                          {"temperature_zero", CapabilityJson(report.temperature_zero)},
                          {"token_limit", CapabilityJson(report.token_limit)},
                          {"other_token_limit", CapabilityJson(report.other_token_limit)}};
  json["top_logprobs"] = Optional(report.top_logprobs);
  json["token_limit_name"] = report.token_limit_name.empty() ? Json(nullptr) : Json(report.token_limit_name);
  json["adaptation"] = AdaptationJson(report.adaptation);
  json["tls"] = TlsJson(report.tls);
  json["http_version"] = report.http_version.empty() ? Json(nullptr) : Json(report.http_version);
  json["proxy"] = view.proxy.empty() ? Json(nullptr) : Json(view.proxy);
  json["proxy_tunnel"] = report.proxy_tunnel;
  json["clock_offset_s"] = nullptr;
  if (report.clock.has_value()) {
    json["clock_offset_s"] = {{"low", absl::ToDoubleSeconds(report.clock->low)},
                              {"high", absl::ToDoubleSeconds(report.clock->high)}};
  }
  json["limits"] = {{"requests", LimitJson(report.limits.requests)},
                    {"tokens", LimitJson(report.limits.tokens)}};
  json["limit_headers"] = HeadersJson(report.limit_headers);
  json["relay_headers"] = HeadersJson(report.relay_headers);
  json["requests"] = report.requests;
  json["input_tokens"] = report.input_tokens;
  json["output_tokens"] = report.output_tokens;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace pinchbeck::cli
