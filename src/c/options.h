// Options that come as JSON.
#ifndef PINCHBECK_SRC_C_OPTIONS_H_
#define PINCHBECK_SRC_C_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/audit/monitor.h"
#include "pinchbeck/audit/observer.h"
#include "pinchbeck/audit/verify.h"

namespace pinchbeck::c {

// Reads members into fields that hold the defaults. The first fault stays, and Finish() reports it or a
// member that nobody asked for.
class OptionReader {
 public:
  // Null: no options.
  explicit OptionReader(const char* text);

  OptionReader& Number(const char* key, double& field);
  OptionReader& Number(const char* key, std::optional<double>& field);
  OptionReader& Count(const char* key, std::int64_t least, std::int64_t& field);
  OptionReader& Count(const char* key, std::uint64_t& field);
  OptionReader& Flag(const char* key, bool& field);
  OptionReader& Text(const char* key, std::string& field);
  OptionReader& Texts(const char* key, std::vector<std::string>& field);
  [[nodiscard]] absl::Status Finish() const;

 private:
  // The member, unless it is absent or null.
  const nlohmann::json* Find(const char* key);
  void Fault(const char* key, const char* expected);

  nlohmann::json object_;
  std::vector<std::string> known_;
  absl::Status status_;
};

[[nodiscard]] absl::StatusOr<VerifyOptions> ReadVerifyOptions(const char* text);
[[nodiscard]] absl::StatusOr<MonitorOptions> ReadMonitorOptions(const char* text);
[[nodiscard]] absl::StatusOr<ObserverOptions> ReadObserverOptions(const char* text);

}  // namespace pinchbeck::c

#endif  // PINCHBECK_SRC_C_OPTIONS_H_
