#include "src/core/gzip_repair.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/core/byte_source.h"
#include "src/core/gzip_writer.h"
#include "src/internal/posix_file.h"

namespace pinchbeck::internal {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{128} << 10;

struct Content {
  std::int64_t bytes = 0;
  std::int64_t bytes_of_complete_lines = 0;
  bool truncated = false;
};

absl::StatusOr<Content> Scan(const std::string& path) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> source, OpenByteSource(path));
  Content content;
  std::vector<char> block(kBlockBytes);
  for (;;) {
    PINCHBECK_ASSIGN_OR_RETURN(const std::size_t got, source->Read(block.data(), block.size()));
    if (got == 0) break;
    const std::size_t newline = std::string_view(block.data(), got).rfind('\n');
    if (newline != std::string_view::npos) {
      content.bytes_of_complete_lines = content.bytes + static_cast<std::int64_t>(newline) + 1;
    }
    content.bytes += static_cast<std::int64_t>(got);
  }
  content.truncated = source->truncated();
  return content;
}

// A hidden name of our own, so that no file of the user's is ever taken for a leftover.
std::string TemporaryName(const std::string& path) {
  const std::filesystem::path whole(path);
  return (whole.parent_path() / ("." + whole.filename().string() + ".pinchbeck-repair")).string();
}

// A locked file under a temporary name that disappears unless it is renamed to its final one.
class TemporaryFile {
 public:
  static absl::StatusOr<TemporaryFile> CreateBeside(const std::string& path) {
    TemporaryFile result;
    result.name_ = TemporaryName(path);
    (void)::unlink(result.name_.c_str());
    constexpr mode_t kOwnerOnly = 0600;
    result.file_ = FileDescriptor(
        ::open(result.name_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly));
    if (!result.file_.is_open()) {
      result.name_.clear();
      return ErrnoStatus(errno, path, "cannot create a repaired copy in its folder");
    }
    // Before it has the recording's name, so that nobody finds it there without a lock.
    PINCHBECK_RETURN_IF_ERROR(LockForWriting(result.file_, path));
    return result;
  }
  TemporaryFile(TemporaryFile&& other) noexcept
      : file_(std::move(other.file_)), name_(std::exchange(other.name_, {})) {}
  ~TemporaryFile() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }

  const FileDescriptor& file() const { return file_; }
  const std::string& name() const { return name_; }

  absl::StatusOr<FileDescriptor> MoveTo(const std::string& path) {
    PINCHBECK_RETURN_IF_ERROR(Sync(file_, name_));
    if (::rename(name_.c_str(), path.c_str()) != 0) {
      return ErrnoStatus(errno, path, "cannot put the repaired copy in place");
    }
    name_.clear();
    return std::move(file_);
  }

 private:
  TemporaryFile() = default;
  FileDescriptor file_;
  std::string name_;
};

// Compresses the first `count` bytes of the content into the file, as one member.
absl::Status CopyPrefix(const std::string& path, std::int64_t count, const TemporaryFile& copy) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> source, OpenByteSource(path));
  GzipWriter writer;
  std::vector<char> block(kBlockBytes);
  std::string compressed;
  while (count > 0) {
    const std::size_t wanted = std::min(block.size(), static_cast<std::size_t>(count));
    PINCHBECK_ASSIGN_OR_RETURN(const std::size_t got, source->Read(block.data(), wanted));
    if (got == 0)
      return absl::AbortedError(path + ": another process changed the file; run one writer at a time");
    count -= static_cast<std::int64_t>(got);
    compressed.clear();
    PINCHBECK_RETURN_IF_ERROR(writer.Compress(std::string_view(block.data(), got),
                                              count == 0 ? Z_FINISH : Z_NO_FLUSH, &compressed));
    PINCHBECK_RETURN_IF_ERROR(WriteAll(copy.file(), copy.name(), compressed));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<GzipRepair> RepairGzipTail(const std::string& path) {
  PINCHBECK_ASSIGN_OR_RETURN(const Content content, Scan(path));
  if (!content.truncated && content.bytes == content.bytes_of_complete_lines) return GzipRepair{};
  // A link keeps pointing at the file: the file it leads to is the one replaced.
  std::error_code error;
  const std::string target = std::filesystem::canonical(path, error).string();
  if (error) return ErrnoStatus(error.value(), path, "cannot resolve");
  struct stat info = {};
  if (::stat(target.c_str(), &info) != 0) return ErrnoStatus(errno, path, "cannot inspect");
  PINCHBECK_ASSIGN_OR_RETURN(TemporaryFile copy, TemporaryFile::CreateBeside(target));
  if (::fchmod(copy.file().get(), info.st_mode & 07777) != 0) {
    return ErrnoStatus(errno, path, "cannot set the permissions of the repaired copy");
  }
  PINCHBECK_RETURN_IF_ERROR(CopyPrefix(target, content.bytes_of_complete_lines, copy));
  GzipRepair repair{content.bytes - content.bytes_of_complete_lines, FileDescriptor()};
  PINCHBECK_ASSIGN_OR_RETURN(repair.replacement, copy.MoveTo(target));
  return repair;
}

}  // namespace pinchbeck::internal
