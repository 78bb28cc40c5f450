#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <utility>

#include "absl/time/time.h"
#include "pinchbeck/client/transport.h"
#include "src/client/curl_failure.h"
#include "tests/client/scripted_server.h"
#include "tests/client/transport_helpers.h"

namespace pinchbeck {
namespace {

using pinchbeck::testing::Collected;
using pinchbeck::testing::HttpBytes;
using pinchbeck::testing::MakeRequest;
using pinchbeck::testing::MakeTransport;
using pinchbeck::testing::Reply;
using pinchbeck::testing::ScriptedServer;
using pinchbeck::testing::Send;
using pinchbeck::testing::ServedRequest;
using pinchbeck::testing::UnusedPort;
using pinchbeck::testing::WithLongerLimits;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(CurlTransport, RefusedConnection) {
  const auto transport = MakeTransport();
  Collected collected;
  const TransferResult result =
      Send(*transport, MakeRequest("http://127.0.0.1:" + std::to_string(UnusedPort()) + "/v1"), collected);
  EXPECT_EQ(result.failure, TransferFailure::kRefused);
  EXPECT_THAT(result.message, HasSubstr("is the server running"));
  EXPECT_EQ(result.head.status, 0);
}

TEST(CurlTransport, SilenceBeforeTheAnswer) {
  ScriptedServer server([](const ServedRequest&, int) { return Reply{"", Reply::After::kHang}; });
  const auto transport = MakeTransport();
  WithLongerLimits([&](absl::Duration limit) {
    TransferRequest request = MakeRequest(server.url());
    request.timeouts.total = limit;
    Collected collected;
    const TransferResult result = Send(*transport, request, collected);
    return result.failure == TransferFailure::kTimeout &&
           result.message.find("sent no answer in time") != std::string::npos;
  });
}

TEST(CurlTransport, SilenceInTheMiddleOfTheAnswer) {
  ScriptedServer server([](const ServedRequest&, int) {
    return Reply{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", Reply::After::kHang};
  });
  const auto transport = MakeTransport();
  TransferRequest request = MakeRequest(server.url());
  request.timeouts.idle = absl::Milliseconds(60);
  Collected collected;
  std::int64_t id = *transport->Start(request, collected);
  TransferResult result;
  while (result.id != id) {
    for (TransferResult& r : transport->Poll(absl::Milliseconds(20))) result = std::move(r);
  }
  EXPECT_EQ(result.failure, TransferFailure::kTimeout);
  EXPECT_THAT(result.message, HasSubstr("did not end in time"));
  EXPECT_EQ(collected.body, "half");
}

TEST(CurlTransport, CloseBeforeTheEnd) {
  for (const Reply::After after : {Reply::After::kClose, Reply::After::kReset}) {
    ScriptedServer server([&](const ServedRequest&, int) {
      return Reply{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", after};
    });
    const auto transport = MakeTransport();
    Collected collected;
    const TransferResult result = Send(*transport, MakeRequest(server.url()), collected);
    EXPECT_EQ(result.failure, TransferFailure::kClosed);
    EXPECT_THAT(result.message, HasSubstr("closed before the answer was complete"));
  }
}

TEST(CurlTransport, CloseWithoutAnAnswer) {
  ScriptedServer server([](const ServedRequest&, int) { return Reply{"", Reply::After::kClose}; });
  const auto transport = MakeTransport();
  Collected collected;
  EXPECT_EQ(Send(*transport, MakeRequest(server.url()), collected).failure, TransferFailure::kClosed);
}

TEST(CurlTransport, SomethingElseThanHttp) {
  ScriptedServer server([](const ServedRequest&, int) {
    return Reply{"SSH-2.0-OpenSSH_9\r\n", Reply::After::kClose};
  });
  const auto transport = MakeTransport();
  Collected collected;
  const TransferResult result = Send(*transport, MakeRequest(server.url()), collected);
  EXPECT_EQ(result.failure, TransferFailure::kNotHttp);
  EXPECT_THAT(result.message, HasSubstr("HTTP"));
}

TEST(CurlTransport, PlainHttpWhereTlsIsExpected) {
  ScriptedServer plain([](const ServedRequest&, int) { return Reply{HttpBytes(400, "")}; });
  const auto transport = MakeTransport();
  TransferRequest request = MakeRequest("https://127.0.0.1:" + std::to_string(plain.port()) + "/v1");
  request.timeouts.connect = absl::Milliseconds(500);
  Collected collected;
  const TransferResult result = Send(*transport, request, collected);
  EXPECT_TRUE(result.failure == TransferFailure::kTls || result.failure == TransferFailure::kConnectTimeout)
      << result.message;
}

TEST(CurlTransport, TooLargeAnAnswer) {
  ScriptedServer server(
      [](const ServedRequest&, int) { return Reply{HttpBytes(200, std::string(5000, 'x'))}; });
  const auto transport = MakeTransport({.max_response_bytes = 1000});
  Collected collected;
  const TransferResult result = Send(*transport, MakeRequest(server.url()), collected);
  EXPECT_EQ(result.failure, TransferFailure::kTooLarge);
  EXPECT_THAT(result.message, HasSubstr("1000 bytes"));
  EXPECT_LE(collected.body.size(), 1000U);
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

TEST(CurlTransport, DecodesGzipAlsoWhenItWasNotAskedFor) {
  const std::string packed = Gzip("hello hello hello");
  ScriptedServer server(
      [&](const ServedRequest&, int) { return Reply{HttpBytes(200, packed, "Content-Encoding: gzip\r\n")}; });
  const auto transport = MakeTransport();
  for (const bool stream : {false, true}) {
    TransferRequest request = MakeRequest(server.url());
    request.http.stream = stream;
    Collected collected;
    EXPECT_EQ(Send(*transport, request, collected).failure, TransferFailure::kNone);
    EXPECT_EQ(collected.body, "hello hello hello");
  }
  EXPECT_THAT(server.requests()[0].head, HasSubstr("gzip"));
  EXPECT_THAT(server.requests()[1].head, HasSubstr("Accept-Encoding: identity"));
}

TEST(CurlTransport, ASmallCompressedAnswerCannotGrowWithoutBound) {
  const std::string packed = Gzip(std::string(4 << 20, '\0'));
  ASSERT_LT(packed.size(), 10000U);
  ScriptedServer server(
      [&](const ServedRequest&, int) { return Reply{HttpBytes(200, packed, "Content-Encoding: gzip\r\n")}; });
  const auto transport = MakeTransport({.max_response_bytes = 65536});
  Collected collected;
  EXPECT_EQ(Send(*transport, MakeRequest(server.url()), collected).failure, TransferFailure::kTooLarge);
  EXPECT_LE(collected.body.size(), 65536U);
}

TEST(CurlTransport, TooManyHeaders) {
  std::string headers;
  for (int i = 0; i < 100; ++i) headers += "X-Long: " + std::string(100, 'y') + "\r\n";
  ScriptedServer server([&](const ServedRequest&, int) { return Reply{HttpBytes(200, "x", headers)}; });
  const auto transport = MakeTransport({.max_header_bytes = 4096});
  Collected collected;
  EXPECT_EQ(Send(*transport, MakeRequest(server.url()), collected).failure, TransferFailure::kTooLarge);
}

TEST(CurlTransport, TheHandlerCanStopATransfer) {
  ScriptedServer server([](const ServedRequest&, int) { return Reply{HttpBytes(200, "abc")}; });
  const auto transport = MakeTransport();
  Collected collected;
  collected.verdict = absl::DataLossError("odd bytes");
  const TransferResult result = Send(*transport, MakeRequest(server.url()), collected);
  EXPECT_EQ(result.failure, TransferFailure::kRejected);
  EXPECT_EQ(result.message, "odd bytes");
}

TEST(CurlTransport, ACancelledRequestGivesNoResult) {
  ScriptedServer server([](const ServedRequest&, int index) {
    return index == 0 ? Reply{"", Reply::After::kHang} : Reply{HttpBytes(200, "x")};
  });
  const auto transport = MakeTransport();
  Collected first;
  Collected second;
  const std::int64_t cancelled = *transport->Start(MakeRequest(server.url()), first);
  while (server.requests().empty()) (void)transport->Poll(absl::Milliseconds(5));
  transport->Cancel(cancelled);
  transport->Cancel(12345);  // unknown: nothing happens
  EXPECT_EQ(Send(*transport, MakeRequest(server.url()), second).failure, TransferFailure::kNone);
}

// --- Words ---

TEST(ClassifyFailure, TellsConnectingFromWaiting) {
  internal::FailureContext context;
  EXPECT_EQ(internal::ClassifyFailure(CURLE_OPERATION_TIMEDOUT, context), TransferFailure::kConnectTimeout);
  context.connected = true;
  EXPECT_EQ(internal::ClassifyFailure(CURLE_OPERATION_TIMEDOUT, context), TransferFailure::kTimeout);
  EXPECT_EQ(internal::ClassifyFailure(CURLE_COULDNT_RESOLVE_HOST, context), TransferFailure::kDns);
  EXPECT_EQ(internal::ClassifyFailure(CURLE_SSL_CONNECT_ERROR, context), TransferFailure::kTls);
  EXPECT_EQ(internal::ClassifyFailure(CURLE_OK, context), TransferFailure::kNone);
}

TEST(DescribeFailure, EveryMessageNamesTheHost) {
  internal::FailureContext context;
  context.origin = "https://relay.example";
  context.detail = "some\x1b[2Jdetail";
  for (int i = 1; i <= static_cast<int>(TransferFailure::kOther); ++i) {
    const std::string text = internal::DescribeFailure(static_cast<TransferFailure>(i), context);
    EXPECT_THAT(text, HasSubstr("https://relay.example"));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  }
}

}  // namespace
}  // namespace pinchbeck
