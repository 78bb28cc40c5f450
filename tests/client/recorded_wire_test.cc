// Recorded traffic of a real server, sent again byte for byte over a socket; skipped where the recordings are
// not at hand.
#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "pinchbeck/client/api.h"
#include "pinchbeck/client/dialect.h"
#include "pinchbeck/core/observation.h"
#include "tests/client/exchange.h"
#include "tests/client/scripted_server.h"
#include "tests/client/transport_helpers.h"
#include "tests/client/wire.h"

namespace pinchbeck {
namespace {

using nlohmann::json;
using pinchbeck::testing::DecodeWith;
using pinchbeck::testing::Exchange;
using pinchbeck::testing::MakeTransport;
using pinchbeck::testing::ReadFile;
using pinchbeck::testing::RecordedTraffic;
using pinchbeck::testing::Reply;
using pinchbeck::testing::ScriptedServer;
using pinchbeck::testing::ServedRequest;
using pinchbeck::testing::WithoutTimes;

// The API in whose shape the answer to a recorded request is; absent for requests that no dialect sends.
std::optional<Api> ApiOfPath(const std::string& path) {
  if (path == "/v1/chat/completions") return Api::kOpenAiChat;
  if (path == "/v1/completions") return Api::kOpenAiCompletions;
  if (path == "/v1/responses") return Api::kOpenAiResponses;
  // Answered by an error, whatever was asked.
  if (path == "/v1/embeddings") return Api::kOpenAiChat;
  return std::nullopt;
}

TEST(RecordedWire, EveryAnswerIsTheSameInPacketsOfAnySize) {
  if (!std::filesystem::exists(RecordedTraffic()))
    GTEST_SKIP() << "no recorded answers at " << RecordedTraffic();
  const auto transport = MakeTransport();
  int cases = 0;
  for (const json& test : json::parse(ReadFile(RecordedTraffic() / "index.json"))) {
    const std::string name = test["name"];
    const std::optional<Api> api = ApiOfPath(test["path"]);
    if (test["method"] != "POST" || !api.has_value()) continue;
    SCOPED_TRACE(name);
    const auto dialect = MakeDialect(*api);
    const int status = test["status"];
    const bool stream = std::filesystem::exists(RecordedTraffic() / (name + ".body.sse"));
    const std::string body = ReadFile(RecordedTraffic() / (name + (stream ? ".body.sse" : ".body.json")));
    const std::string raw = ReadFile(RecordedTraffic() / (name + ".http"));
    ASSERT_FALSE(raw.empty());
    Observation expected =
        DecodeWith(*dialect, {body}, {status, test["content_type"], stream, true}).observation;
    for (const std::size_t piece : {0, 1, 7}) {
      ScriptedServer server([&](const ServedRequest&, int) {
        return Reply{raw, Reply::After::kClose, piece};
      });
      const Observation o = Exchange(*transport, *dialect, server.url(), {.stream = stream}).observation;
      EXPECT_EQ(WithoutTimes(o), WithoutTimes(expected)) << "packets of " << piece << " bytes";
      EXPECT_EQ(o.timing.event_s.size(), expected.timing.event_s.size());
      // Two prompts at once, which the client never sends, are answered with a list.
      EXPECT_EQ(o.error.has_value(), status != 200 || name == "comp_two_prompts");
    }
    ++cases;
  }
  EXPECT_GE(cases, 44);
}

}  // namespace
}  // namespace pinchbeck
