// The records of a log file, wherever they stand.
#ifndef PINCHBECK_SRC_CLIENT_LOG_RECORDS_H_
#define PINCHBECK_SRC_CLIENT_LOG_RECORDS_H_

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"

namespace pinchbeck::internal {

struct LogRecordLimits {
  // Of a record on a line of its own.
  std::size_t max_record_bytes = 0;
  // Of a list of records or a document over several lines, which are read whole.
  std::size_t max_document_bytes = 0;
};

// Calls back with each record and its place ("FILE:7", "FILE[7]"). A record a line, a list of records, or
// one document; {"data": [...]}, as APIs answer, is a list. Lines are read one by one. A record need not be
// an object. Errors name the place: not JSON, too long.
[[nodiscard]] absl::Status ForEachLogRecord(
    const std::string& path, const LogRecordLimits& limits,
    const std::function<absl::Status(const nlohmann::json& record, const std::string& place)>& visit);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CLIENT_LOG_RECORDS_H_
