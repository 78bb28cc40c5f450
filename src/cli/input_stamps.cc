#include "src/cli/input_stamps.h"

#include <sys/stat.h>

#include <set>
#include <system_error>
#include <utility>

#include "pinchbeck/fingerprint/library.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/internal/file_digest.h"

namespace pinchbeck::cli {
namespace {

namespace fs = std::filesystem;

}  // namespace

std::optional<InputStamps::Stamp> InputStamps::Of(const std::string& path) {
  struct stat entry {};
  if (::stat(path.c_str(), &entry) != 0 || !S_ISREG(entry.st_mode)) return std::nullopt;
  std::error_code error;
  const fs::file_time_type written = fs::last_write_time(path, error);
  if (error) return std::nullopt;
  return Stamp{static_cast<std::uint64_t>(entry.st_dev), static_cast<std::uint64_t>(entry.st_ino),
               static_cast<std::uint64_t>(entry.st_size), written, static_cast<std::int64_t>(entry.st_ctime)};
}

void InputStamps::Take(const std::string& path) {
  stamps_.erase(path);
  if (const std::optional<Stamp> stamp = Of(path)) stamps_.emplace(path, *stamp);
}

bool InputStamps::Unchanged(const std::string& path) const {
  const auto found = stamps_.find(path);
  return found != stamps_.end() && Of(path) == found->second;
}

absl::StatusOr<ReportInput> DescribeInput(std::string role, const std::string& path,
                                          const InputStamps& before) {
  ReportInput input{std::move(role), path, std::nullopt, 0};
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return input;
  const auto digest = internal::DigestFile(path);
  // A fault of the disk is an error of this run. Passed on as it is, it would read like an endpoint that
  // could not be reached.
  if (!digest.ok()) return absl::InvalidArgumentError(digest.status().message());
  // After its last byte: what is unchanged now was so while it was read, both times.
  if (!before.Unchanged(path)) return input;
  input.sha256 = digest->sha256;
  input.bytes = digest->bytes;
  return input;
}

absl::Status DescribeFingerprints(const std::string& role, const std::string& folder,
                                  const std::vector<std::string>& read, const InputStamps& before,
                                  std::vector<ReportInput>& inputs) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::vector<std::string> files, FingerprintFiles(folder));
  std::set<std::string> paths(read.begin(), read.end());
  for (const std::string& file : files) paths.insert((fs::path(folder) / file).string());
  for (const std::string& path : paths) {
    PINCHBECK_ASSIGN_OR_RETURN(ReportInput input, DescribeInput(role, path, before));
    inputs.push_back(std::move(input));
  }
  return absl::OkStatus();
}

std::string ChangeWarnings(const ReportRun& run, const InputStamps& before) {
  std::string text;
  std::error_code error;
  for (const ReportInput& input : run.inputs) {
    if (input.sha256 || (!before.Has(input.path) && !fs::is_regular_file(input.path, error))) continue;
    text += "pinchbeck: warning: " + input.path +
            ": changed while this ran; the report has no SHA-256 of what was read\n";
  }
  return text;
}

}  // namespace pinchbeck::cli
