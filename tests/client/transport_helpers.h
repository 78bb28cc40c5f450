// Sending one request and collecting its answer, for tests.
#ifndef PINCHBECK_TESTS_CLIENT_TRANSPORT_HELPERS_H_
#define PINCHBECK_TESTS_CLIENT_TRANSPORT_HELPERS_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pinchbeck/client/transport.h"

namespace pinchbeck::testing {

inline constexpr const char* kCanary = "canary-key-7f3a9c";

struct Collected final : TransferHandler {
  int status = 0;
  std::string content_type;
  std::string body;
  std::vector<double> arrivals;
  absl::Status verdict;

  void OnHead(const ResponseHead& head) override {
    status = head.status;
    content_type = std::string(head.Header("content-type"));
  }
  absl::Status OnBytes(std::string_view bytes, double arrival_s) override {
    body += bytes;
    arrivals.push_back(arrival_s);
    return verdict;
  }
};

inline std::unique_ptr<Transport> MakeTransport(const CurlTransportOptions& options = {}) {
  return *MakeCurlTransport(options);
}

inline TransferRequest MakeRequest(std::string url) {
  TransferRequest request;
  request.http.url = std::move(url);
  request.http.headers = {{"Content-Type", "application/json"}};
  request.http.body = R"({"a":1})";
  request.timeouts.total = absl::Seconds(20);
  return request;
}

// Runs with longer and longer limits until the server was slower than the limit and not this machine.
inline void WithLongerLimits(const std::function<bool(absl::Duration)>& is_as_expected) {
  for (const int ms : {200, 2'000, 20'000}) {
    if (is_as_expected(absl::Milliseconds(ms))) return;
  }
  ADD_FAILURE() << "not as expected with any limit";
}

inline TransferResult WaitFor(Transport& transport, std::int64_t id) {
  while (true) {
    for (TransferResult& result : transport.Poll(absl::Seconds(1))) {
      if (result.id == id) return std::move(result);
    }
  }
}

inline TransferResult Send(Transport& transport, const TransferRequest& request, Collected& collected) {
  const absl::StatusOr<std::int64_t> id = transport.Start(request, collected);
  EXPECT_TRUE(id.ok()) << id.status();
  return WaitFor(transport, *id);
}

}  // namespace pinchbeck::testing

#endif  // PINCHBECK_TESTS_CLIENT_TRANSPORT_HELPERS_H_
