// Files through POSIX calls, with errors as absl::Status that name the path.
#ifndef PINCHBECK_SRC_INTERNAL_POSIX_FILE_H_
#define PINCHBECK_SRC_INTERNAL_POSIX_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pinchbeck::internal {

// The error of a failed system call: NotFound, PermissionDenied, ResourceExhausted (disk full, quota, too
// many open files), InvalidArgument (a directory, a name that cannot exist) or Unavailable (everything else).
// The message reads "PATH: ACTION: reason".
[[nodiscard]] absl::Status ErrnoStatus(int error, std::string_view path, std::string_view action);

// Owns a file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.Release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor() { (void)Close(); }

  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] int get() const { return fd_; }
  // The descriptor, no longer owned.
  int Release();
  // 0, or the errno value of close().
  int Close();

 private:
  int fd_ = -1;
};

// Opens for reading. InvalidArgument: a directory.
[[nodiscard]] absl::StatusOr<FileDescriptor> OpenForReading(const std::string& path);

// Reads up to `size` bytes; 0 at the end. Returns as soon as some bytes are there, so that pipes work.
[[nodiscard]] absl::StatusOr<std::size_t> ReadSome(const FileDescriptor& file, const std::string& path,
                                                   char* out, std::size_t size);

// Writes everything, in one call unless the system splits it.
[[nodiscard]] absl::Status WriteAll(const FileDescriptor& file, const std::string& path,
                                    std::string_view bytes);

// Flushes to stable storage; kinds of files that have none are fine.
[[nodiscard]] absl::Status Sync(const FileDescriptor& file, const std::string& path);

// Locks a file against other writers that do the same, until its descriptor is closed. Where the file system
// has no locks, nothing happens. FailedPrecondition: somebody else holds the lock.
[[nodiscard]] absl::Status LockForWriting(const FileDescriptor& file, const std::string& path);

// The whole file. InvalidArgument: longer than max_bytes.
[[nodiscard]] absl::StatusOr<std::string> ReadFile(const std::string& path, std::size_t max_bytes);

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_INTERNAL_POSIX_FILE_H_
