#include "src/fingerprint/text_json.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "pinchbeck/internal/utf8.h"

namespace pinchbeck::internal {
namespace {

using Json = nlohmann::ordered_json;

std::u32string ReadPrefix(const Field& field) {
  const std::string text = field.String();
  std::u32string prefix;
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = DecodeCodePoint(text, i);
    if (prefix.size() == kPrefixCodePoints)
      field.Fail("expected at most " + std::to_string(kPrefixCodePoints) + " characters");
    prefix.push_back(point.value);
    i += point.length;
  }
  return prefix;
}

std::vector<std::int32_t> ReadTokenIds(const Field& field) {
  std::vector<std::int32_t> ids;
  const std::vector<double> numbers = field.Numbers();
  if (numbers.empty() || numbers.size() > kPrefixTokens)
    field.Fail("expected 1 to " + std::to_string(kPrefixTokens) + " token ids");
  for (const double number : numbers) {
    if (!(number >= 0 && number <= 2147483647.0 && number == std::floor(number)))
      field.Fail("token ids are whole numbers from 0 to 2147483647");
    ids.push_back(static_cast<std::int32_t>(number));
  }
  return ids;
}

StyleVector ReadStyle(const Field& field) {
  StyleVector style{};
  const std::vector<double> values = field.Numbers();
  if (values.size() != kStyleFeatures) field.Fail("expected " + std::to_string(kStyleFeatures) + " numbers");
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) field.Fail("a number is not finite");
    style[i] = values[i];
  }
  return style;
}

}  // namespace

Json TextsToJson(const std::vector<TextFeatures>& texts) {
  Json list = Json::array();
  for (const TextFeatures& text : texts) {
    Json trigrams = Json::array();
    for (const auto& [bucket, count] : text.trigrams) {
      trigrams.push_back(bucket);
      trigrams.push_back(count);
    }
    Json item = {{"style", text.style}, {"trigrams", std::move(trigrams)}};
    if (text.prefix) {
      std::string prefix;
      for (const char32_t value : *text.prefix) AppendCodePoint(value, &prefix);
      item["prefix"] = std::move(prefix);
    }
    if (text.token_ids) item["token_ids"] = *text.token_ids;
    list.push_back(std::move(item));
  }
  return list;
}

TextFeatures ReadText(const Field& field) {
  TextFeatures text;
  text.style = ReadStyle(field.At("style"));
  const Field trigrams = field.At("trigrams");
  const std::vector<double> numbers = trigrams.Numbers();
  if (numbers.size() % 2 != 0) trigrams.Fail("expected pairs of bucket and count");
  double previous = -1;
  for (std::size_t i = 0; i < numbers.size(); i += 2) {
    const double bucket = numbers[i], count = numbers[i + 1];
    if (!(bucket > previous && bucket < kTrigramBuckets && bucket == std::floor(bucket)))
      trigrams.Fail("buckets must rise and stay in range");
    if (!(count >= 1 && count < 4294967296.0 && count == std::floor(count)))
      trigrams.Fail("counts must be >= 1");
    previous = bucket;
    text.trigrams.emplace_back(static_cast<std::uint32_t>(bucket), static_cast<std::uint32_t>(count));
  }
  if (const auto prefix = field.Find("prefix")) text.prefix = ReadPrefix(*prefix);
  if (const auto ids = field.Find("token_ids")) text.token_ids = ReadTokenIds(*ids);
  return text;
}

}  // namespace pinchbeck::internal
