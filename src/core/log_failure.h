// How a recording says that a request's answer is missing because a log does not hold it.
#ifndef PINCHBECK_SRC_CORE_LOG_FAILURE_H_
#define PINCHBECK_SRC_CORE_LOG_FAILURE_H_

#include <string_view>

#include "pinchbeck/core/observation.h"

namespace pinchbeck::internal {

// Begins the message of the error; the reason follows. Words of servers never begin a message: the client
// puts words of its own before them.
inline constexpr std::string_view kAnswerNotInLog = "the log does not hold the whole answer";

[[nodiscard]] inline bool IsAnswerNotInLog(const Observation& observation) {
  return observation.error.has_value() && observation.error->kind == ErrorKind::kProtocol &&
         observation.error->message.starts_with(kAnswerNotInLog);
}

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CORE_LOG_FAILURE_H_
