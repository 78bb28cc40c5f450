#include "src/signal/failure_kind.h"

#include <string_view>

#include "src/core/log_failure.h"

namespace pinchbeck::internal {
namespace {

constexpr std::string_view kAfterText = " after text";
constexpr const char* kNotInLog = "not in log";
// One in so many answers may be missing.
constexpr std::int64_t kMostNotInLog = 100;

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
  if (IsAnswerNotInLog(observation)) return kNotInLog;
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

std::int64_t CountNotInLog(const SampleSet& sample) {
  const auto found = sample.failures.find(kNotInLog);
  return found == sample.failures.end() ? 0 : found->second;
}

bool IsSelectedByLog(const SampleSet& sample) {
  const std::int64_t missing = CountNotInLog(sample);
  return missing * kMostNotInLog > sample.usable + missing;
}

}  // namespace pinchbeck::internal
