// An endpoint: where requests go, the model it claims to serve, and the key it is trusted with.
#ifndef PINCHBECK_CORE_ENDPOINT_H_
#define PINCHBECK_CORE_ENDPOINT_H_

#include <string>
#include <utility>

namespace pinchbeck {

// A secret that cannot be printed, compared or serialised by accident.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  [[nodiscard]] bool empty() const { return value_.empty(); }
  // The only way to the value; the client uses it for one request header.
  [[nodiscard]] const std::string& Reveal() const { return value_; }

 private:
  std::string value_;
};

struct Endpoint {
  // Base URL with its version segment, e.g. "https://relay.example/v1".
  std::string base_url;
  // Model name sent in requests: the claim under test.
  std::string model;
  // Empty for endpoints that need no key.
  Secret api_key;
};

}  // namespace pinchbeck

#endif  // PINCHBECK_CORE_ENDPOINT_H_
