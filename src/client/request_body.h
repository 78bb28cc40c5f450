// Pieces of request bodies that several APIs share.
#ifndef PINCHBECK_SRC_CLIENT_REQUEST_BODY_H_
#define PINCHBECK_SRC_CLIENT_REQUEST_BODY_H_

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "pinchbeck/client/http.h"
#include "pinchbeck/core/probe.h"
#include "src/client/url.h"

namespace pinchbeck::internal {

// A POST with a JSON body. `stream_type` is the media type of streams.
[[nodiscard]] HttpRequest JsonRequest(const Url& url, const nlohmann::json& body, bool stream,
                                      std::string_view stream_type = "text/event-stream");

// [{"role", "content"}, ...], with the system messages or without.
[[nodiscard]] nlohmann::json MessageList(const Probe& probe, bool with_system = true);

// The system messages, joined by blank lines; empty when there are none.
[[nodiscard]] std::string SystemText(const Probe& probe);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_REQUEST_BODY_H_
