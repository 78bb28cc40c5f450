#include "src/client/tls_info.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <ctime>
#include <optional>

#include "absl/time/time.h"

namespace pinchbeck::internal {
namespace {

std::optional<absl::Time> Expiry(SSL* ssl) {
  X509* certificate = SSL_get1_peer_certificate(ssl);
  if (certificate == nullptr) return std::nullopt;
  std::tm parts{};
  const bool read = ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts) == 1;
  X509_free(certificate);
  if (!read) return std::nullopt;
  return absl::FromTM(parts, absl::UTCTimeZone());
}

}  // namespace

std::optional<TlsInfo> ReadTlsInfo(CURL* easy) {
  curl_tlssessioninfo* session = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || session == nullptr) {
    return std::nullopt;
  }
  if (session->backend != CURLSSLBACKEND_OPENSSL || session->internals == nullptr) return std::nullopt;
  auto* ssl = static_cast<SSL*>(session->internals);
  return TlsInfo{SSL_get_version(ssl), SSL_get_cipher_name(ssl), Expiry(ssl)};
}

}  // namespace pinchbeck::internal
