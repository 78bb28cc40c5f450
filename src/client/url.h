// URLs, split by libcurl itself so that checks and requests cannot disagree about the host.
#ifndef PINCHBECK_SRC_CLIENT_URL_H_
#define PINCHBECK_SRC_CLIENT_URL_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace pinchbeck::internal {

struct Url {
  std::string scheme;  // "http" or "https"
  std::string user_info;
  std::string host;  // IPv6 addresses keep their brackets
  std::string port;  // always set
  std::string path;
  std::string query;  // without the question mark

  // scheme://host:port, the port left out when it is the scheme's own.
  [[nodiscard]] std::string Origin() const;
  [[nodiscard]] bool IsLoopback() const;
  // The full address for a request, or without what may be secret: user name, password and query.
  [[nodiscard]] std::string Full() const;
  [[nodiscard]] std::string Public() const;
};

// InvalidArgument: not an http or https URL with a host. The message repeats no user name, password or query.
[[nodiscard]] absl::StatusOr<Url> ParseUrl(std::string_view text);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_URL_H_
