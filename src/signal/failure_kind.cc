#include "src/signal/failure_kind.h"

#include <string_view>

namespace pinchbeck::internal {
namespace {

constexpr std::string_view kAfterText = " after text";

std::string NameOf(const ErrorRecord& error) {
  switch (error.kind) {
    case ErrorKind::kHttp:
      return error.status ? "http " + std::to_string(*error.status) : "http";
    case ErrorKind::kTimeout:
      return "timeout";
    case ErrorKind::kNetwork:
      return "network";
    case ErrorKind::kProtocol:
      return "protocol";
  }
  return "protocol";
}

}  // namespace

bool FailedAfterText(const Observation& observation) {
  return observation.error.has_value() && observation.response.text.has_value() &&
         !observation.response.text->empty();
}

std::string FailureKind(const Observation& observation) {
  std::string kind = NameOf(*observation.error);
  if (FailedAfterText(observation)) kind += kAfterText;
  return kind;
}

std::int64_t CountAfterText(const std::map<std::string, std::int64_t>& failures) {
  std::int64_t count = 0;
  for (const auto& [kind, times] : failures) {
    if (kind.ends_with(kAfterText)) count += times;
  }
  return count;
}

}  // namespace pinchbeck::internal
