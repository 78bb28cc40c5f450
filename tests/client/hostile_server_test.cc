// Servers that want the key, the memory or the time of the client.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "pinchbeck/client/transport.h"
#include "tests/client/scripted_server.h"
#include "tests/client/transport_helpers.h"

namespace pinchbeck {
namespace {

using pinchbeck::testing::Collected;
using pinchbeck::testing::HttpBytes;
using pinchbeck::testing::kCanary;
using pinchbeck::testing::MakeRequest;
using pinchbeck::testing::MakeTransport;
using pinchbeck::testing::Reply;
using pinchbeck::testing::ScriptedServer;
using pinchbeck::testing::Send;
using pinchbeck::testing::ServedRequest;
using pinchbeck::testing::WithLongerLimits;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TransferRequest WithKey(std::string url) {
  TransferRequest request = MakeRequest(std::move(url));
  request.api_key = Secret(kCanary);
  return request;
}

// --- The key ---

TEST(HostileServer, NoRedirectStatusAndNoRefreshHeaderLeadsAnywhere) {
  ScriptedServer other([](const ServedRequest&, int) { return Reply{HttpBytes(200, "x")}; });
  const auto transport = MakeTransport();
  for (const int status : {300, 301, 302, 303, 305, 307, 308}) {
    ScriptedServer server([&](const ServedRequest&, int) {
      return Reply{
          HttpBytes(status, "", "Location: " + other.url() + "\r\nRefresh: 0; url=" + other.url() + "\r\n")};
    });
    Collected collected;
    EXPECT_EQ(Send(*transport, WithKey(server.url()), collected).head.status, status);
    EXPECT_EQ(server.requests().size(), 1U);
  }
  EXPECT_EQ(other.connections(), 0);
}

TEST(HostileServer, NeitherAChallengeNorACookieMakesTheClientSendMore) {
  ScriptedServer server([](const ServedRequest&, int) {
    return Reply{HttpBytes(401, "",
                           "WWW-Authenticate: Basic realm=\"x\"\r\nSet-Cookie: id=1; Path=/\r\n"
                           "Alt-Svc: h2=\"127.0.0.1:1\"\r\nStrict-Transport-Security: max-age=99\r\n")};
  });
  const auto transport = MakeTransport();
  for (int i = 0; i < 2; ++i) {
    Collected collected;
    EXPECT_EQ(Send(*transport, WithKey(server.url()), collected).head.status, 401);
  }
  ASSERT_EQ(server.requests().size(), 2U) << "one request each, to the same place";
  EXPECT_THAT(server.requests()[1].head, Not(HasSubstr("Cookie")));
  EXPECT_THAT(server.requests()[1].head, Not(HasSubstr("Basic")));
}

TEST(HostileServer, PlainHttpWithAKeyOnlyToThisMachineOrWhenPermitted) {
  for (const char* host : {"relay.example", "10.0.0.1", "localhost.relay.example", "127.0.0.1.relay.example",
                           "0x7f.1.relay.example"}) {
    const auto transport = MakeTransport();
    Collected collected;
    EXPECT_EQ(transport->Start(WithKey("http://" + std::string(host) + "/v1"), collected).status().code(),
              absl::StatusCode::kPermissionDenied)
        << host;
  }
  const auto permissive = MakeTransport({.allow_insecure_http = true});
  Collected collected;
  TransferRequest request = WithKey("http://host.invalid/v1");
  request.timeouts.connect = absl::Milliseconds(50);
  const auto id = permissive->Start(request, collected);
  ASSERT_TRUE(id.ok());
  permissive->Cancel(*id);
}

TEST(HostileServer, AUserNameInTheAddressIsASecretToo) {
  const auto transport = MakeTransport();
  Collected collected;
  const absl::Status status =
      transport->Start(MakeRequest("http://user:word@relay.example/v1"), collected).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("word")));
}

// --- Size ---

TEST(HostileServer, InterimAnswersWithoutEndAreCut) {
  ScriptedServer server([](const ServedRequest&, int) {
    return Reply{"", Reply::After::kClose, 0,
                 "HTTP/1.1 100 Continue\r\nX-Pad: " + std::string(1000, 'x') + "\r\n\r\n"};
  });
  const auto transport = MakeTransport({.max_header_bytes = 8192});
  Collected collected;
  const TransferResult result = Send(*transport, MakeRequest(server.url()), collected);
  EXPECT_TRUE(result.failure == TransferFailure::kTooLarge || result.failure == TransferFailure::kNotHttp ||
              result.failure == TransferFailure::kClosed)
      << result.message;
  EXPECT_FALSE(result.message.empty());
}

TEST(HostileServer, OneHeaderLineWithoutEndIsCut) {
  ScriptedServer server([](const ServedRequest&, int) {
    return Reply{"HTTP/1.1 200 OK\r\nX-Pad: ", Reply::After::kClose, 0, std::string(60'000, 'x')};
  });
  const auto transport = MakeTransport();
  Collected collected;
  const TransferResult result = Send(*transport, MakeRequest(server.url()), collected);
  EXPECT_NE(result.failure, TransferFailure::kNone);
  EXPECT_NE(result.failure, TransferFailure::kTimeout) << "the size ends it, not the time";
}

TEST(HostileServer, TrailersWithoutEndAreCut) {
  ScriptedServer server([](const ServedRequest&, int) {
    return Reply{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n", Reply::After::kClose,
                 0, "X-Pad: " + std::string(1000, 'x') + "\r\n"};
  });
  const auto transport = MakeTransport({.max_header_bytes = 8192});
  Collected collected;
  const TransferResult result = Send(*transport, MakeRequest(server.url()), collected);
  EXPECT_NE(result.failure, TransferFailure::kNone);
  EXPECT_NE(result.failure, TransferFailure::kTimeout);
  EXPECT_TRUE(result.head.Header("x-pad").empty());
}

std::string Gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

TEST(HostileServer, BombsInsideOfBombsAreBoundedAfterExpansion) {
  std::string packed(8 << 20, '\0');
  std::string encodings;
  for (int depth = 1; depth <= 3; ++depth) {
    packed = Gzip(packed);
    encodings += depth == 1 ? "gzip" : ", gzip";
    ScriptedServer server([&](const ServedRequest&, int) {
      return Reply{HttpBytes(200, packed, "Content-Encoding: " + encodings + "\r\n")};
    });
    const auto transport = MakeTransport({.max_response_bytes = 65536});
    Collected collected;
    EXPECT_EQ(Send(*transport, MakeRequest(server.url()), collected).failure, TransferFailure::kTooLarge)
        << depth;
    EXPECT_LE(collected.body.size(), 65536U);
  }
}

TEST(HostileServer, AStreamWithoutEndIsCut) {
  ScriptedServer server([](const ServedRequest&, int) {
    return Reply{"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", Reply::After::kClose, 0,
                 ": " + std::string(40'000, 'x') + "\n\n"};
  });
  const auto transport = MakeTransport({.max_response_bytes = 100'000});
  TransferRequest request = MakeRequest(server.url());
  request.http.stream = true;
  Collected collected;
  EXPECT_EQ(Send(*transport, request, collected).failure, TransferFailure::kTooLarge);
  EXPECT_LE(collected.body.size(), 100'000U);
}

TEST(HostileServer, AnswersInFlightAreBoundedTogether) {
  ScriptedServer server([](const ServedRequest& request, int) {
    const bool whole = request.body == "whole";
    const std::string part = HttpBytes(200, std::string(60'000, 'x'));
    return whole ? Reply{part} : Reply{part.substr(0, part.size() - 1), Reply::After::kHang};
  });
  const auto transport = MakeTransport({.max_bytes_in_flight = 100'000});
  Collected first, second;
  const std::int64_t first_id = *transport->Start(MakeRequest(server.url()), first);
  const std::int64_t second_id = *transport->Start(MakeRequest(server.url()), second);
  std::vector<TransferResult> ended;
  while (ended.empty()) ended = transport->Poll(absl::Seconds(1));
  ASSERT_EQ(ended.size(), 1U) << "the other one goes on";
  EXPECT_EQ(ended[0].failure, TransferFailure::kTooLarge);
  EXPECT_THAT(ended[0].message, HasSubstr("less concurrency"));
  transport->Cancel(ended[0].id == first_id ? second_id : first_id);
  // What has ended counts no longer.
  for (int i = 0; i < 3; ++i) {
    Collected third;
    TransferRequest request = MakeRequest(server.url());
    request.http.body = "whole";
    EXPECT_EQ(Send(*transport, request, third).failure, TransferFailure::kNone);
    EXPECT_EQ(third.body.size(), 60'000U);
  }
}

// A relay that sends without end must not cost the answers of the trusted endpoint beside it.
TEST(HostileServer, TheLargestAnswerInFlightIsGivenUpAndNotTheLastOne) {
  ScriptedServer server([](const ServedRequest& request, int) {
    if (request.body == "modest") return Reply{HttpBytes(200, std::string(60'000, 'x'))};
    const std::string most = HttpBytes(200, std::string(90'000, 'x'));
    return Reply{most.substr(0, most.size() - 1), Reply::After::kHang};
  });
  const auto transport = MakeTransport({.max_bytes_in_flight = 100'000});
  Collected large, modest;
  const std::int64_t large_id = *transport->Start(MakeRequest(server.url()), large);
  while (large.body.size() < 89'999) ASSERT_THAT(transport->Poll(absl::Milliseconds(10)), IsEmpty());
  TransferRequest request = MakeRequest(server.url());
  request.http.body = "modest";
  const std::int64_t modest_id = *transport->Start(request, modest);
  std::map<std::int64_t, TransferResult> ended;
  while (ended.size() < 2) {
    for (TransferResult& result : transport->Poll(absl::Seconds(1))) ended[result.id] = std::move(result);
  }
  EXPECT_EQ(ended.at(large_id).failure, TransferFailure::kTooLarge);
  EXPECT_THAT(ended.at(large_id).message, HasSubstr("the largest"));
  EXPECT_EQ(ended.at(modest_id).failure, TransferFailure::kNone) << ended.at(modest_id).message;
  EXPECT_EQ(modest.body.size(), 60'000U);
}

// "hello" in the format of Brotli, as its reference encoder writes it.
TEST(HostileServer, BrotliIsDecodedOrAnError) {
  const std::string packed("\x0b\x02\x80hello\x03", 9);
  ScriptedServer server(
      [&](const ServedRequest&, int) { return Reply{HttpBytes(200, packed, "Content-Encoding: br\r\n")}; });
  const auto transport = MakeTransport();
  Collected collected;
  const TransferResult result = Send(*transport, MakeRequest(server.url()), collected);
  if (result.failure == TransferFailure::kNone) {
    EXPECT_EQ(collected.body, "hello");
  } else {
    EXPECT_EQ(result.failure, TransferFailure::kNotHttp) << "this libcurl was built without Brotli";
  }
}

// --- Time ---

TEST(HostileServer, KeepAliveCommentsDoNotOutlastTheTimeLimit) {
  ScriptedServer server([](const ServedRequest&, int) {
    return Reply{"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", Reply::After::kClose, 0,
                 ": keep-alive\n\n"};
  });
  const auto transport = MakeTransport();
  WithLongerLimits([&](absl::Duration limit) {
    TransferRequest request = MakeRequest(server.url());
    request.http.stream = true;
    request.timeouts.total = limit;
    Collected collected;
    const TransferResult result = Send(*transport, request, collected);
    return result.failure == TransferFailure::kTimeout &&
           result.message.find("did not end in time") != std::string::npos &&
           collected.body.find(": keep-alive") != std::string::npos;
  });
}

TEST(HostileServer, HeadersThatComeByteByByteDoNotOutlastTheTimeLimit) {
  ScriptedServer server([](const ServedRequest&, int) {
    return Reply{"HTTP/1.1 200 OK\r\nX-Slow: ", Reply::After::kClose, 0, "a"};
  });
  const auto transport = MakeTransport();
  WithLongerLimits([&](absl::Duration limit) {
    TransferRequest request = MakeRequest(server.url());
    request.timeouts.total = limit;
    Collected collected;
    return Send(*transport, request, collected).failure == TransferFailure::kTimeout;
  });
}

TEST(HostileServer, TheFirstByteHasALimitOfItsOwn) {
  ScriptedServer server([](const ServedRequest&, int) { return Reply{"", Reply::After::kHang}; });
  const auto transport = MakeTransport();
  WithLongerLimits([&](absl::Duration limit) {
    TransferRequest request = MakeRequest(server.url());
    request.timeouts.total = absl::Minutes(5);
    request.timeouts.first_byte = limit;
    Collected collected;
    const TransferResult result = Send(*transport, request, collected);
    return result.failure == TransferFailure::kTimeout &&
           result.message.find(absl::FormatDuration(limit) + " of silence") != std::string::npos;
  });
}

// --- Words ---

TEST(HostileServer, NoControlCharacterOfAHeaderOrStatusLineReachesAMessage) {
  for (const char* bytes :
       {"HTTP/1.1 \x1b[2J OK\r\n\r\n", "\x1b]0;owned\x07\r\n", "HTTP/9.9 200 \x9b\r\n\r\n"}) {
    ScriptedServer server([&](const ServedRequest&, int) { return Reply{bytes, Reply::After::kClose}; });
    const auto transport = MakeTransport();
    Collected collected;
    const TransferResult result = Send(*transport, MakeRequest(server.url()), collected);
    for (const char c : result.message) {
      EXPECT_GE(static_cast<unsigned char>(c), 0x20) << result.message;
      EXPECT_LT(static_cast<unsigned char>(c), 0x7F) << result.message;
    }
  }
}

}  // namespace
}  // namespace pinchbeck
