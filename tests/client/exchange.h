// One request through a dialect and the real transport, and what is recorded of it.
#ifndef PINCHBECK_TESTS_CLIENT_EXCHANGE_H_
#define PINCHBECK_TESTS_CLIENT_EXCHANGE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pinchbeck/client/dialect.h"
#include "pinchbeck/client/transport.h"
#include "pinchbeck/core/endpoint.h"
#include "pinchbeck/core/observation.h"
#include "pinchbeck/core/probe.h"
#include "src/client/attempt.h"

namespace pinchbeck::testing {

struct ExchangeOptions {
  bool stream = false;
  TransferTimeouts timeouts = {};
  std::string key = {};
};

inline internal::AttemptResult Exchange(Transport& transport, const Dialect& dialect,
                                        const std::string& base_url, const ExchangeOptions& options = {}) {
  Probe probe;
  probe.id = "p";
  probe.messages = {{"user", "Say."}};
  probe.sampling.stream = options.stream;
  const absl::StatusOr<HttpRequest> http =
      dialect.BuildRequest({base_url, "m", Secret(options.key)}, probe, std::nullopt);
  EXPECT_TRUE(http.ok()) << http.status();
  TransferRequest request;
  request.http = *http;
  request.api_key = Secret(options.key);
  request.timeouts = options.timeouts;
  Observation observation;
  observation.probe = probe.id;
  internal::Attempt attempt(std::move(observation), dialect.MakeDecoder(options.stream));
  const absl::StatusOr<std::int64_t> id = transport.Start(request, attempt);
  EXPECT_TRUE(id.ok()) << id.status();
  while (true) {
    for (const TransferResult& result : transport.Poll(absl::Milliseconds(20))) {
      if (result.id == *id) return attempt.Finish(result, request.api_key);
    }
  }
}

// The observation without its times, which no two exchanges share.
inline std::string WithoutTimes(Observation observation) {
  observation.timing = {};
  return SerializeObservation(observation);
}

}  // namespace pinchbeck::testing

#endif  // PINCHBECK_TESTS_CLIENT_EXCHANGE_H_
