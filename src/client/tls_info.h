// The TLS side of a transfer.
#ifndef PINCHBECK_SRC_CLIENT_TLS_INFO_H_
#define PINCHBECK_SRC_CLIENT_TLS_INFO_H_

#include <curl/curl.h>

#include <optional>

#include "pinchbeck/client/transport.h"

namespace pinchbeck::internal {

// Call while the connection is in use. Absent for plain http and for TLS libraries other than OpenSSL.
[[nodiscard]] std::optional<TlsInfo> ReadTlsInfo(CURL* easy);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_TLS_INFO_H_
