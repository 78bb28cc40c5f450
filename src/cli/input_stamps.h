// Which files a report was made from, and whether they are still the same.
#ifndef PINCHBECK_SRC_CLI_INPUT_STAMPS_H_
#define PINCHBECK_SRC_CLI_INPUT_STAMPS_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/report/report_run.h"

namespace pinchbeck::cli {

// What the file system says of files before they are read. A report names the SHA-256 of what was read, and
// takes it afterwards, when another program may have written to the file.
class InputStamps {
 public:
  InputStamps() = default;
  explicit InputStamps(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) Take(path);
  }
  // Anew where the path has a stamp already. What is no regular file gets none.
  void Take(const std::string& path);
  // Is this the file that was there, unwritten? By device, number, size and times; a file without a stamp is
  // not.
  [[nodiscard]] bool Unchanged(const std::string& path) const;
  [[nodiscard]] bool Has(const std::string& path) const { return stamps_.count(path) > 0; }

 private:
  struct Stamp {
    std::uint64_t device = 0, number = 0, bytes = 0;
    std::filesystem::file_time_type written;
    // Of the entry, in seconds: a program that sets the time of writing back sets this one.
    std::int64_t changed_s = 0;
    bool operator==(const Stamp&) const = default;
  };
  static std::optional<Stamp> Of(const std::string& path);
  std::map<std::string, Stamp> stamps_;
};

// The file's size and digest; without them for what is no regular file, such as a pipe that has been read,
// and for a file that has changed since `before`, whose digest would be that of other bytes.
[[nodiscard]] absl::StatusOr<ReportInput> DescribeInput(std::string role, const std::string& path,
                                                        const InputStamps& before);
// Every fingerprint of a folder, those of `read` that are gone as well.
[[nodiscard]] absl::Status DescribeFingerprints(const std::string& role, const std::string& folder,
                                                const std::vector<std::string>& read,
                                                const InputStamps& before, std::vector<ReportInput>& inputs);
// Lines for the terminal about the files that have changed; empty without any.
[[nodiscard]] std::string ChangeWarnings(const ReportRun& run, const InputStamps& before);

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_INPUT_STAMPS_H_
