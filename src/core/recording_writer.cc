// Appending observations to recordings.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "pinchbeck/core/recording.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/core/byte_source.h"
#include "src/core/gzip_repair.h"
#include "src/core/gzip_writer.h"
#include "src/internal/posix_file.h"

namespace pinchbeck {
namespace {

using internal::ErrnoStatus;
using internal::FileDescriptor;

// Position after the last newline before `end`; 0 when there is none.
absl::StatusOr<off_t> EndOfLastLine(const FileDescriptor& file, const std::string& path, off_t end) {
  std::array<char, 4096> block;
  while (end > 0) {
    const off_t start = std::max<off_t>(0, end - static_cast<off_t>(block.size()));
    const auto size = static_cast<std::size_t>(end - start);
    ssize_t got;
    do {
      got = ::pread(file.get(), block.data(), size, start);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return ErrnoStatus(errno, path, "cannot read");
    const std::size_t newline = std::string_view(block.data(), static_cast<std::size_t>(got)).rfind('\n');
    if (newline != std::string_view::npos) return start + static_cast<off_t>(newline) + 1;
    end = start;
  }
  return 0;
}

// Cuts a partial last line off a plain file and returns its size.
absl::StatusOr<std::int64_t> RepairPlainTail(const FileDescriptor& file, const std::string& path,
                                             off_t size) {
  PINCHBECK_ASSIGN_OR_RETURN(const off_t keep, EndOfLastLine(file, path, size));
  if (keep < size && ::ftruncate(file.get(), keep) != 0) {
    return ErrnoStatus(errno, path, "cannot cut off the incomplete last line");
  }
  return static_cast<std::int64_t>(size - keep);
}

absl::StatusOr<FileDescriptor> OpenForAppending(const std::string& path) {
  // Reading as well, to look for the last newline; devices and pipes may allow writing only.
  constexpr int kFlags = O_CREAT | O_APPEND | O_CLOEXEC;
  constexpr mode_t kMode = 0666;  // less the user's umask
  int fd = ::open(path.c_str(), O_RDWR | kFlags, kMode);
  if (fd < 0 && errno == EACCES) fd = ::open(path.c_str(), O_WRONLY | kFlags, kMode);
  if (fd < 0) return ErrnoStatus(errno, path, "cannot open for writing");
  return FileDescriptor(fd);
}

// Whether the path still leads to the open file.
bool IsFileAt(const FileDescriptor& file, const std::string& path) {
  struct stat open = {};
  struct stat named = {};
  return ::fstat(file.get(), &open) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

// Opens a file and keeps other writers away from it. Devices and pipes are for anybody.
absl::StatusOr<FileDescriptor> OpenAlone(const std::string& path) {
  constexpr int kTries = 5;
  for (int i = 0; i < kTries; ++i) {
    PINCHBECK_ASSIGN_OR_RETURN(FileDescriptor file, OpenForAppending(path));
    struct stat info = {};
    if (::fstat(file.get(), &info) != 0) return ErrnoStatus(errno, path, "cannot inspect");
    if (!S_ISREG(info.st_mode)) return file;
    PINCHBECK_RETURN_IF_ERROR(internal::LockForWriting(file, path));
    // A writer that has ended in between may have put another file in its place.
    if (IsFileAt(file, path)) return file;
  }
  return absl::AbortedError(path + ": other processes keep replacing the file; run one writer at a time");
}

}  // namespace

class RecordingWriter::Impl {
 public:
  explicit Impl(std::string path) : path_(std::move(path)), gzip_(internal::IsGzipName(path_)) {}
  ~Impl() { (void)Close(); }

  absl::Status Open();
  absl::Status Append(const Observation& observation);
  absl::Status Close();
  std::int64_t repaired_bytes() const { return repaired_bytes_; }
  std::int64_t opened_bytes() const { return opened_bytes_; }
  const std::string& path() const { return path_; }

 private:
  absl::Status Repair();
  absl::Status Write(std::string_view bytes);

  std::string path_;
  bool gzip_ = false;
  FileDescriptor file_;
  bool is_regular_ = false;
  internal::GzipWriter compressor_;
  std::string line_;
  std::string compressed_;
  std::int64_t repaired_bytes_ = 0;
  std::int64_t opened_bytes_ = 0;
  // After a failed write that could not be undone the file may end in half a line.
  absl::Status failure_;
};

absl::Status RecordingWriter::Impl::Open() {
  PINCHBECK_ASSIGN_OR_RETURN(file_, OpenAlone(path_));
  return Repair();
}

absl::Status RecordingWriter::Impl::Repair() {
  struct stat info = {};
  if (::fstat(file_.get(), &info) != 0) return ErrnoStatus(errno, path_, "cannot inspect");
  is_regular_ = S_ISREG(info.st_mode);
  if (!is_regular_ || info.st_size == 0) return absl::OkStatus();
  opened_bytes_ = static_cast<std::int64_t>(info.st_size);
  // Refuses contents that contradict the name before anything is cut off.
  PINCHBECK_RETURN_IF_ERROR(internal::OpenByteSource(path_).status());
  if (!gzip_) {
    PINCHBECK_ASSIGN_OR_RETURN(repaired_bytes_, RepairPlainTail(file_, path_, info.st_size));
    return absl::OkStatus();
  }
  PINCHBECK_ASSIGN_OR_RETURN(internal::GzipRepair repair, internal::RepairGzipTail(path_));
  repaired_bytes_ = repair.dropped_bytes;
  if (repair.replacement.is_open()) file_ = std::move(repair.replacement);
  return absl::OkStatus();
}

absl::Status RecordingWriter::Impl::Write(std::string_view bytes) {
  struct stat info = {};
  const bool can_undo = is_regular_ && ::fstat(file_.get(), &info) == 0;
  absl::Status status = internal::WriteAll(file_, path_, bytes);
  if (status.ok()) return status;
  // Half a line must not stay in front of the next one. A compressed stream has moved on and cannot be
  // undone.
  const bool undone = can_undo && ::ftruncate(file_.get(), info.st_size) == 0;
  if (!undone || gzip_) failure_ = status;
  return status;
}

absl::Status RecordingWriter::Impl::Append(const Observation& observation) {
  PINCHBECK_RETURN_IF_ERROR(failure_);
  if (!file_.is_open()) return absl::FailedPreconditionError(path_ + ": the recording is closed");
  if (observation.probe.empty()) {
    return absl::InvalidArgumentError(path_ + ": an observation without a probe cannot be recorded");
  }
  line_ = SerializeObservation(observation);
  line_ += '\n';
  if (!gzip_) return Write(line_);
  compressed_.clear();
  if (absl::Status status = compressor_.Compress(line_, Z_SYNC_FLUSH, &compressed_); !status.ok()) {
    return failure_ = internal::Annotate(status, path_);
  }
  return Write(compressed_);
}

absl::Status RecordingWriter::Impl::Close() {
  if (!file_.is_open()) return absl::OkStatus();
  absl::Status status = failure_;
  if (status.ok() && gzip_ && compressor_.started()) {
    compressed_.clear();
    status = compressor_.Compress("", Z_FINISH, &compressed_);
    if (status.ok()) status = Write(compressed_);
  }
  if (status.ok()) status = internal::Sync(file_, path_);
  const int error = file_.Close();
  if (status.ok() && error != 0) status = ErrnoStatus(error, path_, "cannot close");
  return status;
}

absl::StatusOr<RecordingWriter> RecordingWriter::Open(const std::string& path) {
  auto impl = std::make_unique<Impl>(path);
  PINCHBECK_RETURN_IF_ERROR(impl->Open());
  return RecordingWriter(std::move(impl));
}

RecordingWriter::RecordingWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RecordingWriter::RecordingWriter(RecordingWriter&&) noexcept = default;
RecordingWriter& RecordingWriter::operator=(RecordingWriter&&) noexcept = default;
RecordingWriter::~RecordingWriter() = default;

absl::Status RecordingWriter::Append(const Observation& observation) { return impl_->Append(observation); }
absl::Status RecordingWriter::Close() { return impl_->Close(); }
std::int64_t RecordingWriter::repaired_bytes() const { return impl_->repaired_bytes(); }
std::int64_t RecordingWriter::opened_bytes() const { return impl_->opened_bytes(); }
const std::string& RecordingWriter::path() const { return impl_->path(); }

}  // namespace pinchbeck
