// Reads the body of a request that an application made.
#ifndef PINCHBECK_SRC_CLIENT_REQUEST_READER_H_
#define PINCHBECK_SRC_CLIENT_REQUEST_READER_H_

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "pinchbeck/client/api.h"
#include "pinchbeck/client/exchange.h"
#include "pinchbeck/core/observation.h"

namespace pinchbeck::internal {

// A member of a request that stands for parameters which a log does not hold: absent ones would mean the
// server's defaults. No API has it.
inline constexpr const char* kUnrecordedParameters = "parameters_not_in_the_log";

struct RequestReading {
  RequestRecord record;
  RequestObstacle obstacle = RequestObstacle::kNone;
  std::string obstacle_field;
  std::string sha256;
};

// The fields of a chat completions or Anthropic request. Members that are null count as absent. Errors as
// ExchangeReader::Create().
[[nodiscard]] absl::StatusOr<RequestReading> ReadRequest(Api api, const nlohmann::json& body);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_REQUEST_READER_H_
