// The error object of an answer, in the forms seen in the field.
#ifndef PINCHBECK_SRC_CLIENT_SERVER_ERROR_H_
#define PINCHBECK_SRC_CLIENT_SERVER_ERROR_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace pinchbeck::internal {

struct ServerError {
  // One line, cut and cleaned of control characters.
  std::string message;
  // The server's name for it: `code` if that is a string, else `type`, else `status`.
  std::string code;
  // The parameter of the request that the object names.
  std::string param;
  // An HTTP status that the object itself names.
  std::optional<int> status;
  // Seconds to wait, from a detail {"@type": ".../google.rpc.RetryInfo", "retryDelay": "32s"}.
  std::optional<double> retry_delay_s;
};

// Reads {"error": {...}}, {"error": "..."}, {"object": "error", ...}, a list of one of these, and, unless
// `strict`, also {"detail": ...} and {"message": "..."}. `strict` is for answers that came with status 200.
[[nodiscard]] std::optional<ServerError> ReadServerError(const nlohmann::json& document, bool strict);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_SERVER_ERROR_H_
