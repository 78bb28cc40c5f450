#include "src/client/multi_driver.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>

namespace pinchbeck::internal {

MultiDriver::MultiDriver(CURLM* multi) : multi_(multi), watcher_(epoll_create1(EPOLL_CLOEXEC)) {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, OnSocket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, OnTimer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

MultiDriver::~MultiDriver() {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr);
}

int MultiDriver::OnSocket(CURL* /*easy*/, curl_socket_t socket, int what, void* user, void* known) {
  auto& driver = *static_cast<MultiDriver*>(user);
  driver.Watch(socket, what, known != nullptr);
  // Curl forgets the mark with the socket, so that a number that is used again counts as new.
  if (what != CURL_POLL_REMOVE) curl_multi_assign(driver.multi_, socket, &driver);
  return 0;
}

int MultiDriver::OnTimer(CURLM* /*multi*/, long timeout_ms, void* user) {
  auto& driver = *static_cast<MultiDriver*>(user);
  if (timeout_ms < 0) {
    driver.due_.reset();
  } else {
    driver.due_ = SteadyClock::now() + std::chrono::milliseconds(timeout_ms);
  }
  return 0;
}

void MultiDriver::Watch(curl_socket_t socket, int what, bool known) const {
  if (what == CURL_POLL_REMOVE) {
    (void)epoll_ctl(watcher_.get(), EPOLL_CTL_DEL, socket, nullptr);
    return;
  }
  epoll_event event{};
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) event.events |= EPOLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) event.events |= EPOLLOUT;
  event.data.fd = socket;
  (void)epoll_ctl(watcher_.get(), known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
}

void MultiDriver::RunDue() {
  if (!due_.has_value() || *due_ > SteadyClock::now()) return;
  // Curl sets it anew where something is left to do.
  due_.reset();
  int running = 0;
  curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
}

int MultiDriver::WaitMs(int max_wait_ms) const {
  if (!due_.has_value()) return max_wait_ms;
  // Rounded up: waking a moment too early would mean to spin until the moment has come.
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due_ - SteadyClock::now()).count();
  return static_cast<int>(std::clamp<long long>(left, 0, max_wait_ms));
}

void MultiDriver::Wait(int max_wait_ms) {
  RunDue();
  // What does not fit is handed out by the next call.
  std::array<epoll_event, 64> ready;
  const int count =
      epoll_wait(watcher_.get(), ready.data(), static_cast<int>(ready.size()), WaitMs(max_wait_ms));
  int running = 0;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = ready[static_cast<std::size_t>(i)];
    int bits = 0;
    if ((event.events & (EPOLLIN | EPOLLHUP)) != 0) bits |= CURL_CSELECT_IN;
    if ((event.events & EPOLLOUT) != 0) bits |= CURL_CSELECT_OUT;
    if ((event.events & EPOLLERR) != 0) bits |= CURL_CSELECT_ERR;
    curl_multi_socket_action(multi_, event.data.fd, bits, &running);
  }
  RunDue();
}

}  // namespace pinchbeck::internal
