// Compression of a recording as one gzip member.
#ifndef PINCHBECK_SRC_CORE_GZIP_WRITER_H_
#define PINCHBECK_SRC_CORE_GZIP_WRITER_H_

#include <zlib.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace pinchbeck::internal {

// Turns text into the bytes of one gzip member; who uses it writes them.
class GzipWriter {
 public:
  GzipWriter() = default;
  ~GzipWriter() {
    if (initialized_) deflateEnd(&stream_);
  }
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  [[nodiscard]] bool started() const { return initialized_; }

  // Appends the compressed text to `out`. Z_SYNC_FLUSH: everything given so far can be decompressed from the
  // bytes produced so far. Z_FINISH: ends the member.
  [[nodiscard]] absl::Status Compress(std::string_view text, int flush, std::string* out) {
    if (!initialized_) {
      constexpr int kWindowBits = 15 + 16;  // the largest window, with gzip's header and trailer
      constexpr int kMemoryLevel = 8;
      if (deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kWindowBits, kMemoryLevel,
                       Z_DEFAULT_STRATEGY) != Z_OK) {
        return absl::ResourceExhaustedError("no memory to compress");
      }
      initialized_ = true;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // zlib only reads it
    stream_.avail_in = static_cast<uInt>(text.size());
    do {
      constexpr std::size_t kStep = std::size_t{16} << 10;
      const std::size_t used = out->size();
      out->resize(used + kStep);
      stream_.next_out = reinterpret_cast<Bytef*>(out->data() + used);
      stream_.avail_out = static_cast<uInt>(kStep);
      if (deflate(&stream_, flush) == Z_STREAM_ERROR) return absl::InternalError("cannot compress");
      out->resize(used + kStep - stream_.avail_out);
      // A full buffer means that more may be waiting.
    } while (stream_.avail_out == 0);
    return absl::OkStatus();
  }

 private:
  z_stream stream_ = {};
  bool initialized_ = false;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_CORE_GZIP_WRITER_H_
