#include "src/client/log_records.h"

#include <array>
#include <memory>
#include <string_view>

#include "pinchbeck/internal/status_macros.h"
#include "src/client/lenient_json.h"
#include "src/core/byte_source.h"

namespace pinchbeck::internal {
namespace {

using nlohmann::json;
using Visit = std::function<absl::Status(const json&, const std::string&)>;

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

absl::StatusOr<std::string> ReadWhole(const std::string& path, std::size_t max_bytes) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> source, OpenByteSource(path));
  std::string text;
  std::array<char, std::size_t{64} << 10> block;
  while (true) {
    PINCHBECK_ASSIGN_OR_RETURN(const std::size_t got, source->Read(block.data(), block.size()));
    if (got == 0) break;
    if (text.size() + got > max_bytes) {
      return absl::InvalidArgumentError(path + ": larger than " + std::to_string(max_bytes) +
                                        " bytes; split the file");
    }
    text.append(block.data(), got);
  }
  if (source->truncated()) return absl::DataLossError(path + ": the gzip data ends early");
  return text;
}

absl::Status VisitRecord(const json& record, const std::string& place, const Visit& visit) {
  if (!record.is_object()) return absl::InvalidArgumentError(place + ": expected a JSON object");
  const json* data = FindArray(record, "data");
  if (data == nullptr) return visit(record, place);
  for (std::size_t i = 0; i < data->size(); ++i) {
    const std::string inner = place + ": data[" + std::to_string(i) + "]";
    if (!(*data)[i].is_object()) return absl::InvalidArgumentError(inner + ": expected a JSON object");
    PINCHBECK_RETURN_IF_ERROR(visit((*data)[i], inner));
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

bool IsBlank(std::string_view line) { return line.find_first_not_of(" \t\r\n") == std::string_view::npos; }

absl::Status VisitLines(std::string_view text, const std::string& path, const Visit& visit) {
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (IsBlank(line)) continue;
    const std::string place = path + ":" + std::to_string(number);
    const LenientJson record = ParseLenient(line);
    if (record.value.is_discarded()) return absl::InvalidArgumentError(place + ": not JSON");
    PINCHBECK_RETURN_IF_ERROR(VisitRecord(record.value, place, visit));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ForEachLogRecord(const std::string& path, std::size_t max_bytes, const Visit& visit) {
  PINCHBECK_ASSIGN_OR_RETURN(const std::string whole, ReadWhole(path, max_bytes));
  std::string_view text = whole;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return absl::InvalidArgumentError(path + ": the file is empty");
  // A document over several lines has a first line that is not JSON by itself.
  const std::string_view first = text.substr(start, text.find('\n', start) - start);
  const bool lines = text[start] != '[' && !ParseLenient(first).value.is_discarded();
  if (lines) return VisitLines(text, path, visit);
  const LenientJson document = ParseLenient(text);
  if (!document.value.is_discarded()) return VisitDocument(document.value, path, visit);
  // So that the message names a line.
  if (text[start] == '[') return absl::InvalidArgumentError(path + ": not JSON (cut off?)");
  return VisitLines(text, path, visit);
}

}  // namespace pinchbeck::internal
