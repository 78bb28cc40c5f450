#include "bench/load_relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <queue>
#include <unordered_map>
#include <utility>
#include <vector>

namespace pinchbeck::bench {
namespace {

constexpr std::string_view kStampOpening = "\"load\":[";
// Longer than any stamp.
constexpr std::size_t kStampBytes = 64;

constexpr std::string_view kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

// Whether `input` holds a whole request, which is then taken off it.
bool TakeRequest(std::string& input) {
  const std::size_t end = input.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  constexpr std::string_view kLength = "Content-Length: ";
  const std::size_t at = input.find(kLength);
  const std::size_t length = at < end ? std::strtoul(input.c_str() + at + kLength.size(), nullptr, 10) : 0;
  if (input.size() < end + 4 + length) return false;
  input.erase(0, end + 4 + length);
  return true;
}

std::string Chunk(std::string_view data) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string size;
  for (std::size_t n = data.size(); n > 0; n /= 16) size.insert(size.begin(), kDigits[n % 16]);
  return size + "\r\n" + std::string(data) + "\r\n";
}

class Server {
 public:
  Server(int listener, const LoadScript& script)
      : listener_(listener), script_(script), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    Watch(listener_);
  }

  void Run() {
    std::array<epoll_event, 256> ready;
    while (true) {
      const int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), WaitMs());
      for (int i = 0; i < count; ++i) {
        const int fd = ready[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener_) {
          Accept();
        } else {
          Receive(fd);
        }
      }
      SendDue();
    }
  }

 private:
  struct Connection {
    std::string input;
    // Number of the next event; -1: no request.
    int next = -1;
    // Tells this use of the descriptor from an earlier one.
    std::uint64_t life = 0;
  };
  struct Due {
    std::int64_t at_ns;
    int fd;
    std::uint64_t life;
    bool operator<(const Due& other) const { return at_ns > other.at_ns; }  // the earliest on top
  };

  void Watch(int fd) const {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  // Rounded down, and then awake until the moment: a late event would count as the client's delay.
  [[nodiscard]] int WaitMs() const {
    if (due_.empty()) return -1;
    return static_cast<int>(
        std::clamp<std::int64_t>((due_.top().at_ns - MonotonicNs()) / 1'000'000, 0, 1000));
  }

  void Accept() {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd < 0) return;
      const int yes = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
      connections_[fd] = Connection{{}, -1, ++lives_};
      Watch(fd);
    }
  }

  void Receive(int fd) {
    Connection& connection = connections_[fd];
    std::array<char, 8192> buffer;
    const ssize_t size = recv(fd, buffer.data(), buffer.size(), 0);
    if (size <= 0) return Close(fd);
    connection.input.append(buffer.data(), static_cast<std::size_t>(size));
    if (connection.next >= 0 || !TakeRequest(connection.input)) return;
    connection.next = 0;
    if (!Send(fd, kHead)) return Close(fd);
    // Every stream has its own place in the interval, as if they had started at different times: all of them
    // at once would measure a queue.
    const std::int64_t phase_ns = static_cast<std::int64_t>(answers_++ * 618'033'989 % 1'000'000'000);
    due_.push({MonotonicNs() + script_.interval_ns + script_.interval_ns * phase_ns / 1'000'000'000, fd,
               connection.life});
  }

  void SendDue() {
    while (!due_.empty() && due_.top().at_ns <= MonotonicNs()) {
      const Due due = due_.top();
      due_.pop();
      const auto it = connections_.find(due.fd);
      if (it == connections_.end() || it->second.life != due.life) continue;
      SendEvent(due, it->second);
    }
  }

  void SendEvent(const Due& due, Connection& connection) {
    const int number = connection.next++;
    const bool last = number == script_.events;
    std::string data =
        last ? R"(data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":)"
               R"({"prompt_tokens":9,"completion_tokens":)" +
                   std::to_string(script_.events) + "}}\n\ndata: [DONE]\n\n"
             : R"(data: {"id":"load","model":"m","choices":[{"index":0,"delta":{"content":" tok"}}],)" +
                   std::string(kStampOpening) + std::to_string(number) + ",";
    if (!last) data += std::to_string(MonotonicNs()) + "]}\n\n";
    std::string bytes = Chunk(data);
    if (last) bytes += "0\r\n\r\n";
    if (!Send(due.fd, bytes)) return Close(due.fd);
    if (last) {
      connection.next = -1;
    } else {
      due_.push({due.at_ns + script_.interval_ns, due.fd, connection.life});
    }
  }

  // The small answers fit into the socket's buffer; a client that lets it fill up has fallen seconds behind.
  static bool Send(int fd, std::string_view bytes) {
    return send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }

  void Close(int fd) {
    connections_.erase(fd);
    close(fd);
  }

  int listener_;
  LoadScript script_;
  int epoll_;
  std::uint64_t lives_ = 0;
  std::uint64_t answers_ = 0;
  std::unordered_map<int, Connection> connections_;
  std::priority_queue<Due> due_;
};

}  // namespace

std::int64_t MonotonicNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

bool TakeStamp(std::string_view& text, LoadStamp& stamp) {
  const std::size_t at = text.find(kStampOpening);
  if (at == std::string_view::npos) {
    text.remove_prefix(text.size() - std::min(text.size(), kStampOpening.size() - 1));
    return false;
  }
  text.remove_prefix(at);
  const std::size_t end = text.substr(0, kStampBytes).find(']');
  if (end == std::string_view::npos) return false;
  const std::string_view body = text.substr(kStampOpening.size(), end - kStampOpening.size());
  const auto number = std::from_chars(body.data(), body.data() + body.size(), stamp.number);
  if (number.ptr != body.data() + body.size()) {
    std::from_chars(number.ptr + 1, body.data() + body.size(), stamp.sent_ns);
  }
  text.remove_prefix(end + 1);
  return true;
}

int LoadRelay::Listen(int& port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener, 4096) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return 0;
  }
  port = ntohs(address.sin_port);
  return listener;
}

void LoadRelay::Serve(int listener, const LoadScript& script) {
  // The system rounds waits up by 50 us for ordinary processes.
  prctl(PR_SET_TIMERSLACK, 1UL);
  Server(listener, script).Run();
}

}  // namespace pinchbeck::bench
