#include "src/client/log_records.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "pinchbeck/internal/status_macros.h"
#include "src/client/lenient_json.h"
#include "src/core/byte_source.h"

namespace pinchbeck::internal {
namespace {

using nlohmann::json;
using Visit = std::function<absl::Status(const json&, const std::string&)>;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsBlank(std::string_view line) { return line.find_first_not_of(" \t\r\n") == std::string_view::npos; }

// Lines of a file, with memory for one line and one block.
class Lines {
 public:
  static absl::StatusOr<Lines> Open(const std::string& path) {
    PINCHBECK_ASSIGN_OR_RETURN(std::unique_ptr<ByteSource> source, OpenByteSource(path));
    return Lines(path, std::move(source));
  }

  // The next line that is not blank, with its newline; absent at the end. A line that is longer than `most`
  // comes in part, and complete() is false.
  absl::StatusOr<std::optional<std::string>> Next(std::size_t most) {
    while (true) {
      ++number_;
      PINCHBECK_ASSIGN_OR_RETURN(std::string line, Take(most));
      if (line.empty() && complete_) return std::optional<std::string>();
      if (number_ == 1 && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
      if (!IsBlank(line) || !complete_) return std::optional<std::string>(std::move(line));
    }
  }

  // Everything from here on; `text` stands before it.
  absl::StatusOr<std::string> Rest(std::string text, std::size_t most) {
    while (true) {
      PINCHBECK_ASSIGN_OR_RETURN(const bool more, Fill());
      if (!more) return text;
      const std::size_t got = end_ - begin_;
      if (text.size() > most || got > most - text.size()) {
        return absl::InvalidArgumentError(path_ + ": a JSON document of more than " + std::to_string(most) +
                                          " bytes; write a record a line instead");
      }
      text.append(&block_->at(begin_), got);
      begin_ = end_;
    }
  }

  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] std::string place() const { return path_ + ":" + std::to_string(number_); }

 private:
  using Block = std::array<char, std::size_t{64} << 10>;

  Lines(std::string path, std::unique_ptr<ByteSource> source)
      : path_(std::move(path)), source_(std::move(source)), block_(std::make_unique<Block>()) {}

  // False at the end.
  absl::StatusOr<bool> Fill() {
    if (begin_ < end_) return true;
    PINCHBECK_ASSIGN_OR_RETURN(end_, source_->Read(block_->data(), block_->size()));
    begin_ = 0;
    if (end_ == 0 && source_->truncated()) return absl::DataLossError(path_ + ": the gzip data ends early");
    return end_ > 0;
  }

  absl::StatusOr<std::string> Take(std::size_t most) {
    std::string line;
    complete_ = true;
    while (true) {
      PINCHBECK_ASSIGN_OR_RETURN(const bool more, Fill());
      if (!more) return line;
      const std::string_view block(&block_->at(begin_), end_ - begin_);
      const std::size_t newline = block.find('\n');
      const std::size_t size = newline == std::string_view::npos ? block.size() : newline + 1;
      const std::size_t taken = std::min(size, most - line.size());
      line.append(block.substr(0, taken));
      begin_ += taken;
      complete_ = taken == size;
      if (!complete_) return line;
      if (newline != std::string_view::npos) return line;
    }
  }

  std::string path_;
  std::unique_ptr<ByteSource> source_;
  std::unique_ptr<Block> block_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::int64_t number_ = 0;
  bool complete_ = true;
};

absl::Status VisitRecord(const json& record, const std::string& place, const Visit& visit) {
  const json* data = FindArray(record, "data");
  if (data == nullptr) return visit(record, place);
  for (std::size_t i = 0; i < data->size(); ++i) {
    PINCHBECK_RETURN_IF_ERROR(visit((*data)[i], place + ": data[" + std::to_string(i) + "]"));
  }
  return absl::OkStatus();
}

absl::Status VisitDocument(const json& document, const std::string& path, const Visit& visit) {
  if (!document.is_array()) return VisitRecord(document, path, visit);
  for (std::size_t i = 0; i < document.size(); ++i) {
    PINCHBECK_RETURN_IF_ERROR(VisitRecord(document[i], path + "[" + std::to_string(i) + "]", visit));
  }
  return absl::OkStatus();
}

absl::Status VisitLines(std::optional<std::string> line, std::size_t most, Lines& lines, const Visit& visit) {
  while (line.has_value()) {
    if (!lines.complete()) {
      return absl::InvalidArgumentError(lines.place() + ": a record of more than " + std::to_string(most) +
                                        " bytes");
    }
    {
      const LenientJson record = ParseLenient(*line);
      if (record.value.is_discarded()) return absl::InvalidArgumentError(lines.place() + ": not JSON");
      PINCHBECK_RETURN_IF_ERROR(VisitRecord(record.value, lines.place(), visit));
    }
    PINCHBECK_ASSIGN_OR_RETURN(line, lines.Next(most));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ForEachLogRecord(const std::string& path, const LogRecordLimits& limits, const Visit& visit) {
  PINCHBECK_ASSIGN_OR_RETURN(Lines lines, Lines::Open(path));
  PINCHBECK_ASSIGN_OR_RETURN(std::optional<std::string> first, lines.Next(limits.max_record_bytes));
  if (!first.has_value()) return absl::InvalidArgumentError(path + ": the file is empty");
  const std::size_t start = first->find_first_not_of(" \t\r\n");
  // A list, or a document over several lines, whose first line is not JSON by itself.
  const bool list = start != std::string::npos && (*first)[start] == '[';
  const bool whole = list || (lines.complete() && ParseLenient(*first).value.is_discarded());
  if (!whole) return VisitLines(std::move(first), limits.max_record_bytes, lines, visit);
  const std::string place = lines.place();
  PINCHBECK_ASSIGN_OR_RETURN(const std::string text,
                             lines.Rest(*std::move(first), limits.max_document_bytes));
  const LenientJson document = ParseLenient(text);
  if (!document.value.is_discarded()) return VisitDocument(document.value, path, visit);
  if (list) return absl::InvalidArgumentError(path + ": not JSON (cut off?)");
  return absl::InvalidArgumentError(place + ": not JSON");
}

}  // namespace pinchbeck::internal
