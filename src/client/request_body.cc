#include "src/client/request_body.h"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace pinchbeck::internal {

using nlohmann::json;

HttpRequest JsonRequest(const Url& url, const json& body, bool stream, std::string_view stream_type) {
  HttpRequest request;
  request.url = url.Full();
  request.stream = stream;
  request.headers = {{"Content-Type", "application/json"},
                     {"Accept", std::string(stream ? stream_type : "application/json")}};
  request.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return request;
}

json MessageList(const Probe& probe, bool with_system) {
  json messages = json::array();
  for (const ChatMessage& message : probe.messages) {
    if (!with_system && message.role == "system") continue;
    messages.push_back({{"role", message.role}, {"content", message.content}});
  }
  return messages;
}

std::string SystemText(const Probe& probe) {
  std::string text;
  for (const ChatMessage& message : probe.messages) {
    if (message.role != "system") continue;
    if (!text.empty()) text += "\n\n";
    text += message.content;
  }
  return text;
}

}  // namespace pinchbeck::internal
