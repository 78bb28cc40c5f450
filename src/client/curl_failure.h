// What libcurl's result codes mean to someone who wants to reach an endpoint.
#ifndef PINCHBECK_SRC_CLIENT_CURL_FAILURE_H_
#define PINCHBECK_SRC_CLIENT_CURL_FAILURE_H_

#include <curl/curl.h>

#include <string>

#include "pinchbeck/client/transport.h"

namespace pinchbeck::internal {

// What is known when a transfer has failed.
struct FailureContext {
  std::string origin;  // scheme://host:port
  bool connected = false;
  bool got_bytes = false;
  TransferTimeouts timeouts;
  std::string detail;  // libcurl's own words, may be empty
};

[[nodiscard]] TransferFailure ClassifyFailure(CURLcode code, const FailureContext& context);

// One sentence: what happened, where, and what to check.
[[nodiscard]] std::string DescribeFailure(TransferFailure failure, const FailureContext& context);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_CURL_FAILURE_H_
