// Base URLs as names of an endpoint.
#ifndef PINCHBECK_SRC_CLIENT_ENDPOINT_NAME_H_
#define PINCHBECK_SRC_CLIENT_ENDPOINT_NAME_H_

#include <string>
#include <string_view>

namespace pinchbeck::internal {

// An address from Url::Public() without slashes at its end: equal names are one endpoint.
[[nodiscard]] inline std::string ComparableEndpoint(std::string_view address) {
  while (address.ends_with('/')) address.remove_suffix(1);
  return std::string(address);
}

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_ENDPOINT_NAME_H_
