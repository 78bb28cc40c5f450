#include "src/client/answer_fields.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pinchbeck/internal/utf8.h"
#include "src/client/lenient_json.h"

namespace pinchbeck::internal {
namespace {

using nlohmann::json;

constexpr std::string_view kReplacementText = "\xEF\xBF\xBD";

// The bytes of a token as text; absent unless they are complete, valid UTF-8.
std::optional<std::string> TextOfBytes(const json& entry) {
  const json* bytes = FindArray(entry, "bytes");
  if (bytes == nullptr || bytes->empty()) return std::nullopt;
  std::string text;
  for (const json& value : *bytes) {
    const std::optional<std::int64_t> byte = AsInteger(value);
    if (!byte.has_value() || *byte < 0 || *byte > 255) return std::nullopt;
    text += static_cast<char>(*byte);
  }
  if (!IsValidUtf8(text)) return std::nullopt;
  return text;
}

PositionLogprobs ReadPosition(const json& entry) {
  PositionLogprobs position;
  position.sampled = ReadToken(entry);
  if (const json* top = FindArray(entry, "top_logprobs")) {
    position.top.reserve(top->size());
    for (const json& alternative : *top) {
      if (alternative.is_object()) position.top.push_back(ReadToken(alternative));
    }
  }
  return position;
}

}  // namespace

void AppendText(std::optional<std::string>& field, std::string_view text) {
  if (!field.has_value()) field.emplace();
  field->append(text);
}

void ReadCount(const json& object, const char* key, std::optional<std::int64_t>& field) {
  const std::optional<std::int64_t> value = FindInteger(object, key);
  if (value.has_value() && *value >= 0) field = value;
}

std::optional<std::int64_t> AddCounts(std::optional<std::int64_t> a, std::optional<std::int64_t> b) {
  if (!a.has_value() || !b.has_value()) return std::nullopt;
  if (*a > std::numeric_limits<std::int64_t>::max() - *b) return std::nullopt;
  return *a + *b;
}

std::optional<double> AsLogprob(const json* value) {
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double number = value->get<double>();
  if (!std::isfinite(number)) return std::nullopt;
  return number;
}

TokenLogprob ReadToken(const json& entry) {
  TokenLogprob token;
  token.token = FindString(entry, "token").value_or("");
  if (token.token.empty() || token.token.find(kReplacementText) != std::string::npos) {
    if (std::optional<std::string> text = TextOfBytes(entry)) token.token = std::move(*text);
  }
  token.id = FindInteger(entry, "id");
  if (!token.id.has_value()) token.id = FindInteger(entry, "token_id");
  token.logprob = AsLogprob(FindMember(entry, "logprob"));
  return token;
}

std::int64_t ReadPositions(const json& list, std::vector<PositionLogprobs>& positions) {
  std::int64_t count = 0;
  if (!list.is_array()) return count;
  for (const json& entry : list) {
    if (!entry.is_object()) continue;
    positions.push_back(ReadPosition(entry));
    ++count;
  }
  return count;
}

std::string TextOfParts(const json& object, const char* key, std::string_view part_type) {
  const json* content = FindMember(object, key);
  if (content == nullptr) return {};
  if (content->is_string()) return content->get_ref<const std::string&>();
  std::string text;
  if (!content->is_array()) return text;
  for (const json& part : *content) {
    if (FindString(part, "type").value_or(std::string(part_type)) == part_type) {
      text += FindString(part, "text").value_or("");
    }
  }
  return text;
}

}  // namespace pinchbeck::internal
