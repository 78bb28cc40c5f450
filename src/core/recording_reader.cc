// Reading recordings line by line.
#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "pinchbeck/core/recording.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/core/byte_source.h"

namespace pinchbeck {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{128} << 10;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsBlank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

}  // namespace

class RecordingReader::Impl {
 public:
  Impl(std::unique_ptr<internal::ByteSource> source, std::string path, const RecordingReaderOptions& options)
      : source_(std::move(source)), path_(std::move(path)), options_(options), block_(kBlockBytes) {}

  // Moves to the first line that is not blank, so that a file without observations is found at opening.
  absl::Status Prime();
  absl::StatusOr<std::optional<Observation>> Next();

  std::string_view line() const { return line_; }
  std::int64_t line_number() const { return line_number_; }
  bool truncated_tail() const { return truncated_tail_; }
  const std::string& path() const { return path_; }

 private:
  // Sets line_ to the next line that is not blank; false at the end.
  absl::StatusOr<bool> NextLine();
  // Sets line_ to the next complete line; false at the end.
  absl::StatusOr<bool> ReadLine();
  // Reads the next block; false at the end.
  absl::StatusOr<bool> FillBlock();
  absl::Status CheckLength(std::size_t size) const;
  std::string Where(std::int64_t line) const { return path_ + ":" + std::to_string(line); }

  std::unique_ptr<internal::ByteSource> source_;
  std::string path_;
  RecordingReaderOptions options_;
  std::vector<char> block_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string carry_;  // start of a line that continues in the next block
  std::string_view line_;
  std::int64_t line_number_ = 0;
  bool truncated_tail_ = false;
  // What Prime() found, until Next() hands it out.
  std::optional<absl::StatusOr<bool>> first_line_;
  absl::Status failure_;  // errors of the stream are final
};

absl::Status RecordingReader::Impl::CheckLength(std::size_t size) const {
  if (size <= options_.max_line_bytes) return absl::OkStatus();
  return absl::InvalidArgumentError(Where(line_number_ + 1) + ": the line is longer than " +
                                    std::to_string(options_.max_line_bytes) +
                                    " bytes; is this file a recording?");
}

absl::StatusOr<bool> RecordingReader::Impl::FillBlock() {
  const absl::StatusOr<std::size_t> got = source_->Read(block_.data(), block_.size());
  if (!got.ok()) {
    // "PATH: reason" becomes "PATH:LINE: reason".
    const std::string reason = internal::Message(got.status());
    const std::string_view rest = std::string_view(reason).substr(std::min(path_.size(), reason.size()));
    return absl::Status(got.status().code(), Where(line_number_ + 1) + std::string(rest));
  }
  begin_ = 0;
  end_ = *got;
  return *got > 0;
}

absl::StatusOr<bool> RecordingReader::Impl::ReadLine() {
  carry_.clear();
  for (;;) {
    if (begin_ == end_) {
      PINCHBECK_ASSIGN_OR_RETURN(const bool more, FillBlock());
      if (!more) break;
    }
    const char* start = block_.data() + begin_;
    const std::size_t available = end_ - begin_;
    const auto* newline = static_cast<const char*>(std::memchr(start, '\n', available));
    const std::size_t length = newline == nullptr ? available : static_cast<std::size_t>(newline - start);
    PINCHBECK_RETURN_IF_ERROR(CheckLength(carry_.size() + length));
    begin_ += length + (newline == nullptr ? 0 : 1);
    if (newline != nullptr && carry_.empty()) {
      line_ = std::string_view(start, length);
      ++line_number_;
      return true;
    }
    carry_.append(start, length);
    if (newline != nullptr) {
      line_ = carry_;
      ++line_number_;
      return true;
    }
  }
  // What a killed writer left: part of a line, or a gzip stream without its end.
  truncated_tail_ = !IsBlank(carry_) || source_->truncated();
  line_ = {};
  return false;
}

absl::StatusOr<bool> RecordingReader::Impl::NextLine() {
  for (;;) {
    PINCHBECK_ASSIGN_OR_RETURN(const bool found, ReadLine());
    if (!found) return false;
    if (line_number_ == 1 && line_.starts_with(kByteOrderMark)) line_.remove_prefix(kByteOrderMark.size());
    if (line_.ends_with('\r')) line_.remove_suffix(1);
    if (!IsBlank(line_)) return true;
  }
}

absl::Status RecordingReader::Impl::Prime() {
  first_line_ = NextLine();
  if (first_line_->ok() && !**first_line_ && !truncated_tail_) {
    return absl::InvalidArgumentError(path_ + ": no observations, the file is empty");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Observation>> RecordingReader::Impl::Next() {
  PINCHBECK_RETURN_IF_ERROR(failure_);
  absl::StatusOr<bool> found =
      first_line_.has_value() ? *std::exchange(first_line_, std::nullopt) : NextLine();
  if (!found.ok()) return failure_ = found.status();
  if (!*found) return std::nullopt;
  absl::StatusOr<Observation> observation = ParseObservation(line_);
  if (!observation.ok()) return internal::Annotate(observation.status(), Where(line_number_));
  return std::optional<Observation>(*std::move(observation));
}

absl::StatusOr<RecordingReader> RecordingReader::Open(const std::string& path,
                                                      const RecordingReaderOptions& options) {
  PINCHBECK_ASSIGN_OR_RETURN(std::unique_ptr<internal::ByteSource> source, internal::OpenByteSource(path));
  auto impl = std::make_unique<Impl>(std::move(source), path, options);
  PINCHBECK_RETURN_IF_ERROR(impl->Prime());
  return RecordingReader(std::move(impl));
}

RecordingReader::RecordingReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RecordingReader::RecordingReader(RecordingReader&&) noexcept = default;
RecordingReader& RecordingReader::operator=(RecordingReader&&) noexcept = default;
RecordingReader::~RecordingReader() = default;

absl::StatusOr<std::optional<Observation>> RecordingReader::Next() { return impl_->Next(); }
std::string_view RecordingReader::line() const { return impl_->line(); }
std::int64_t RecordingReader::line_number() const { return impl_->line_number(); }
bool RecordingReader::truncated_tail() const { return impl_->truncated_tail(); }
const std::string& RecordingReader::path() const { return impl_->path(); }

}  // namespace pinchbeck
