#include "src/core/byte_source.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck::internal {
namespace {

constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::size_t kInputBlock = std::size_t{64} << 10;
// Window bits for zlib: the largest window, with gzip's header and trailer.
constexpr int kGzipWindowBits = 15 + 16;

// A file with the bytes that were read ahead to look at its start.
class PlainSource : public ByteSource {
 public:
  PlainSource(FileDescriptor file, std::string path, std::string start)
      : file_(std::move(file)), path_(std::move(path)), start_(std::move(start)) {}

  absl::StatusOr<std::size_t> Read(char* out, std::size_t size) override {
    if (consumed_ == start_.size()) return ReadSome(file_, path_, out, size);
    const std::size_t count = std::min(size, start_.size() - consumed_);
    std::memcpy(out, start_.data() + consumed_, count);
    consumed_ += count;
    return count;
  }

 private:
  FileDescriptor file_;
  std::string path_;
  std::string start_;
  std::size_t consumed_ = 0;
};

// The content of all members of a gzip file, one after the other.
class GzipSource : public ByteSource {
 public:
  GzipSource(std::unique_ptr<ByteSource> compressed, std::string path)
      : compressed_(std::move(compressed)), path_(std::move(path)), input_(kInputBlock) {}
  ~GzipSource() override {
    if (initialized_) inflateEnd(&stream_);
  }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  absl::StatusOr<std::size_t> Read(char* out, std::size_t size) override;
  bool truncated() const override { return truncated_; }

 private:
  // Makes sure that input is available; false at the end of the file.
  absl::StatusOr<bool> FillInput();
  // Looks at what follows a complete member: another member, padding, or garbage.
  absl::Status StartNextMember();
  absl::Status Initialize();
  absl::Status Fail(std::string_view what) {
    status_ = absl::DataLossError(path_ + ": " + std::string(what));
    return status_;
  }

  std::unique_ptr<ByteSource> compressed_;
  std::string path_;
  std::vector<char> input_;
  z_stream stream_ = {};
  bool initialized_ = false;
  bool between_members_ = false;
  bool at_end_ = false;
  bool truncated_ = false;
  absl::Status status_;
};

absl::Status GzipSource::Initialize() {
  if (initialized_) return absl::OkStatus();
  if (inflateInit2(&stream_, kGzipWindowBits) != Z_OK) {
    return status_ = absl::ResourceExhaustedError(path_ + ": no memory to decompress");
  }
  initialized_ = true;
  return absl::OkStatus();
}

absl::StatusOr<bool> GzipSource::FillInput() {
  if (stream_.avail_in > 0) return true;
  const absl::StatusOr<std::size_t> got = compressed_->Read(input_.data(), input_.size());
  if (!got.ok()) {
    status_ = got.status();
    return status_;
  }
  stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
  stream_.avail_in = static_cast<uInt>(*got);
  return *got > 0;
}

absl::Status GzipSource::StartNextMember() {
  // Some tools pad gzip files with zeros to a block size.
  while (true) {
    PINCHBECK_ASSIGN_OR_RETURN(const bool more, FillInput());
    if (!more) {
      at_end_ = true;
      return absl::OkStatus();
    }
    if (*stream_.next_in != 0) break;
    ++stream_.next_in;
    --stream_.avail_in;
  }
  if (*stream_.next_in != static_cast<unsigned char>(kGzipMagic[0])) {
    return Fail("bytes that are not gzip follow the gzip data");
  }
  if (inflateReset(&stream_) != Z_OK) return Fail("cannot continue to decompress");
  between_members_ = false;
  return absl::OkStatus();
}

absl::StatusOr<std::size_t> GzipSource::Read(char* out, std::size_t size) {
  if (!status_.ok()) return status_;
  PINCHBECK_RETURN_IF_ERROR(Initialize());
  stream_.next_out = reinterpret_cast<Bytef*>(out);
  stream_.avail_out = static_cast<uInt>(size);
  while (!at_end_ && stream_.avail_out == size) {
    if (between_members_) {
      PINCHBECK_RETURN_IF_ERROR(StartNextMember());
      continue;
    }
    PINCHBECK_ASSIGN_OR_RETURN(const bool more, FillInput());
    if (!more) {
      at_end_ = truncated_ = true;
      break;
    }
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      between_members_ = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      const absl::Status failure = Fail(std::string("corrupt gzip data (") +
                                        (stream_.msg != nullptr ? stream_.msg : "no details") + ")");
      // What came before the damage is still good; the error follows with the next call.
      if (stream_.avail_out == size) return failure;
    }
  }
  return size - stream_.avail_out;
}

}  // namespace

bool IsGzipName(std::string_view path) { return path.ends_with(".gz"); }

bool StartsLikeGzip(std::string_view bytes) {
  return !bytes.empty() && kGzipMagic.substr(0, bytes.size()) == bytes.substr(0, kGzipMagic.size());
}

absl::StatusOr<std::unique_ptr<ByteSource>> OpenByteSource(const std::string& path) {
  PINCHBECK_ASSIGN_OR_RETURN(FileDescriptor file, OpenForReading(path));
  std::string start(kGzipMagic.size(), '\0');
  std::size_t length = 0;
  while (length < start.size()) {
    PINCHBECK_ASSIGN_OR_RETURN(const std::size_t got,
                               ReadSome(file, path, start.data() + length, start.size() - length));
    if (got == 0) break;
    length += got;
  }
  start.resize(length);
  const bool is_gzip = StartsLikeGzip(start);
  auto plain = std::make_unique<PlainSource>(std::move(file), path, start);
  if (!IsGzipName(path)) {
    if (is_gzip) {
      return absl::InvalidArgumentError(path + ": holds gzip data; give it a name that ends in .gz");
    }
    return std::unique_ptr<ByteSource>(std::move(plain));
  }
  if (!is_gzip && !start.empty()) {
    return absl::InvalidArgumentError(path + ": is not gzip data although its name ends in .gz; rename it");
  }
  if (start.empty()) return std::unique_ptr<ByteSource>(std::move(plain));
  return std::unique_ptr<ByteSource>(std::make_unique<GzipSource>(std::move(plain), path));
}

}  // namespace pinchbeck::internal
