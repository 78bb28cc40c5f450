// Moves the transfers of a curl multi handle on, at a cost that grows with what happens and not with what is
// open.
#ifndef PINCHBECK_SRC_CLIENT_MULTI_DRIVER_H_
#define PINCHBECK_SRC_CLIENT_MULTI_DRIVER_H_

#include <curl/curl.h>

#include <chrono>
#include <optional>

#include "src/internal/posix_file.h"

namespace pinchbeck::internal {

// curl_multi_perform() asks the system about every transfer, one call each: with hundreds of open streams an
// event would wait for all the others. This lets the system say which sockets have something and moves only
// those on.
class MultiDriver {
 public:
  // The handle must outlive this object, and nobody else may set its socket and timer functions.
  explicit MultiDriver(CURLM* multi);
  MultiDriver(const MultiDriver&) = delete;
  MultiDriver& operator=(const MultiDriver&) = delete;
  // Curl calls nothing back afterwards.
  ~MultiDriver();

  // Whether the system gave what is needed; without it nothing moves.
  [[nodiscard]] bool ok() const { return watcher_.is_open(); }

  // Does what is due without waiting: starts transfers that were added, ends those whose time is over.
  void RunDue();
  // Waits up to `max_wait_ms` for something to happen and does it.
  void Wait(int max_wait_ms);

 private:
  using SteadyClock = std::chrono::steady_clock;

  static int OnSocket(CURL* easy, curl_socket_t socket, int what, void* user, void* known);
  static int OnTimer(CURLM* multi, long timeout_ms, void* user);
  void Watch(curl_socket_t socket, int what, bool known) const;
  [[nodiscard]] int WaitMs(int max_wait_ms) const;

  CURLM* multi_;
  FileDescriptor watcher_;
  std::optional<SteadyClock::time_point> due_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_MULTI_DRIVER_H_
