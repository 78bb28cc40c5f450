#include "pinchbeck/client/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

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
using pinchbeck::testing::WaitFor;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(CurlTransport, SendsHeadersBodyAndKey) {
  ScriptedServer server(
      [](const ServedRequest&, int) { return Reply{HttpBytes(200, "answer", "X-Thing: 1\r\n")}; });
  const auto transport = MakeTransport();
  TransferRequest request = MakeRequest(server.url("/v1/chat/completions"));
  request.api_key = Secret(kCanary);
  Collected collected;
  const TransferResult result = Send(*transport, request, collected);
  EXPECT_EQ(result.failure, TransferFailure::kNone) << result.message;
  EXPECT_EQ(collected.status, 200);
  EXPECT_EQ(collected.body, "answer");
  EXPECT_EQ(collected.content_type, "application/json");
  EXPECT_EQ(result.head.Header("x-thing"), "1");
  ASSERT_EQ(server.requests().size(), 1U);
  const ServedRequest seen = server.requests()[0];
  EXPECT_THAT(seen.head, HasSubstr("POST /v1/chat/completions HTTP/1.1"));
  EXPECT_THAT(seen.head, HasSubstr("Authorization: Bearer canary-key-7f3a9c"));
  EXPECT_THAT(seen.head, HasSubstr("Content-Type: application/json"));
  EXPECT_THAT(seen.head, Not(HasSubstr("Expect:")));
  EXPECT_EQ(seen.body, R"({"a":1})");
}

TEST(CurlTransport, WithoutAKeyThereIsNoAuthorization) {
  ScriptedServer server([](const ServedRequest&, int) { return Reply{HttpBytes(200, "")}; });
  const auto transport = MakeTransport();
  Collected collected;
  EXPECT_EQ(Send(*transport, MakeRequest(server.url()), collected).failure, TransferFailure::kNone);
  EXPECT_EQ(collected.status, 200) << "an answer without a body is announced too";
  EXPECT_THAT(server.requests()[0].head, Not(HasSubstr("Authorization")));
}

TEST(CurlTransport, RefusesToSendAKeyUnencryptedToAnotherMachine) {
  const auto transport = MakeTransport();
  TransferRequest request = MakeRequest("http://relay.example/v1");
  request.api_key = Secret(kCanary);
  Collected collected;
  const absl::Status status = transport->Start(request, collected).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), HasSubstr("https"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr(kCanary)));
}

TEST(CurlTransport, RefusesAKeyThatWouldAddHeaders) {
  const auto transport = MakeTransport();
  TransferRequest request = MakeRequest("http://127.0.0.1:9/v1");
  request.api_key = Secret("canary\r\nX-Evil: 1");
  Collected collected;
  const absl::Status status = transport->Start(request, collected).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("canary")));
}

TEST(CurlTransport, RefusesOtherProtocols) {
  const auto transport = MakeTransport();
  Collected collected;
  for (const char* url : {"file:///etc/hostname", "ftp://127.0.0.1/x", "gopher://127.0.0.1/"}) {
    EXPECT_EQ(transport->Start(MakeRequest(url), collected).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(CurlTransport, NeverFollowsARedirect) {
  ScriptedServer other([](const ServedRequest&, int) { return Reply{HttpBytes(200, "other")}; });
  ScriptedServer server([&](const ServedRequest&, int) {
    return Reply{HttpBytes(307, "", "Location: " + other.url("/v1/chat/completions") + "\r\n")};
  });
  const auto transport = MakeTransport();
  TransferRequest request = MakeRequest(server.url());
  request.api_key = Secret(kCanary);
  Collected collected;
  const TransferResult result = Send(*transport, request, collected);
  EXPECT_EQ(result.head.status, 307);
  EXPECT_EQ(result.head.Header("location"), other.url("/v1/chat/completions"));
  EXPECT_EQ(other.connections(), 0);
}

TEST(CurlTransport, UsesAConnectionAgainAndThenReportsNoConnectTime) {
  ScriptedServer server([](const ServedRequest&, int) { return Reply{HttpBytes(200, "x")}; });
  const auto transport = MakeTransport();
  Collected collected;
  EXPECT_TRUE(Send(*transport, MakeRequest(server.url()), collected).connect_s.has_value());
  EXPECT_FALSE(Send(*transport, MakeRequest(server.url()), collected).connect_s.has_value());
  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlTransport, SeveralRequestsAreInFlightTogether) {
  // Each handler waits until all three requests have arrived: with fewer in flight this would never end.
  std::atomic<int> arrived{0};
  ScriptedServer server([&](const ServedRequest& request, int) {
    ++arrived;
    while (arrived.load() < 3) std::this_thread::yield();
    return Reply{HttpBytes(200, request.body)};
  });
  const auto transport = MakeTransport();
  Collected collected[3];
  for (int i = 0; i < 3; ++i) {
    TransferRequest request = MakeRequest(server.url());
    request.http.body = std::to_string(i);
    ASSERT_TRUE(transport->Start(request, collected[i]).ok());
  }
  int finished = 0;
  while (finished < 3) finished += static_cast<int>(transport->Poll(absl::Seconds(1)).size());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(collected[i].body, std::to_string(i));
  EXPECT_EQ(server.connections(), 3);
}

TEST(CurlTransport, StampsEveryPieceOfAStream) {
  httplib::Server server;
  std::mutex mutex;
  std::condition_variable go_on;
  int received = 0;
  server.Post("/v1", [&](const httplib::Request&, httplib::Response& response) {
    response.set_chunked_content_provider("text/event-stream", [&](std::size_t, httplib::DataSink& sink) {
      for (int i = 0; i < 3; ++i) {
        // The next event goes out only after the client has seen the one before.
        std::unique_lock<std::mutex> lock(mutex);
        go_on.wait(lock, [&] { return received >= i; });
        const std::string event = "data: " + std::to_string(i) + "\n\n";
        sink.write(event.data(), event.size());
      }
      sink.done();
      return true;
    });
  });
  const int port = server.bind_to_any_port("127.0.0.1");
  std::thread thread([&] { server.listen_after_bind(); });

  struct Handler final : TransferHandler {
    std::mutex& mutex;
    std::condition_variable& go_on;
    int& received;
    std::vector<double> arrivals;
    Handler(std::mutex& m, std::condition_variable& c, int& r) : mutex(m), go_on(c), received(r) {}
    void OnHead(const ResponseHead&) override {}
    absl::Status OnBytes(std::string_view, double arrival_s) override {
      arrivals.push_back(arrival_s);
      const std::lock_guard<std::mutex> lock(mutex);
      ++received;
      go_on.notify_all();
      return absl::OkStatus();
    }
  } handler(mutex, go_on, received);

  const auto transport = MakeTransport();
  TransferRequest request = MakeRequest("http://127.0.0.1:" + std::to_string(port) + "/v1");
  request.http.stream = true;
  const absl::StatusOr<std::int64_t> id = transport->Start(request, handler);
  ASSERT_TRUE(id.ok());
  const TransferResult result = WaitFor(*transport, *id);
  server.stop();
  thread.join();
  EXPECT_EQ(result.failure, TransferFailure::kNone) << result.message;
  ASSERT_EQ(handler.arrivals.size(), 3U);
  EXPECT_GT(handler.arrivals[0], 0.0);
  EXPECT_LT(handler.arrivals[0], handler.arrivals[1]);
  EXPECT_LT(handler.arrivals[1], handler.arrivals[2]);
  EXPECT_LE(handler.arrivals[2], result.total_s);
}

// --- TLS ---

struct SelfSigned {
  SelfSigned() {
    key = EVP_EC_gen("P-256");
    certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("127.0.0.1"),
                               -1, -1, 0);
    X509_set_issuer_name(certificate, name);
    X509_sign(certificate, key, EVP_sha256());
  }
  ~SelfSigned() {
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  EVP_PKEY* key;
  X509* certificate;
};

TEST(CurlTransport, AnUntrustedCertificateIsRefusedBeforeTheKeyIsSent) {
  const SelfSigned identity;
  httplib::SSLServer server(identity.certificate, identity.key);
  ASSERT_TRUE(server.is_valid());
  std::atomic<int> served{0};
  server.Post("/v1", [&](const httplib::Request&, httplib::Response&) { ++served; });
  const int port = server.bind_to_any_port("127.0.0.1");
  std::thread thread([&] { server.listen_after_bind(); });
  const auto transport = MakeTransport();
  TransferRequest request = MakeRequest("https://127.0.0.1:" + std::to_string(port) + "/v1");
  request.api_key = Secret(kCanary);
  Collected collected;
  const TransferResult result = Send(*transport, request, collected);
  server.stop();
  thread.join();
  EXPECT_EQ(result.failure, TransferFailure::kTls);
  EXPECT_THAT(result.message, HasSubstr("certificate"));
  EXPECT_EQ(served.load(), 0);
}

}  // namespace
}  // namespace pinchbeck
