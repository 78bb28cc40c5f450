#include "src/internal/posix_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace pinchbeck::internal {
namespace {

absl::StatusCode CodeOf(int error) {
  switch (error) {
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return absl::StatusCode::kResourceExhausted;
    case EISDIR:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EINVAL:
      return absl::StatusCode::kInvalidArgument;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

}  // namespace

absl::Status ErrnoStatus(int error, std::string_view path, std::string_view action) {
  std::string message(path);
  message += ": ";
  message += action;
  message += ": ";
  message += std::generic_category().message(error);
  return absl::Status(CodeOf(error), message);
}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    (void)Close();
    fd_ = other.Release();
  }
  return *this;
}

int FileDescriptor::Release() { return std::exchange(fd_, -1); }

int FileDescriptor::Close() {
  if (fd_ < 0) return 0;
  // The descriptor is gone whatever close() returns; trying again could close somebody else's.
  return ::close(Release()) == 0 ? 0 : errno;
}

absl::StatusOr<FileDescriptor> OpenForReading(const std::string& path) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return ErrnoStatus(errno, path, "cannot open for reading");
  struct stat info = {};
  if (::fstat(file.get(), &info) != 0) return ErrnoStatus(errno, path, "cannot inspect");
  if (S_ISDIR(info.st_mode)) return ErrnoStatus(EISDIR, path, "expected a file");
  return file;
}

absl::StatusOr<std::size_t> ReadSome(const FileDescriptor& file, const std::string& path, char* out,
                                     std::size_t size) {
  for (;;) {
    const ssize_t got = ::read(file.get(), out, size);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return ErrnoStatus(errno, path, "cannot read");
  }
}

absl::Status WriteAll(const FileDescriptor& file, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus(errno, path, "cannot write");
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status Sync(const FileDescriptor& file, const std::string& path) {
  if (::fsync(file.get()) == 0) return absl::OkStatus();
  // Pipes, terminals and some network file systems have nothing to flush.
  if (errno == EINVAL || errno == EROFS || errno == ENOTSUP || errno == ENOSYS) return absl::OkStatus();
  return ErrnoStatus(errno, path, "cannot flush to disk");
}

absl::Status LockForWriting(const FileDescriptor& file, const std::string& path) {
  int result = 0;
  do {
    result = ::flock(file.get(), LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  // ENOLCK, ENOTSUP, EINVAL: network file systems without locks.
  if (result == 0 || errno != EWOULDBLOCK) return absl::OkStatus();
  return absl::FailedPreconditionError(path +
                                       ": another process is writing this file; wait for its end or choose "
                                       "another file");
}

absl::StatusOr<std::string> ReadFile(const std::string& path, std::size_t max_bytes) {
  absl::StatusOr<FileDescriptor> file = OpenForReading(path);
  if (!file.ok()) return file.status();
  std::string content;
  std::string block(std::size_t{64} << 10, '\0');
  for (;;) {
    const absl::StatusOr<std::size_t> got = ReadSome(*file, path, block.data(), block.size());
    if (!got.ok()) return got.status();
    if (*got == 0) return content;
    if (content.size() + *got > max_bytes) {
      return absl::InvalidArgumentError(path + ": longer than " + std::to_string(max_bytes) +
                                        " bytes, the most that is read");
    }
    content.append(block, 0, *got);
  }
}

}  // namespace pinchbeck::internal
