// A raw-socket HTTP server for tests: sends exactly the bytes it is told to, in pieces of a chosen size, and
// can hang, drip, close or reset.
#ifndef PINCHBECK_TESTS_CLIENT_SCRIPTED_SERVER_H_
#define PINCHBECK_TESTS_CLIENT_SCRIPTED_SERVER_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace pinchbeck::testing {

struct ServedRequest {
  std::string head;  // request line and headers
  std::string body;
};

struct Reply {
  enum class After { kKeepOpen, kClose, kReset, kHang };
  std::string bytes;
  After after = After::kKeepOpen;
  // Bytes of each piece, every piece a packet of its own; 0: all at once.
  std::size_t piece_bytes = 0;
  // Not empty: sent again and again after the bytes, a few milliseconds apart, until the client has gone.
  std::string drip = {};
};

inline std::string HttpBytes(int status, std::string_view body, std::string_view headers = "",
                             std::string_view type = "application/json") {
  return "HTTP/1.1 " + std::to_string(status) + " Status\r\nContent-Type: " + std::string(type) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(headers) + "\r\n" +
         std::string(body);
}

inline std::string ChatBody(std::string_view text) {
  return R"({"id":"c","model":"served","choices":[{"index":0,"finish_reason":"stop","message":{"content":")" +
         std::string(text) + R"("}}],"usage":{"prompt_tokens":12,"completion_tokens":3}})";
}

class ScriptedServer {
 public:
  // Gets the request and its number, counted from 0; called from several threads.
  using Handler = std::function<Reply(const ServedRequest&, int)>;

  // Port 0: any free one.
  explicit ScriptedServer(Handler handler, int port = 0) : handler_(std::move(handler)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    // A server that starts again takes its old port while the old connections fade.
    const int yes = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 64) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { Accept(); });
  }

  ~ScriptedServer() {
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      for (const int fd : open_) shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
  }

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url(std::string_view path = "/v1") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  [[nodiscard]] std::vector<ServedRequest> requests() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return requests_;
  }
  [[nodiscard]] int connections() const { return connections_.load(); }

 private:
  void Accept() {
    while (true) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      ++connections_;
      const std::lock_guard<std::mutex> lock(mutex_);
      open_.insert(fd);
      threads_.emplace_back([this, fd] { Serve(fd); });
    }
  }

  void Serve(int fd) {
    std::string input;
    ServedRequest request;
    while (ReadRequest(fd, input, request)) {
      int index = 0;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        index = static_cast<int>(requests_.size());
        requests_.push_back(request);
      }
      const Reply reply = handler_(request, index);
      SendPieces(fd, reply);
      while (!reply.drip.empty() && Send(fd, reply.drip)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
      if (reply.after == Reply::After::kHang) {
        char byte = 0;
        while (recv(fd, &byte, 1, 0) > 0) {
        }
      }
      if (reply.after == Reply::After::kReset) {
        const linger now{1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
      }
      if (reply.after != Reply::After::kKeepOpen) break;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    open_.erase(fd);
    close(fd);
  }

  static void SendPieces(int fd, const Reply& reply) {
    const std::size_t size = reply.piece_bytes == 0 ? reply.bytes.size() : reply.piece_bytes;
    if (reply.piece_bytes != 0) {
      const int yes = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    }
    for (std::size_t at = 0; at < reply.bytes.size(); at += size) {
      if (!Send(fd, std::string_view(reply.bytes).substr(at, size))) return;
      if (reply.piece_bytes != 0) std::this_thread::yield();
    }
  }

  static bool Send(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  static bool ReadRequest(int fd, std::string& input, ServedRequest& request) {
    std::size_t head_end = std::string::npos;
    while ((head_end = input.find("\r\n\r\n")) == std::string::npos) {
      if (!ReadMore(fd, input)) return false;
    }
    request.head = input.substr(0, head_end);
    std::size_t length = 0;
    constexpr std::string_view kLength = "Content-Length: ";
    if (const std::size_t at = request.head.find(kLength); at != std::string::npos) {
      length = std::strtoul(request.head.c_str() + at + kLength.size(), nullptr, 10);
    }
    while (input.size() < head_end + 4 + length) {
      if (!ReadMore(fd, input)) return false;
    }
    request.body = input.substr(head_end + 4, length);
    input.erase(0, head_end + 4 + length);
    return true;
  }

  static bool ReadMore(int fd, std::string& input) {
    char buffer[4096];
    const ssize_t size = recv(fd, buffer, sizeof(buffer), 0);
    if (size <= 0) return false;
    input.append(buffer, static_cast<std::size_t>(size));
    return true;
  }

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::thread acceptor_;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::set<int> open_;
  std::vector<ServedRequest> requests_;
  std::vector<std::thread> threads_;
};

// A port of this machine on which nothing listens.
inline int UnusedPort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  close(fd);
  return ntohs(address.sin_port);
}

}  // namespace pinchbeck::testing

#endif  // PINCHBECK_TESTS_CLIENT_SCRIPTED_SERVER_H_
