// An application that asks a model through libcurl, with an observer around the call.
//
//   observe_curl BASE_URL FINGERPRINT.json PROMPT COUNT
//
// Asks PROMPT COUNT times, streamed, at temperature 1 with max_tokens 16. If the fingerprint holds this
// prompt, the answers are compared with it; the end prints what became of them and what the monitor says.
// What the observer refuses is said on stderr: the watch would be silent about it.
#include <curl/curl.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pinchbeck/audit/monitor.h"
#include "pinchbeck/audit/observer.h"
#include "pinchbeck/fingerprint/fingerprint.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kModel = "gpt-x";

void Report(const char* what, const absl::Status& status) {
  if (!status.ok()) std::fprintf(stderr, "observer: %s: %s\n", what, status.ToString().c_str());
}

// One call: what the application does with the bytes, and the observer beside it.
struct Call {
  pinchbeck::ObserverStream* stream = nullptr;
  Clock::time_point sent;
  std::string body;

  [[nodiscard]] double Seconds() const { return std::chrono::duration<double>(Clock::now() - sent).count(); }
};

std::size_t OnBytes(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto* const call = static_cast<Call*>(user);
  const std::string_view piece(bytes, size * count);
  call->body += piece;
  // The observer never stands in the way of the application.
  if (call->stream != nullptr) Report("a piece", call->stream->OnBytes(piece, call->Seconds()));
  return piece.size();
}

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

// The application's request. The key is a header; the observer does not see it.
bool Ask(const std::string& base_url, const std::string& prompt, pinchbeck::Observer& observer) {
  const std::string body = R"({"model": ")" + std::string(kModel) +
                           R"(", "stream": true, "temperature": 1, "max_tokens": 16,)"
                           R"( "messages": [{"role": "user", "content": ")" +
                           Escaped(prompt) + R"("}]})";
  pinchbeck::ExchangeRequest request;
  request.api = pinchbeck::Api::kOpenAiChat;
  request.body = body;
  request.endpoint = base_url;
  absl::StatusOr<pinchbeck::ObserverStream> stream = observer.Open(request);
  Report("a request", stream.status());

  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), curl_easy_cleanup);
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"), curl_slist_free_all);
  if (curl == nullptr || headers == nullptr) return false;
  Call call;
  if (stream.ok()) call.stream = &*stream;
  curl_easy_setopt(curl.get(), CURLOPT_URL, (base_url + "/chat/completions").c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, OnBytes);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &call);
  call.sent = Clock::now();
  const CURLcode result = curl_easy_perform(curl.get());
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);

  if (stream.ok()) {
    pinchbeck::ExchangeEnd end;
    if (status >= 100 && status <= 599) end.status = static_cast<int>(status);
    end.complete = result == CURLE_OK;
    end.total_s = call.Seconds();
    Report("an answer", stream->Finish(end).status());
  }
  return result == CURLE_OK;
}

int Run(const std::string& base_url, const std::string& path, const std::string& prompt, int count) {
  const auto fingerprint = pinchbeck::LoadFingerprint(path);
  if (!fingerprint.ok()) {
    std::fprintf(stderr, "%s\n", fingerprint.status().ToString().c_str());
    return 2;
  }
  pinchbeck::ObserverOptions options;
  options.models = {kModel};
  options.endpoint = base_url;
  auto observer = pinchbeck::Observer::Create(*fingerprint, options);
  auto monitor = pinchbeck::Monitor::Create(*fingerprint);
  if (!observer.ok() || !monitor.ok()) {
    Report("cannot start", observer.ok() ? monitor.status() : observer.status());
    return 2;
  }
  for (const std::string& warning : observer->warnings()) std::fprintf(stderr, "%s\n", warning.c_str());
  observer->Attach(*std::move(monitor));
  for (int i = 0; i < count; ++i) {
    if (!Ask(base_url, prompt, *observer)) std::fprintf(stderr, "request %d failed\n", i + 1);
  }
  const pinchbeck::ObserverCounts counts = observer->counts();
  for (std::size_t use = 0; use < pinchbeck::kObservationUses; ++use) {
    const std::string name(pinchbeck::ObservationUseName(static_cast<pinchbeck::ObservationUse>(use)));
    if (counts.uses[use] > 0)
      std::printf("%s: %lld\n", name.c_str(), static_cast<long long>(counts.uses[use]));
  }
  const std::optional<pinchbeck::MonitorDecision> decision = observer->decision();
  std::printf("%s\n", decision->alarm_at.has_value() ? "differs from the reference" : "no alarm so far");
  return decision->alarm_at.has_value() ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s BASE_URL FINGERPRINT.json PROMPT COUNT\n", argv[0]);
    return 2;
  }
  return Run(argv[1], argv[2], argv[3], std::atoi(argv[4]));
}
