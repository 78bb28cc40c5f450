// Recordings: files of observations, one JSON object a line, plain or gzip (names ending in .gz).
#ifndef PINCHBECK_CORE_RECORDING_H_
#define PINCHBECK_CORE_RECORDING_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/core/observation.h"

namespace pinchbeck {

struct RecordingReaderOptions {
  // A longer line is an error, so that a hostile file cannot exhaust memory.
  std::size_t max_line_bytes = std::size_t{16} << 20;
};

// Reads a recording as a stream; memory is bounded by the longest line.
//
// Errors name file and line. A last line without a newline (a killed writer) is dropped, whatever it holds:
// Next() then returns the end of input and truncated_tail() is true. A gzip stream that ends early is treated
// the same way. Blank lines, a byte order mark at the start and carriage returns before newlines are skipped.
//
// Reading from pipes works: a line is handed out as soon as it is complete.
class RecordingReader {
 public:
  // Reads up to the first line. NotFound: no such file. PermissionDenied: not readable. InvalidArgument: a
  // directory, a file without observations, a .gz file that is not gzip, or gzip without that ending.
  [[nodiscard]] static absl::StatusOr<RecordingReader> Open(const std::string& path,
                                                            const RecordingReaderOptions& options = {});
  RecordingReader(RecordingReader&&) noexcept;
  RecordingReader& operator=(RecordingReader&&) noexcept;
  ~RecordingReader();

  // The next observation, or nullopt at the end of the file.
  //
  // InvalidArgument: the line is no observation (the next call goes on behind it) or is too long. DataLoss:
  // corrupt gzip data; the lines before the damage have been returned. Errors other than that of a single
  // line are final: every later call returns them again.
  [[nodiscard]] absl::StatusOr<std::optional<Observation>> Next();

  // The raw text of the line that Next() returned last; valid until the next call.
  [[nodiscard]] std::string_view line() const;
  // Number of that line, counted from 1; after the end, that of the last complete line.
  [[nodiscard]] std::int64_t line_number() const;
  // Whether the file ended in something incomplete; known once Next() has returned the end.
  [[nodiscard]] bool truncated_tail() const;
  [[nodiscard]] const std::string& path() const;

 private:
  class Impl;
  explicit RecordingReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Appends observations to a recording. While it is open, other writers are kept away by a lock of the system,
// which ends with the process. Every line reaches the operating system before
// Append() returns, so a killed writer loses at most the line in flight.
//
// Opening a file whose last line has no newline first cuts that partial line off. Gzip files are written as
// one flushed block per line and a new member per opening; a file whose last member has no end (a killed
// writer) is first rewritten through a temporary file in the same folder that then takes its place.
class RecordingWriter {
 public:
  // Creates the file or appends to it. PermissionDenied, NotFound (folder missing), ResourceExhausted (disk
  // full), FailedPrecondition (another writer has it open), InvalidArgument (a directory, or a content that
  // contradicts the name) and DataLoss (corrupt gzip data, left alone) name the path.
  [[nodiscard]] static absl::StatusOr<RecordingWriter> Open(const std::string& path);
  RecordingWriter(RecordingWriter&&) noexcept;
  RecordingWriter& operator=(RecordingWriter&&) noexcept;
  // Closes; call Close() to learn of errors.
  ~RecordingWriter();

  // InvalidArgument: no probe. ResourceExhausted: disk full; what was written of the line is removed again
  // and a plain file can be appended to later, while a gzip file must be opened anew.
  [[nodiscard]] absl::Status Append(const Observation& observation);
  // Bytes (before compression) of the partial line that opening cut off.
  [[nodiscard]] std::int64_t repaired_bytes() const;
  // Bytes of the file when it was opened, before anything was cut off; 0 for devices and pipes. Nobody else
  // has written since, so whoever read fewer bytes before has not seen all of it.
  [[nodiscard]] std::int64_t opened_bytes() const;
  [[nodiscard]] const std::string& path() const;
  // Flushes to stable storage and closes.
  [[nodiscard]] absl::Status Close();

 private:
  class Impl;
  explicit RecordingWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pinchbeck

#endif  // PINCHBECK_CORE_RECORDING_H_
