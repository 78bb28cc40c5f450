#include "src/client/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pinchbeck::internal {
namespace {

struct CurlUrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string Part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK || text == nullptr) return {};
  std::string value(text);
  curl_free(text);
  return value;
}

absl::Status BadUrl(const std::string& problem) {
  return absl::InvalidArgumentError("base URL: " + problem +
                                    "; expected something like https://relay.example/v1");
}

}  // namespace

std::string Url::Origin() const {
  const bool default_port = port == (scheme == "https" ? "443" : "80");
  return scheme + "://" + host + (default_port ? "" : ":" + port);
}

bool Url::IsLoopback() const {
  if (host == "localhost" || host == "[::1]") return true;
  in_addr address{};
  if (inet_pton(AF_INET, host.c_str(), &address) != 1) return false;
  return (ntohl(address.s_addr) >> 24) == 127;
}

std::string Url::Full() const {
  std::string text = scheme + "://";
  if (!user_info.empty()) text += user_info + "@";
  text += host + ":" + port + path;
  if (!query.empty()) text += "?" + query;
  return text;
}

std::string Url::Public() const { return Origin() + path; }

absl::StatusOr<Url> ParseUrl(std::string_view text) {
  if (text.empty()) return BadUrl("it is empty");
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f)
      return BadUrl("it holds a space or control character");
  }
  if (text.find("://") == std::string_view::npos) return BadUrl("it has no http:// or https:// in front");
  const std::unique_ptr<CURLU, CurlUrlDeleter> handle(curl_url());
  if (handle == nullptr) return absl::ResourceExhaustedError("out of memory while reading the base URL");
  if (curl_url_set(handle.get(), CURLUPART_URL, std::string(text).c_str(), CURLU_NON_SUPPORT_SCHEME) !=
      CURLUE_OK) {
    return BadUrl("it is not a valid URL");
  }
  Url url;
  url.scheme = Part(handle.get(), CURLUPART_SCHEME);
  if (url.scheme != "http" && url.scheme != "https") {
    return BadUrl("scheme '" + url.scheme + "' is not http or https");
  }
  url.host = Part(handle.get(), CURLUPART_HOST);
  if (url.host.empty()) return BadUrl("it has no host");
  url.port = Part(handle.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  url.path = Part(handle.get(), CURLUPART_PATH);
  url.query = Part(handle.get(), CURLUPART_QUERY);
  url.user_info = Part(handle.get(), CURLUPART_USER);
  if (const std::string password = Part(handle.get(), CURLUPART_PASSWORD); !password.empty()) {
    url.user_info += ":" + password;
  }
  for (char& c : url.host) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return url;
}

}  // namespace pinchbeck::internal
