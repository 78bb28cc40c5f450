// Which run a report comes from: what its reader needs to repeat it.
#ifndef PINCHBECK_REPORT_REPORT_RUN_H_
#define PINCHBECK_REPORT_REPORT_RUN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pinchbeck {

// A file that was read.
struct ReportInput {
  // "fingerprint", "recording", "recording A", "alternative" and the like.
  std::string role;
  std::string path;
  // Absent where the bytes that were read are not there any more: a pipe, answers that were not kept, or a
  // file that has changed since.
  std::optional<std::string> sha256;
  std::uint64_t bytes = 0;
};

// The caller fills it in: the library does not know its command line. It goes into files that are passed on,
// so it must hold no key.
struct ReportRun {
  // Empty where there is none: an audit through the library.
  std::string command;
  std::vector<ReportInput> inputs;
  // What the command alone does not bring back, one sentence; empty if nothing.
  std::string caveat;
};

}  // namespace pinchbeck

#endif  // PINCHBECK_REPORT_REPORT_RUN_H_
