#include "src/client/multi_driver.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace pinchbeck::internal {

MultiDriver::MultiDriver(CURLM* multi) : multi_(multi) {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, OnSocket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, OnTimer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
}

MultiDriver::~MultiDriver() {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, nullptr);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, nullptr);
}

int MultiDriver::OnSocket(CURL* /*easy*/, curl_socket_t socket, int what, void* user, void* /*socket_data*/) {
  static_cast<MultiDriver*>(user)->Watch(socket, what);
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

void MultiDriver::Watch(curl_socket_t socket, int what) {
  const auto it = place_.find(socket);
  if (what == CURL_POLL_REMOVE) {
    if (it == place_.end()) return;
    const std::size_t place = it->second;
    place_.erase(it);
    // The last one takes the free place.
    if (place + 1 < sockets_.size()) {
      sockets_[place] = sockets_.back();
      place_[sockets_[place].fd] = place;
    }
    sockets_.pop_back();
    return;
  }
  short events = 0;
  if (what == CURL_POLL_IN || what == CURL_POLL_INOUT) events |= POLLIN;
  if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT) events |= POLLOUT;
  if (it != place_.end()) {
    sockets_[it->second].events = events;
    return;
  }
  place_.emplace(socket, sockets_.size());
  sockets_.push_back({socket, events, 0});
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
  const int count = poll(sockets_.data(), sockets_.size(), WaitMs(max_wait_ms));
  if (count > 0) {
    // Moving one on changes the list, so that what is ready is noted first.
    std::vector<std::pair<curl_socket_t, int>> ready;
    ready.reserve(static_cast<std::size_t>(count));
    for (const pollfd& socket : sockets_) {
      int bits = 0;
      if ((socket.revents & (POLLIN | POLLHUP)) != 0) bits |= CURL_CSELECT_IN;
      if ((socket.revents & POLLOUT) != 0) bits |= CURL_CSELECT_OUT;
      if ((socket.revents & (POLLERR | POLLNVAL)) != 0) bits |= CURL_CSELECT_ERR;
      if (bits != 0) ready.emplace_back(socket.fd, bits);
    }
    int running = 0;
    for (const auto& [socket, bits] : ready) curl_multi_socket_action(multi_, socket, bits, &running);
  }
  RunDue();
}

}  // namespace pinchbeck::internal
