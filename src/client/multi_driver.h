// Moves the transfers of a curl multi handle on, at a cost that grows with what happens and not with what is
// open.
#ifndef PINCHBECK_SRC_CLIENT_MULTI_DRIVER_H_
#define PINCHBECK_SRC_CLIENT_MULTI_DRIVER_H_

#include <curl/curl.h>
#include <poll.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

namespace pinchbeck::internal {

// curl_multi_perform() asks the system about every transfer, one call each: with hundreds of open streams an
// event would wait for all the others. This waits for all sockets in one call and then moves only those on
// that have something.
class MultiDriver {
 public:
  // The handle must outlive this object, and nobody else may set its socket and timer functions.
  explicit MultiDriver(CURLM* multi);
  MultiDriver(const MultiDriver&) = delete;
  MultiDriver& operator=(const MultiDriver&) = delete;
  // Curl calls nothing back afterwards.
  ~MultiDriver();

  // Does what is due without waiting: starts transfers that were added, ends those whose time is over.
  void RunDue();
  // Waits up to `max_wait_ms` for something to happen and does it.
  void Wait(int max_wait_ms);

 private:
  using SteadyClock = std::chrono::steady_clock;

  static int OnSocket(CURL* easy, curl_socket_t socket, int what, void* user, void* socket_data);
  static int OnTimer(CURLM* multi, long timeout_ms, void* user);
  void Watch(curl_socket_t socket, int what);
  [[nodiscard]] int WaitMs(int max_wait_ms) const;

  CURLM* multi_;
  // As poll() takes them, in no order; the map says where each socket stands.
  std::vector<pollfd> sockets_;
  std::unordered_map<curl_socket_t, std::size_t> place_;
  std::optional<SteadyClock::time_point> due_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_MULTI_DRIVER_H_
