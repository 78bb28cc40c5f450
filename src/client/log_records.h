// The records of a log file, wherever they stand.
#ifndef PINCHBECK_SRC_CLIENT_LOG_RECORDS_H_
#define PINCHBECK_SRC_CLIENT_LOG_RECORDS_H_

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"

namespace pinchbeck::internal {

// Calls back with each record, an object, and its place ("FILE:7", "FILE[7]"). A record a line, a list of
// records, or one document; {"data": [...]}, as APIs answer, is a list. Errors name the place.
[[nodiscard]] absl::Status ForEachLogRecord(
    const std::string& path, std::size_t max_bytes,
    const std::function<absl::Status(const nlohmann::json& record, const std::string& place)>& visit);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_LOG_RECORDS_H_
