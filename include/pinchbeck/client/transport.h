// Transport: sends HTTP requests, several at a time, and reports when every piece of the answers arrived.
#ifndef PINCHBECK_CLIENT_TRANSPORT_H_
#define PINCHBECK_CLIENT_TRANSPORT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pinchbeck/client/http.h"
#include "pinchbeck/core/endpoint.h"

namespace pinchbeck {

struct TransferTimeouts {
  absl::Duration connect = absl::Seconds(10);
  // From the start to the first byte of the answer. Servers under load may let requests wait.
  absl::Duration first_byte = absl::Seconds(90);
  // Between two pieces of the answer.
  absl::Duration idle = absl::Seconds(90);
  absl::Duration total = absl::Seconds(120);
};

struct TransferRequest {
  HttpRequest http;
  // Sent in `http.key_header` to the host of `http.url` and nowhere else; empty: no such header.
  Secret api_key;
  TransferTimeouts timeouts;
};

// Receives one answer. Times are seconds since Start(), from a monotonic clock, taken before the call.
class TransferHandler {
 public:
  virtual ~TransferHandler() = default;
  virtual void OnHead(const ResponseHead& head) = 0;
  // An error stops the transfer, which then ends with TransferFailure::kRejected and this message.
  [[nodiscard]] virtual absl::Status OnBytes(std::string_view bytes, double arrival_s) = 0;
};

enum class TransferFailure {
  kNone,
  kDns,             // the host name is not known
  kRefused,         // nothing listens, or the host cannot be reached
  kConnectTimeout,  // no connection in time
  kTimeout,         // no answer, or no end of it, in time
  kTls,             // handshake or certificate
  kClosed,          // the connection ended before the answer did
  kNotHttp,         // the answer is not HTTP
  kTooLarge,        // the answer passed the size limit
  kRejected,        // the handler stopped it
  kOther,
};

// What is known of an encrypted connection. Its certificate was verified, or there would be no answer.
struct TlsInfo {
  std::string version;  // e.g. "TLSv1.3"
  std::string cipher;
  // The end of the server certificate's validity.
  std::optional<absl::Time> certificate_expires;
};

struct TransferResult {
  std::int64_t id = 0;
  TransferFailure failure = TransferFailure::kNone;
  // What happened, with the host; empty without a failure. Holds no key, user name, path or query.
  std::string message;
  ResponseHead head;
  // Time until the connection (with TLS) stood; absent when an open connection was used again.
  std::optional<double> connect_s;
  double total_s = 0.0;
  // Absent for plain http, and where the TLS library does not say.
  std::optional<TlsInfo> tls;
  // "1.1" or "2"; empty without an answer.
  std::string http_version;
  // The answer came through the tunnel of a proxy.
  bool proxy_tunnel = false;
};

// Not thread-safe; callbacks run inside Start() and Poll() on the calling thread.
class Transport {
 public:
  virtual ~Transport() = default;

  // Begins a request. The handler must live until Poll() returns the result or Cancel() was called.
  // InvalidArgument: the URL is unusable. PermissionDenied: a key would go over plain http to another
  // machine.
  [[nodiscard]] virtual absl::StatusOr<std::int64_t> Start(const TransferRequest& request,
                                                           TransferHandler& handler) = 0;
  // Drops a request; no result follows.
  virtual void Cancel(std::int64_t id) = 0;

  // Moves transfers on until at least one has ended or `max_wait` has passed (also when nothing is running).
  [[nodiscard]] virtual std::vector<TransferResult> Poll(absl::Duration max_wait) = 0;
};

struct CurlTransportOptions {
  // Bytes of one answer after decompression.
  std::size_t max_response_bytes = std::size_t{32} << 20;
  // Bytes of the bodies of all answers in flight together; when it is passed, the largest answer fails.
  std::size_t max_bytes_in_flight = std::size_t{512} << 20;
  std::size_t max_header_bytes = std::size_t{256} << 10;
  // Permits a key over plain http to hosts other than this machine.
  bool allow_insecure_http = false;
  // Lets libcurl use the proxy variables of the environment (HTTPS_PROXY, NO_PROXY, ...). Loopback addresses
  // never go through a proxy.
  bool proxy_from_environment = false;
  // File of trusted certificates instead of the system's.
  std::string ca_file{};
};

// A transport over libcurl. Redirects are never followed; only http and https are spoken; certificates are
// verified; connections are used again; requests in flight at the same time use connections of their own, so
// that they do not delay each other.
[[nodiscard]] absl::StatusOr<std::unique_ptr<Transport>> MakeCurlTransport(
    const CurlTransportOptions& options = {});

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_TRANSPORT_H_
