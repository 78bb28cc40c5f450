#include "pinchbeck/client/transport.h"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/client/curl_failure.h"
#include "src/client/multi_driver.h"
#include "src/client/sigpipe_guard.h"
#include "src/client/tls_info.h"
#include "src/client/url.h"

namespace pinchbeck {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct EasyDeleter {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};
struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

double SecondsSince(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

long Milliseconds(absl::Duration duration) {
  return static_cast<long>(std::clamp<std::int64_t>(absl::ToInt64Milliseconds(duration), 1, 2'000'000'000));
}

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view TrimSpace(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

struct InFlight;

// One request on its way. Its address is known to libcurl, so it never moves.
struct Transfer {
  explicit Transfer(InFlight& in_flight) : all(in_flight) {}
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() { Release(); }

  std::int64_t id = 0;
  TransferHandler* handler = nullptr;
  std::unique_ptr<CURL, EasyDeleter> easy;
  HeaderList headers;
  std::string body;
  internal::FailureContext context;
  char curl_words[CURL_ERROR_SIZE] = {};
  std::size_t max_body_bytes = 0;
  std::size_t max_header_bytes = 0;
  InFlight& all;

  SteadyClock::time_point start;
  double last_bytes_s = 0.0;
  ResponseHead head;
  std::size_t header_bytes = 0;
  std::size_t body_bytes = 0;
  // Its part of the bytes of all.
  std::size_t counted_bytes = 0;
  bool head_delivered = false;
  std::optional<TlsInfo> tls;
  TransferFailure own_failure = TransferFailure::kNone;
  std::string own_message;

  void Fail(TransferFailure failure, std::string message) {
    own_failure = failure;
    own_message = std::move(message);
  }
  void Count(std::size_t bytes);
  void Release();
  void DeliverHead() {
    if (std::exchange(head_delivered, true)) return;
    handler->OnHead(head);
  }
};

// The requests on their way, and the bytes of their bodies so far.
struct InFlight {
  std::size_t bytes = 0;
  std::size_t max_bytes = 0;
  // Some transfer was given up by another one's callback, in which libcurl does not let go of it.
  bool some_given_up = false;
  std::map<std::int64_t, std::unique_ptr<Transfer>> transfers;

  // Gives up the largest answer, so that a server that sends too much loses its own answers and not those of
  // a modest one that happens to come last.
  void GiveUpLargest();
};

void Transfer::Count(std::size_t bytes) {
  body_bytes += bytes;
  counted_bytes += bytes;
  all.bytes += bytes;
}

void Transfer::Release() {
  all.bytes -= counted_bytes;
  counted_bytes = 0;
}

void InFlight::GiveUpLargest() {
  Transfer* largest = nullptr;
  for (const auto& [id, transfer] : transfers) {
    if (largest == nullptr || transfer->counted_bytes > largest->counted_bytes) largest = transfer.get();
  }
  if (largest == nullptr) return;
  if (largest->own_failure == TransferFailure::kNone) {
    largest->Fail(TransferFailure::kTooLarge, "the answers in flight are larger than " +
                                                  std::to_string(max_bytes) +
                                                  " bytes together, and that of " + largest->context.origin +
                                                  ", the largest, was given up: use less concurrency");
  }
  largest->Release();
  some_given_up = true;
}

std::size_t OnHeaderLine(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line(data, size * count);
  transfer.last_bytes_s = SecondsSince(transfer.start);
  transfer.context.got_bytes = true;
  transfer.header_bytes += line.size();
  // The connection can be looked at only while it is in use.
  if (!transfer.tls.has_value()) transfer.tls = internal::ReadTlsInfo(transfer.easy.get());
  if (transfer.header_bytes > transfer.max_header_bytes) {
    transfer.Fail(TransferFailure::kTooLarge, "the answer of " + transfer.context.origin + " has more than " +
                                                  std::to_string(transfer.max_header_bytes) +
                                                  " bytes of headers");
    return 0;
  }
  if (line.substr(0, 5) == "HTTP/") {
    transfer.head = ResponseHead{};  // an interim answer (1xx) came before
    return line.size();
  }
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos && !transfer.head_delivered) {
    transfer.head.headers.push_back(
        {LowerCase(TrimSpace(line.substr(0, colon))), std::string(TrimSpace(line.substr(colon + 1)))});
  }
  return line.size();
}

std::size_t OnBodyBytes(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const double arrival_s = SecondsSince(transfer.start);
  const std::string_view bytes(data, size * count);
  transfer.last_bytes_s = arrival_s;
  transfer.context.got_bytes = true;
  if (!transfer.head_delivered) {
    long status = 0;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    transfer.head.status = static_cast<int>(status);
    transfer.DeliverHead();
  }
  // Given up before; what still comes is not wanted.
  if (transfer.own_failure != TransferFailure::kNone) return 0;
  transfer.Count(bytes.size());
  if (transfer.body_bytes > transfer.max_body_bytes) {
    transfer.Fail(TransferFailure::kTooLarge, "the answer of " + transfer.context.origin +
                                                  " is larger than " +
                                                  std::to_string(transfer.max_body_bytes) + " bytes");
    return 0;
  }
  while (transfer.all.bytes > transfer.all.max_bytes) transfer.all.GiveUpLargest();
  if (transfer.own_failure != TransferFailure::kNone) return 0;
  if (const absl::Status status = transfer.handler->OnBytes(bytes, arrival_s); !status.ok()) {
    transfer.Fail(TransferFailure::kRejected, internal::Message(status));
    return 0;
  }
  return bytes.size();
}

absl::StatusOr<HeaderList> MakeHeaders(const TransferRequest& request) {
  std::vector<std::string> lines;
  for (const HttpHeader& header : request.http.headers) lines.push_back(header.name + ": " + header.value);
  if (!request.api_key.empty()) {
    const KeyHeader& key = request.http.key_header;
    lines.push_back(key.name + ": " + key.prefix + request.api_key.Reveal());
  }
  // An empty value keeps libcurl from waiting for "100 Continue".
  lines.emplace_back("Expect:");
  HeaderList list;
  for (const std::string& line : lines) {
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return absl::InvalidArgumentError(
          "the API key or a header holds a line break: check the value of the key's environment variable");
    }
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) return absl::ResourceExhaustedError("out of memory while building a request");
    (void)list.release();
    list.reset(longer);
  }
  return list;
}

class CurlTransport final : public Transport {
 public:
  CurlTransport(CurlTransportOptions options, CURLM* multi, std::unique_ptr<internal::MultiDriver> driver)
      : options_(std::move(options)), multi_(multi), driver_(std::move(driver)) {
    // Each request gets a connection of its own: on a shared one, answers would delay each other.
    curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    in_flight_.max_bytes = options_.max_bytes_in_flight;
  }

  ~CurlTransport() override {
    const internal::SigpipeGuard guard;
    for (auto& [id, transfer] : in_flight_.transfers)
      curl_multi_remove_handle(multi_.get(), transfer->easy.get());
    in_flight_.transfers.clear();
    driver_.reset();
    multi_.reset();
  }

  absl::StatusOr<std::int64_t> Start(const TransferRequest& request, TransferHandler& handler) override {
    PINCHBECK_ASSIGN_OR_RETURN(const internal::Url url, internal::ParseUrl(request.http.url));
    const bool secret = !request.api_key.empty() || !url.user_info.empty();
    if (secret && url.scheme == "http" && !url.IsLoopback() && !options_.allow_insecure_http) {
      return absl::PermissionDeniedError("refused to send the API key unencrypted to " + url.Origin() +
                                         ": use an https base URL");
    }
    auto transfer = std::make_unique<Transfer>(in_flight_);
    transfer->easy.reset(curl_easy_init());
    if (transfer->easy == nullptr)
      return absl::ResourceExhaustedError("out of memory while starting a request");
    transfer->id = next_id_++;
    transfer->handler = &handler;
    transfer->body = request.http.body;
    transfer->max_body_bytes = options_.max_response_bytes;
    transfer->max_header_bytes = options_.max_header_bytes;
    transfer->context.origin = url.Origin();
    transfer->context.timeouts = request.timeouts;
    PINCHBECK_ASSIGN_OR_RETURN(transfer->headers, MakeHeaders(request));
    SetOptions(request, url, *transfer);

    const internal::SigpipeGuard guard;
    transfer->start = SteadyClock::now();
    if (curl_multi_add_handle(multi_.get(), transfer->easy.get()) != CURLM_OK) {
      return absl::InternalError("libcurl did not accept the request");
    }
    const std::int64_t id = transfer->id;
    in_flight_.transfers.emplace(id, std::move(transfer));
    driver_->RunDue();
    return id;
  }

  void Cancel(std::int64_t id) override {
    const auto it = in_flight_.transfers.find(id);
    if (it == in_flight_.transfers.end()) return;
    const internal::SigpipeGuard guard;
    curl_multi_remove_handle(multi_.get(), it->second->easy.get());
    in_flight_.transfers.erase(it);
  }

  std::vector<TransferResult> Poll(absl::Duration max_wait) override {
    const internal::SigpipeGuard guard;
    std::vector<TransferResult> results = TakeEnded();
    if (!results.empty()) return results;
    driver_->Wait(static_cast<int>(std::clamp<std::int64_t>(absl::ToInt64Milliseconds(max_wait), 0, 60'000)));
    return TakeEnded();
  }

 private:
  void SetOptions(const TransferRequest& request, const internal::Url& url, Transfer& transfer) const;

  std::vector<TransferResult> TakeEnded() {
    std::vector<TransferResult> results;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      void* user = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &user);
      results.push_back(End(*static_cast<Transfer*>(user), message->data.result));
    }
    EndGivenUp(results);
    EndSilentTransfers(results);
    return results;
  }

  // Ends transfers that were given up for another one's sake and have had no callback of their own since.
  void EndGivenUp(std::vector<TransferResult>& results) {
    if (!std::exchange(in_flight_.some_given_up, false)) return;
    std::vector<Transfer*> given_up;
    for (auto& [id, transfer] : in_flight_.transfers) {
      if (transfer->own_failure != TransferFailure::kNone) given_up.push_back(transfer.get());
    }
    for (Transfer* transfer : given_up) results.push_back(End(*transfer, CURLE_WRITE_ERROR));
  }

  // Ends transfers that have not received a byte for too long.
  void EndSilentTransfers(std::vector<TransferResult>& results) {
    // Looking at all of them after every event would cost more than the event.
    constexpr std::chrono::milliseconds kBetweenLooks(10);
    const SteadyClock::time_point now = SteadyClock::now();
    if (now - last_look_ < kBetweenLooks) return;
    last_look_ = now;
    std::vector<Transfer*> silent;
    for (auto& [id, transfer] : in_flight_.transfers) {
      const TransferTimeouts& timeouts = transfer->context.timeouts;
      const double limit =
          absl::ToDoubleSeconds(transfer->context.got_bytes ? timeouts.idle : timeouts.first_byte);
      if (SecondsSince(transfer->start) - transfer->last_bytes_s > limit) silent.push_back(transfer.get());
    }
    for (Transfer* transfer : silent) results.push_back(End(*transfer, CURLE_OPERATION_TIMEDOUT));
  }

  TransferResult End(Transfer& transfer, CURLcode code) {
    CURL* easy = transfer.easy.get();
    TransferResult result;
    result.id = transfer.id;
    result.total_s = SecondsSince(transfer.start);
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    transfer.head.status = static_cast<int>(status);
    ReadConnectTime(easy, transfer, result);
    ReadConnection(easy, transfer, result);
    result.failure = transfer.own_failure;
    result.message = transfer.own_message;
    if (result.failure == TransferFailure::kNone) {
      transfer.context.detail = transfer.curl_words;
      result.failure = internal::ClassifyFailure(code, transfer.context);
      result.message = internal::DescribeFailure(result.failure, transfer.context);
    }
    // An answer without a body has not been announced yet.
    if (status != 0) transfer.DeliverHead();
    result.head = std::move(transfer.head);
    curl_multi_remove_handle(multi_.get(), easy);
    in_flight_.transfers.erase(transfer.id);
    return result;
  }

  static void ReadConnectTime(CURL* easy, Transfer& transfer, TransferResult& result) {
    long new_connections = 0;
    curl_off_t connect_us = 0;
    curl_off_t tls_us = 0;
    curl_off_t sent_us = 0;
    curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &new_connections);
    curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &connect_us);
    curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &tls_us);
    curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &sent_us);
    transfer.context.connected = sent_us > 0 || transfer.context.got_bytes;
    const curl_off_t ready_us = std::max(connect_us, tls_us);
    if (new_connections > 0 && ready_us > 0) result.connect_s = static_cast<double>(ready_us) / 1e6;
  }

  static void ReadConnection(CURL* easy, Transfer& transfer, TransferResult& result) {
    long version = 0;
    long tunnel = 0;
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
    if (version == CURL_HTTP_VERSION_1_0) result.http_version = "1.0";
    if (version == CURL_HTTP_VERSION_1_1) result.http_version = "1.1";
    if (version == CURL_HTTP_VERSION_2_0) result.http_version = "2";
    result.proxy_tunnel = tunnel != 0;
    result.tls = std::move(transfer.tls);
  }

  CurlTransportOptions options_;
  std::unique_ptr<CURLM, MultiDeleter> multi_;
  std::unique_ptr<internal::MultiDriver> driver_;
  InFlight in_flight_;
  std::int64_t next_id_ = 1;
  // When silent transfers were last looked for.
  SteadyClock::time_point last_look_;
};

void CurlTransport::SetOptions(const TransferRequest& request, const internal::Url& url,
                               Transfer& transfer) const {
  CURL* easy = transfer.easy.get();
  curl_easy_setopt(easy, CURLOPT_URL, url.Full().c_str());
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
  if (!options_.proxy_from_environment || url.IsLoopback()) curl_easy_setopt(easy, CURLOPT_PROXY, "");
  // The headers, with the key, are for the endpoint and not for a proxy in between.
  curl_easy_setopt(easy, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, Milliseconds(request.timeouts.connect));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, Milliseconds(request.timeouts.total));
  // A compressed stream would arrive in lumps. Setting the option at all lets libcurl decode what a server
  // compresses unasked.
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, request.http.stream ? "identity" : "");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.headers.get());
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer.body.c_str());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.body.size()));
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, OnHeaderLine);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, OnBodyBytes);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.curl_words);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> MakeCurlTransport(const CurlTransportOptions& options) {
  // Initialised once and kept: other code of the process may use libcurl as well.
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM* multi = initialised == CURLE_OK ? curl_multi_init() : nullptr;
  if (multi == nullptr) return absl::InternalError("libcurl could not be initialised");
  auto driver = std::make_unique<internal::MultiDriver>(multi);
  if (!driver->ok()) {
    driver.reset();
    curl_multi_cleanup(multi);
    return absl::ResourceExhaustedError("too many open files to watch connections with");
  }
  return std::unique_ptr<Transport>(std::make_unique<CurlTransport>(options, multi, std::move(driver)));
}

}  // namespace pinchbeck
