// A network that fails for a while, a server that starts again, a clock that is set back, and every HTTP
// status, over real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "pinchbeck/client/client.h"
#include "pinchbeck/client/openai_chat.h"
#include "tests/client/collect_bench.h"
#include "tests/client/scripted_server.h"

namespace pinchbeck {
namespace {

using pinchbeck::testing::ChatBody;
using pinchbeck::testing::HttpBytes;
using pinchbeck::testing::MakeBattery;
using pinchbeck::testing::MemorySink;
using pinchbeck::testing::Reply;
using pinchbeck::testing::ScriptedServer;
using pinchbeck::testing::ServedRequest;
using ::testing::HasSubstr;

Reply Serve(const ServedRequest&, int) { return Reply{HttpBytes(200, ChatBody("7"))}; }

// The real transport, with a look at every result.
class WatchedTransport final : public Transport {
 public:
  explicit WatchedTransport(std::function<void(const TransferResult&)> watch) : watch_(std::move(watch)) {}
  absl::StatusOr<std::int64_t> Start(const TransferRequest& request, TransferHandler& handler) override {
    return real_->Start(request, handler);
  }
  void Cancel(std::int64_t id) override { real_->Cancel(id); }
  std::vector<TransferResult> Poll(absl::Duration max_wait) override {
    std::vector<TransferResult> results = real_->Poll(max_wait);
    for (const TransferResult& result : results) watch_(result);
    return results;
  }

 private:
  std::unique_ptr<Transport> real_ = *MakeCurlTransport();
  std::function<void(const TransferResult&)> watch_;
};

// The system's clock with a calendar that can be set; time that has passed is not touched.
class SetClock final : public Clock {
 public:
  absl::Time Now() override { return real_->Now() + shift; }
  absl::Duration Monotonic() override { return real_->Monotonic(); }
  absl::Duration shift;

 private:
  std::unique_ptr<Clock> real_ = MakeSystemClock();
};

// A free port that the system gives to no connection of its own accord: a client that calls a closed port of
// that range can end up connected to itself.
int PortForRestarts() {
  constexpr int kFirst = 20000;
  constexpr int kCount = 12000;
  for (int i = 0; i < kCount; ++i) {
    const int port = kFirst + (getpid() * 7 + i) % kCount;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool free = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
    close(fd);
    if (free) return port;
  }
  return 0;
}

class NetworkTest : public ::testing::Test {
 protected:
  NetworkTest() {
    options_.samples_per_probe = 10;
    options_.concurrency = 2;
    options_.retry.initial_delay = absl::Milliseconds(1);
    options_.retry.max_delay = absl::Milliseconds(4);
  }
  absl::StatusOr<CollectSummary> Collect(const std::string& url) {
    WatchedTransport transport([this](const TransferResult& result) { on_result_(result); });
    const Endpoint endpoint{url, "m", Secret()};
    return pinchbeck::Collect(endpoint, battery_, options_, {dialect_, transport, clock_, sink_});
  }
  // Every pair of probe and sample has exactly one good answer.
  void ExpectEachOnce() const {
    std::set<std::pair<std::string, std::int64_t>> pairs;
    for (const Observation& o : sink_.observations) {
      EXPECT_FALSE(o.error.has_value()) << o.error->message;
      EXPECT_TRUE(pairs.emplace(o.probe, o.sample.value_or(-1)).second);
    }
    EXPECT_EQ(pairs.size(), battery_.probes.size() * static_cast<std::size_t>(options_.samples_per_probe));
  }

  OpenAiChatDialect dialect_;
  SetClock clock_;
  MemorySink sink_;
  Battery battery_ = MakeBattery(2);
  CollectOptions options_;
  std::function<void(const TransferResult&)> on_result_ = [](const TransferResult&) {};
};

TEST_F(NetworkTest, DownForAWhile) {
  auto server = std::make_unique<ScriptedServer>(Serve, PortForRestarts());
  const int port = server->port();
  const std::string url = server->url();
  int answered = 0;
  int refused = 0;
  on_result_ = [&](const TransferResult& result) {
    if (result.failure == TransferFailure::kNone && ++answered == 5) server.reset();
    if (result.failure == TransferFailure::kRefused && ++refused == 6) {
      server = std::make_unique<ScriptedServer>(Serve, port);
    }
  };
  options_.retry.max_retries = 50;
  const auto summary = Collect(url);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->stop_reason, StopReason::kCompleted);
  EXPECT_GE(summary->retried, 6);
  EXPECT_EQ(summary->failed, 0);
  ExpectEachOnce();
}

TEST_F(NetworkTest, DownLongerThanTheRetriesThenResumed) {
  auto server = std::make_unique<ScriptedServer>(Serve, PortForRestarts());
  const int port = server->port();
  const std::string url = server->url();
  int answered = 0;
  on_result_ = [&](const TransferResult& result) {
    if (result.failure == TransferFailure::kNone && ++answered == 5) server.reset();
  };
  const auto broken = Collect(url);
  ASSERT_TRUE(broken.ok()) << broken.status();
  // The fifth, and what else had arrived when the server went.
  EXPECT_GE(broken->ok, 5);
  EXPECT_LT(broken->ok, 20);
  ASSERT_FALSE(broken->failures.empty());
  EXPECT_EQ(broken->failures[0].example.kind, ErrorKind::kNetwork);
  // What a second run learns from the recording of the first.
  std::vector<Observation> good;
  for (const Observation& o : sink_.observations) {
    if (o.error.has_value()) continue;
    options_.completed.Add(o.probe, o.sample.value_or(-1));
    good.push_back(o);
  }
  sink_.observations = good;
  server = std::make_unique<ScriptedServer>(Serve, port);
  on_result_ = [](const TransferResult&) {};
  const auto resumed = Collect(url);
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_EQ(resumed->skipped_by_resume, broken->ok);
  EXPECT_EQ(resumed->failed, 0);
  ExpectEachOnce();
}

// Open connections die with the old server; the requests on them are sent again.
TEST_F(NetworkTest, TheServerStartsAgainAndAgain) {
  auto server = std::make_unique<ScriptedServer>(Serve, PortForRestarts());
  const int port = server->port();
  const std::string url = server->url();
  int answered = 0;
  on_result_ = [&](const TransferResult& result) {
    if (result.failure != TransferFailure::kNone || ++answered % 3 != 0) return;
    server.reset();
    server = std::make_unique<ScriptedServer>(Serve, port);
  };
  options_.retry.max_retries = 50;
  const auto summary = Collect(url);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->failed, 0);
  ExpectEachOnce();
}

TEST_F(NetworkTest, TheClockIsSetBackAndForth) {
  ScriptedServer server([](const ServedRequest&, int index) {
    return index % 3 == 1 ? Reply{HttpBytes(503, R"({"error":{"message":"busy"}})")} : Serve({}, 0);
  });
  int results = 0;
  on_result_ = [&](const TransferResult&) {
    ++results;
    clock_.shift = results % 2 == 0 ? -absl::Hours(24 * 400) : absl::Hours(24 * 400);
  };
  options_.retry.max_retries = 20;
  const auto summary = Collect(server.url());
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->stop_reason, StopReason::kCompleted);
  EXPECT_GT(summary->retried, 0);
  ExpectEachOnce();
  for (const Observation& o : sink_.observations) {
    // Times come from a clock that nobody sets.
    ASSERT_TRUE(o.timing.total_s.has_value());
    EXPECT_GE(*o.timing.total_s, 0.0);
    EXPECT_LT(*o.timing.total_s, 60.0);
    const absl::StatusOr<Observation> again = ParseObservation(SerializeObservation(o));
    EXPECT_TRUE(again.ok()) << again.status();
  }
}

// A date in Retry-After means a pause of many days to a clock that is behind: that is no reason to wait them.
TEST_F(NetworkTest, ADateFromTheServerIsNotWaitedForWhenTheClockIsWrong) {
  const std::string date = absl::FormatTime("%a, %d %b %E4Y %H:%M:%S GMT", absl::Now(), absl::UTCTimeZone());
  ScriptedServer server([&](const ServedRequest&, int) {
    return Reply{HttpBytes(429, R"({"error":{"message":"slow down"}})", "Retry-After: " + date + "\r\n")};
  });
  clock_.shift = -absl::Hours(24 * 30);
  options_.samples_per_probe = 1;
  const auto summary = Collect(server.url());
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->failed, 2);
  EXPECT_EQ(summary->retried, 0);
}

// --- Every status ---

bool IsRedirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// The rule of pinchbeck/client/retry.h, spelled out once more.
bool IsRetried(int status) { return status == 408 || status == 409 || status == 429 || status >= 500; }

Reply AnswerWith(int status) {
  // Interim answers are followed by the real one; 204 and 304 never have a body.
  if (status < 200)
    return Reply{"HTTP/1.1 " + std::to_string(status) + " Interim\r\n\r\n" + Serve({}, 0).bytes};
  if (status == 204 || status == 304) return Reply{"HTTP/1.1 " + std::to_string(status) + " Empty\r\n\r\n"};
  if (status < 300) return Reply{HttpBytes(status, ChatBody("7"))};
  const char* const location = IsRedirect(status) ? "Location: https://elsewhere.example/v1\r\n" : "";
  return Reply{HttpBytes(status, R"({"error":{"message":"no luck","type":"t"}})", location)};
}

TEST_F(NetworkTest, EveryHttpStatus) {
  battery_ = MakeBattery(1);
  options_.samples_per_probe = 1;
  options_.retry.max_retries = 2;
  options_.retry.initial_delay = absl::Microseconds(10);
  for (int status = 100; status < 600; ++status) {
    SCOPED_TRACE(status);
    // A server that changes the protocol does not go on in HTTP.
    if (status == 101) continue;
    ScriptedServer server([status](const ServedRequest&, int) { return AnswerWith(status); });
    sink_.observations.clear();
    const auto summary = Collect(server.url());
    ASSERT_TRUE(summary.ok()) << summary.status();
    ASSERT_EQ(sink_.observations.size(), 1U);
    const std::optional<ErrorRecord>& error = sink_.observations[0].error;
    EXPECT_EQ(summary->requests, IsRetried(status) ? 3 : 1);
    EXPECT_EQ(error.has_value(), status >= 300 || status == 204);
    if (!error.has_value()) {
      EXPECT_EQ(sink_.observations[0].response.text, "7");
      continue;
    }
    EXPECT_EQ(error->kind, status == 204 ? ErrorKind::kProtocol : ErrorKind::kHttp);
    EXPECT_EQ(error->status, status);
    EXPECT_FALSE(sink_.observations[0].response.text.has_value());
    if (IsRedirect(status)) {
      EXPECT_THAT(error->message, HasSubstr("elsewhere.example"));
    } else if (status >= 300 && status != 304) {
      EXPECT_THAT(error->message, HasSubstr("no luck"));
    }
  }
}

TEST_F(NetworkTest, AnEndpointThatChangesTheProtocolIsAnError) {
  battery_ = MakeBattery(1);
  options_.samples_per_probe = 1;
  options_.retry.max_retries = 0;
  options_.timeouts.total = absl::Milliseconds(200);
  ScriptedServer server([](const ServedRequest&, int) {
    return Reply{
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\nother bytes",
        Reply::After::kClose};
  });
  const auto summary = Collect(server.url());
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->failed, 1);
}

}  // namespace
}  // namespace pinchbeck
