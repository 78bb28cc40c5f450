// The scanner against an independent parser: both must agree on what is JSON, and on what it says.
#include "src/internal/json_scanner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/core/observation.h"
#include "tests/core/test_support.h"

namespace pinchbeck::internal {
namespace {

using json = nlohmann::json;

// Builds a document from the events.
class TreeBuilder {
 public:
  bool Null() { return Add(nullptr); }
  bool Boolean(bool value) { return Add(value); }
  bool Integer(std::int64_t value) { return Add(value); }
  bool Number(double value, std::string_view) { return Add(value); }
  bool String(std::string& text) { return Add(text); }
  bool StartObject() { return Enter(json::object()); }
  bool StartList() { return Enter(json::array()); }
  bool EndObject() { return Leave(); }
  bool EndList() { return Leave(); }
  bool Key(std::string& text) {
    key_ = text;
    return true;
  }
  void NumberOutOfRange(std::string_view) { out_of_range = true; }
  void SyntaxError(std::size_t column, std::string_view message) {
    error = "column " + std::to_string(column) + ": " + std::string(message);
  }

  json root;
  bool out_of_range = false;
  std::string error;

 private:
  json& Place(json value) {
    if (stack_.empty()) return root = std::move(value);
    json& parent = *stack_.back();
    if (parent.is_object()) return parent[key_] = std::move(value);
    parent.push_back(std::move(value));
    return parent.back();
  }
  bool Add(json value) {
    Place(std::move(value));
    return true;
  }
  bool Enter(json value) {
    stack_.push_back(&Place(std::move(value)));
    return true;
  }
  bool Leave() {
    stack_.pop_back();
    return true;
  }
  std::vector<json*> stack_;
  std::string key_;
};

// Whether the scanner and the other parser agree about a text.
::testing::AssertionResult Agrees(const std::string& text) {
  TreeBuilder builder;
  const bool parsed = JsonScanner(text, &builder).Run();
  // The other parser takes a NUL byte for the end of the text.
  const bool has_nul = text.find('\0') != std::string::npos;
  const json expected = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool accepts = !expected.is_discarded() && !has_nul;
  if (parsed != accepts) {
    return ::testing::AssertionFailure()
           << "parsed: " << parsed << ", expected: " << accepts << " " << builder.error;
  }
  if (!parsed && !builder.out_of_range && builder.error.empty()) {
    return ::testing::AssertionFailure() << "stopped without an error";
  }
  if (parsed && builder.root != expected) {
    return ::testing::AssertionFailure() << "got " << builder.root.dump() << ", expected " << expected.dump();
  }
  return ::testing::AssertionSuccess();
}

TEST(JsonScannerTest, AgreesOnTextsAtTheEdgesOfTheGrammar) {
  const std::vector<std::string> texts = {"",
                                          " ",
                                          "null",
                                          "nul",
                                          "nulll",
                                          "true",
                                          "false",
                                          "truefalse",
                                          "[]",
                                          "[ ]",
                                          "[,]",
                                          "[1,]",
                                          "[1 2]",
                                          "[1,2",
                                          "{}",
                                          "{ }",
                                          "{,}",
                                          "{\"a\"}",
                                          "{\"a\":}",
                                          "{\"a\":1,}",
                                          "{\"a\":1 \"b\":2}",
                                          "{a:1}",
                                          "{1:2}",
                                          "{\"a\":1]",
                                          "[1}",
                                          "]",
                                          "}",
                                          ":",
                                          ",",
                                          "[[[[]]]]",
                                          "[]]",
                                          "[[]",
                                          "\"\"",
                                          "\"",
                                          "\"\\\"",
                                          "\"\\\\\"",
                                          "\"\\/\\b\\f\\n\\r\\t\"",
                                          "\"\\a\"",
                                          "\"\\u00\"",
                                          "\"\\u00e9\"",
                                          "\"\\u00E9\"",
                                          "\"\\u+0e9\"",
                                          "\"\\u-0e9\"",
                                          "\"\\u 0e9\"",
                                          "\"\\uD83D\\uDE00\"",
                                          "\"\\uD83D\"",
                                          "\"\\uDE00\"",
                                          "\"\\uD83Dx\"",
                                          "\"\\uD83D\\n\"",
                                          "\"\\uD83D\\uD83D\"",
                                          "\"\\uDBFF\\uDFFF\"",
                                          "\"\\uD83D\\u\"",
                                          "\"\\u0000\"",
                                          "\"\x7f\"",
                                          "\"\x1f\"",
                                          "\"\n\"",
                                          "\"\xC3\xA9\"",
                                          "\"\xC3\"",
                                          "\"\xff\"",
                                          "0",
                                          "-0",
                                          "-",
                                          "+1",
                                          "00",
                                          "01",
                                          "-01",
                                          "1.",
                                          ".5",
                                          "1.5",
                                          "-1.5e10",
                                          "1e5",
                                          "1E+5",
                                          "1e-5",
                                          "1e",
                                          "1e+",
                                          "1e5.5",
                                          "0.0",
                                          "0e0",
                                          "1.0",
                                          "0x10",
                                          "1_000",
                                          "Infinity",
                                          "-Infinity",
                                          "NaN",
                                          "9223372036854775807",
                                          "-9223372036854775808",
                                          "9223372036854775808",
                                          "18446744073709551615",
                                          "18446744073709551616",
                                          "-9223372036854775809",
                                          "123456789012345678901234567890",
                                          "1e308",
                                          "1e309",
                                          "-1e309",
                                          "1.7976931348623157e308",
                                          "1.7976931348623159e308",
                                          "5e-324",
                                          "2e-324",
                                          "1e-999",
                                          "-1e-999",
                                          "0.000001e-320",
                                          "0e999999999999999999999",
                                          "1e99999999999999999999",
                                          "1e-99999999999999999999",
                                          "0.1",
                                          "0.30000000000000004",
                                          "1 ",
                                          " 1",
                                          "1\n",
                                          "1,",
                                          "\t[\r\n1 , \n2 ]\t",
                                          "/**/1",
                                          "1//",
                                          "'a'",
                                          "\xEF\xBB\xBF[1]",
                                          "\xEF\xBB[1]",
                                          "[1]\xEF\xBB\xBF",
                                          std::string("1\0", 2),
                                          std::string("\0", 1),
                                          std::string("\"\0\"", 3),
                                          "[\"a\",{\"b\":[null,true,false,-1.25]}]",
                                          "{\"a\":1,\"a\":2}",
                                          "{\"\":1}"};
  for (const std::string& text : texts) EXPECT_TRUE(Agrees(text)) << text;
}

TEST(JsonScannerTest, AgreesOnDamagedLines) {
  pinchbeck::testing::ObservationGenerator random(99);
  constexpr std::string_view kBytes = "{}[]\",:\\u0123456789eE+-. \tntfalsr\xC3\xA9\xED\xA0\x80\x01";
  for (int i = 0; i < 4000; ++i) {
    std::string line = SerializeObservation(random.Next());
    for (std::uint64_t edits = random.Below(3); edits > 0; --edits) {
      const std::size_t at = random.Below(line.size());
      if (random.Below(3) == 0) {
        line.erase(at, 1 + random.Below(3));
      } else {
        line.insert(at, 1, kBytes[random.Below(kBytes.size())]);
      }
    }
    ASSERT_TRUE(Agrees(line)) << line;
  }
}

TEST(JsonScannerTest, TooSmallNumbersBecomeZero) {
  for (const std::string_view text : {"1e-999", "0.000001e-320", "1e-99999999999999999999", "0.0e-400"}) {
    TreeBuilder builder;
    ASSERT_TRUE(JsonScanner(text, &builder).Run()) << text;
    EXPECT_EQ(builder.root.get<double>(), 0.0) << text;
  }
}

TEST(JsonScannerTest, BoundsTheDepth) {
  for (const int depth : {kMaxJsonDepth, kMaxJsonDepth + 1}) {
    TreeBuilder builder;
    const auto n = static_cast<std::size_t>(depth);
    const std::string text = std::string(n, '[') + std::string(n, ']');
    EXPECT_EQ(JsonScanner(text, &builder).Run(), depth == kMaxJsonDepth);
  }
}

TEST(JsonScannerTest, ErrorsGiveTheColumnOfTheOffendingByte) {
  struct Case {
    std::string_view text;
    std::string_view error;
  };
  constexpr Case kCases[] = {
      {"[1,]", "column 4: expected a JSON value"},
      {"[1 2]", "column 4: expected ',' or ']'"},
      {"{\"a\" 1}", "column 6: expected ':'"},
      {"[tru]", "column 2: expected a JSON value"},
      {"[01]", "column 2: a number must not start with zeros"},
      {"[1.]", "column 4: expected a digit"},
      {"[-]", "column 3: expected a digit"},
      {"[\"a\\x\"]", "column 4: unknown escape in a string"},
      {"[\"a\\u12\"]", "column 4: expected four hexadecimal digits in a Unicode escape"},
      {"[\"a\\", "column 5: the string has no closing quote; the text ends here"},
      {"[1", "column 3: expected ',' or ']'; the text ends here"},
  };
  for (const Case& c : kCases) {
    TreeBuilder builder;
    EXPECT_FALSE(JsonScanner(c.text, &builder).Run()) << c.text;
    EXPECT_EQ(builder.error, c.error) << c.text;
  }
}

}  // namespace
}  // namespace pinchbeck::internal
