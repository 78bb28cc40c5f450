#include "src/client/curl_failure.h"

#include <curl/curl.h>

#include <string>

#include "absl/time/time.h"
#include "src/client/text_guard.h"

namespace pinchbeck::internal {

TransferFailure ClassifyFailure(CURLcode code, const FailureContext& context) {
  switch (code) {
    case CURLE_OK:
      return TransferFailure::kNone;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return TransferFailure::kDns;
    case CURLE_COULDNT_CONNECT:
      return TransferFailure::kRefused;
    case CURLE_OPERATION_TIMEDOUT:
      return context.connected ? TransferFailure::kTimeout : TransferFailure::kConnectTimeout;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return TransferFailure::kTls;
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return TransferFailure::kClosed;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return TransferFailure::kNotHttp;
    default:
      return TransferFailure::kOther;
  }
}

std::string DescribeFailure(TransferFailure failure, const FailureContext& context) {
  const std::string& host = context.origin;
  const std::string detail = context.detail.empty() ? "" : " (" + CleanLine(context.detail, 200) + ")";
  switch (failure) {
    case TransferFailure::kNone:
      return {};
    case TransferFailure::kDns:
      return "the host of " + host + " is not known: check its spelling and the network" + detail;
    case TransferFailure::kRefused:
      return "no connection to " + host + ": is the server running, and are host and port right?" + detail;
    case TransferFailure::kConnectTimeout:
      return "no connection to " + host + " within " + absl::FormatDuration(context.timeouts.connect) +
             ": check host, port and firewall, or allow more time";
    case TransferFailure::kTimeout:
      return (context.got_bytes ? "the answer of " + host + " did not end in time"
                                : host + " sent no answer in time") +
             std::string(" (limits: ") + absl::FormatDuration(context.timeouts.total) + " in all, " +
             absl::FormatDuration(context.got_bytes ? context.timeouts.idle : context.timeouts.first_byte) +
             " of silence): allow more time if it is just slow";
    case TransferFailure::kTls:
      return "no trusted TLS connection to " + host + ": check https against http and the certificate" +
             detail;
    case TransferFailure::kClosed:
      return "the connection to " + host + " was closed before the answer was complete" + detail;
    case TransferFailure::kNotHttp:
      return host + " does not answer in proper HTTP: check https against http, and the port" + detail;
    case TransferFailure::kTooLarge:
    case TransferFailure::kRejected:
    case TransferFailure::kOther:
      break;
  }
  return "the transfer from " + host + " failed" + detail;
}

}  // namespace pinchbeck::internal
