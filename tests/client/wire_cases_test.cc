// Answers over a real socket that are cut, delayed, compressed or never end. docs/design/0013-api-cases.md
// lists the cases.
#include <curl/curl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "pinchbeck/client/api.h"
#include "pinchbeck/client/dialect.h"
#include "pinchbeck/core/observation.h"
#include "tests/client/api_samples.h"
#include "tests/client/exchange.h"
#include "tests/client/scripted_server.h"
#include "tests/client/transport_helpers.h"
#include "tests/client/wire.h"

namespace pinchbeck {
namespace {

using pinchbeck::testing::ApiSample;
using pinchbeck::testing::ApiSamples;
using pinchbeck::testing::Event;
using pinchbeck::testing::Exchange;
using pinchbeck::testing::HttpBytes;
using pinchbeck::testing::kSampleText;
using pinchbeck::testing::MakeTransport;
using pinchbeck::testing::Reply;
using pinchbeck::testing::ScriptedServer;
using pinchbeck::testing::ServedRequest;
using pinchbeck::testing::WithoutTimes;
using ::testing::HasSubstr;

std::string Hex(std::size_t number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (; number > 0; number /= 16) text.insert(text.begin(), kDigits[number % 16]);
  return text;
}

class WireCases : public ::testing::TestWithParam<ApiSample> {
 protected:
  [[nodiscard]] bool lines() const { return GetParam().api == Api::kOllama; }
  [[nodiscard]] std::string type() const { return lines() ? "application/x-ndjson" : "text/event-stream"; }
  [[nodiscard]] std::string Framed(const std::string& data) const {
    if (!lines()) return Event(data);
    std::string line;
    for (const char c : data) line += c == '\n' ? ' ' : c;
    return line + "\n";
  }
  // The stream as servers send it: every event a chunk.
  [[nodiscard]] std::string ChunkedStream() const {
    std::string bytes =
        "HTTP/1.1 200 OK\r\nContent-Type: " + type() + "\r\nTransfer-Encoding: chunked\r\n\r\n";
    const auto add = [&bytes](const std::string& event) {
      bytes += Hex(event.size()) + "\r\n" + event + "\r\n";
    };
    for (const std::string& event : GetParam().events) add(Framed(event));
    if (!GetParam().end_mark.empty()) add(Event(GetParam().end_mark));
    return bytes + "0\r\n\r\n";
  }
  Observation Receive(ScriptedServer& server, bool stream, absl::Duration total = absl::Seconds(20)) {
    TransferTimeouts timeouts;
    timeouts.total = total;
    return Exchange(*transport_, *dialect_, server.url(), {.stream = stream, .timeouts = timeouts})
        .observation;
  }
  static void ExpectWhole(const Observation& o) {
    ASSERT_FALSE(o.error.has_value()) << o.error->message;
    EXPECT_EQ(o.response.text, kSampleText);
    EXPECT_EQ(o.response.finish_reason, "stop");
    EXPECT_EQ(o.usage.output_tokens, 2);
  }

  std::unique_ptr<Dialect> dialect_ = MakeDialect(GetParam().api);
  std::unique_ptr<Transport> transport_ = MakeTransport();
};

TEST_P(WireCases, PacketsOfAnySizeGiveOneAnswer) {
  std::string first;
  for (const std::size_t piece : {0, 1, 2, 7, 64}) {
    for (const bool stream : {true, false}) {
      ScriptedServer server([&](const ServedRequest&, int) {
        return Reply{stream ? ChunkedStream() : HttpBytes(200, GetParam().document), Reply::After::kKeepOpen,
                     piece};
      });
      const Observation o = Receive(server, stream);
      ExpectWhole(o);
      if (!stream) continue;
      if (first.empty()) first = WithoutTimes(o);
      EXPECT_EQ(WithoutTimes(o), first) << "packets of " << piece << " bytes";
    }
  }
}

// A connection that ends after any byte, of the head as well, leaves an answer that is whole or an error.
TEST_P(WireCases, CutAfterAnyByte) {
  const std::string bytes = ChunkedStream();
  // Every byte of the most spoken API; of the others, whose decoder is cut everywhere by EveryApi, a share.
  const std::size_t step = GetParam().api == Api::kOpenAiChat ? 1 : 7;
  // The server's thread reads it.
  std::atomic<std::size_t> length{0};
  ScriptedServer server([&](const ServedRequest&, int) {
    return Reply{bytes.substr(0, length), length % 2 == 0 ? Reply::After::kClose : Reply::After::kReset};
  });
  int failed = 0;
  for (; length < bytes.size(); length += step) {
    const Observation o = Receive(server, /*stream=*/true);
    if (o.error.has_value()) {
      ++failed;
      EXPECT_NE(o.error->kind, ErrorKind::kHttp) << length;
      EXPECT_FALSE(o.error->message.empty()) << length;
    } else {
      EXPECT_EQ(o.response.text, kSampleText) << "taken for a whole answer after " << length << " bytes";
      EXPECT_EQ(o.response.finish_reason, "stop") << length;
    }
  }
  // What stands before the finish reason is never a whole answer.
  EXPECT_GT(failed, static_cast<int>(bytes.size() / step / 2));
}

TEST_P(WireCases, DocumentCutAfterAnyByte) {
  const std::string bytes = HttpBytes(200, GetParam().document);
  std::atomic<std::size_t> length{0};
  ScriptedServer server([&](const ServedRequest&, int) {
    return Reply{bytes.substr(0, length), Reply::After::kClose};
  });
  for (; length < bytes.size(); length += 11) {
    EXPECT_TRUE(Receive(server, /*stream=*/false).error.has_value()) << length;
  }
}

TEST_P(WireCases, SilenceBeforeTheAnswerAndBetweenTokens) {
  const std::string stream = ChunkedStream();
  for (const std::size_t sent : {std::size_t{0}, stream.size() / 2}) {
    ScriptedServer server([&](const ServedRequest&, int) {
      return Reply{stream.substr(0, sent), Reply::After::kHang};
    });
    const std::string words = sent == 0 ? "sent no answer in time" : "did not end in time";
    std::string message;
    // Longer and longer, until what was sent has arrived in time on this machine.
    for (const int ms : {80, 800, 8'000, 80'000}) {
      const Observation o = Receive(server, /*stream=*/true, absl::Milliseconds(ms));
      ASSERT_TRUE(o.error.has_value());
      EXPECT_EQ(o.error->kind, ErrorKind::kTimeout);
      message = o.error->message;
      if (message.find(words) != std::string::npos) break;
    }
    EXPECT_THAT(message, HasSubstr(words));
  }
}

// Bytes go on coming, so that nothing is silent, but never an answer.
TEST_P(WireCases, CommentsUntilTheTimeLimit) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: " + type() + "\r\n\r\n";
  ScriptedServer server([&](const ServedRequest&, int) {
    return Reply{head, Reply::After::kClose, 0, lines() ? "\n" : ": still working\n\n"};
  });
  const Observation o = Receive(server, /*stream=*/true, absl::Milliseconds(120));
  ASSERT_TRUE(o.error.has_value());
  EXPECT_EQ(o.error->kind, ErrorKind::kTimeout);
  EXPECT_FALSE(o.response.text.has_value());
}

INSTANTIATE_TEST_SUITE_P(Apis, WireCases, ::testing::ValuesIn(ApiSamples()),
                         [](const ::testing::TestParamInfo<ApiSample>& param) {
                           return std::string(ApiName(param.param.api));
                         });

// A Brotli stream that stores its text as it is: a window of 64 KiB, one stored block, an empty last block.
std::string StoredBrotli(std::string_view text) {
  const std::size_t head = ((text.size() - 1) << 4) | (std::size_t{1} << 20);
  std::string bytes;
  for (int shift = 0; shift < 24; shift += 8) bytes += static_cast<char>((head >> shift) & 0xFF);
  return bytes + std::string(text) + '\x03';
}

TEST(Compression, BrotliIsDecodedWhereTheLibraryCanAndAnErrorElsewhere) {
  const ApiSample sample = ApiSamples().front();
  ScriptedServer server([&](const ServedRequest&, int) {
    return Reply{HttpBytes(200, StoredBrotli(sample.document), "Content-Encoding: br\r\n")};
  });
  const auto transport = MakeTransport();
  const auto dialect = MakeDialect(sample.api);
  const bool known = (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_BROTLI) != 0;
  for (const bool stream : {false, true}) {
    const Observation o = Exchange(*transport, *dialect, server.url(), {.stream = stream}).observation;
    EXPECT_EQ(o.error.has_value(), !known);
    if (known) {
      EXPECT_EQ(o.response.text, kSampleText);
    }
  }
  EXPECT_EQ(server.requests()[0].head.find(" br") != std::string::npos, known);
}

TEST(Compression, AnUnknownOrBrokenEncodingIsAnError) {
  for (const std::string coding : {"rot13", "gzip", "br"}) {
    ScriptedServer server([&](const ServedRequest&, int) {
      return Reply{HttpBytes(200, "neither this nor that", "Content-Encoding: " + coding + "\r\n")};
    });
    const auto transport = MakeTransport();
    const Observation o = Exchange(*transport, *MakeDialect(Api::kOpenAiChat), server.url()).observation;
    ASSERT_TRUE(o.error.has_value()) << coding;
    EXPECT_EQ(o.error->kind, ErrorKind::kProtocol) << coding;
  }
}

}  // namespace
}  // namespace pinchbeck
