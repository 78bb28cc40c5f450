// Plain data of one HTTP exchange.
#ifndef PINCHBECK_CLIENT_HTTP_H_
#define PINCHBECK_CLIENT_HTTP_H_

#include <string>
#include <string_view>
#include <vector>

namespace pinchbeck {

struct HttpHeader {
  std::string name;
  std::string value;
};

// The header that carries the key.
struct KeyHeader {
  std::string name = "Authorization";
  // Stands before the key.
  std::string prefix = "Bearer ";
};

// A POST request. The key is not part of it: the transport adds it.
struct HttpRequest {
  std::string url;
  std::vector<HttpHeader> headers;
  std::string body;
  // Whether a streamed answer was asked for.
  bool stream = false;
  KeyHeader key_header;
};

struct ResponseHead {
  int status = 0;
  // Names in lower case, in the order received.
  std::vector<HttpHeader> headers;

  // Value of the first header with this lower-case name; empty when absent.
  [[nodiscard]] std::string_view Header(std::string_view name) const {
    for (const HttpHeader& header : headers) {
      if (header.name == name) return header.value;
    }
    return {};
  }
};

}  // namespace pinchbeck

#endif  // PINCHBECK_CLIENT_HTTP_H_
