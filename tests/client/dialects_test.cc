// What must hold for every API: the same answer however the bytes are cut, an error or a whole answer when
// they end early, and no harm from values of the wrong type.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/client/api.h"
#include "tests/client/api_samples.h"
#include "tests/client/wire.h"

namespace pinchbeck {
namespace {

using nlohmann::json;
using pinchbeck::testing::ApiSample;
using pinchbeck::testing::ApiSamples;
using pinchbeck::testing::Decoded;
using pinchbeck::testing::DecodeWith;
using pinchbeck::testing::Event;
using pinchbeck::testing::Joined;
using pinchbeck::testing::kLines;
using pinchbeck::testing::kSampleText;
using pinchbeck::testing::kStream;
using pinchbeck::testing::OneByteEach;
using pinchbeck::testing::Wire;
using ::testing::HasSubstr;

class EveryApi : public ::testing::TestWithParam<ApiSample> {
 protected:
  const ApiSample& sample() const { return GetParam(); }
  std::unique_ptr<Dialect> dialect_ = MakeDialect(GetParam().api);

  bool lines() const { return sample().api == Api::kOllama; }
  Wire StreamWire() const { return lines() ? kLines : kStream; }
  std::string Framed(const json& data) const {
    const std::string text = data.dump(-1, ' ', false, json::error_handler_t::replace);
    return lines() ? text + "\n" : Event(text);
  }
  std::vector<std::string> StreamPieces() const {
    std::vector<std::string> pieces;
    for (const std::string& event : sample().events) pieces.push_back(Framed(json::parse(event)));
    if (!sample().end_mark.empty()) pieces.push_back(Event(sample().end_mark));
    return pieces;
  }
  void ExpectWhole(const Decoded& decoded) const {
    const Observation& o = decoded.observation;
    ASSERT_FALSE(o.error.has_value()) << o.error->message;
    EXPECT_EQ(o.response.text, kSampleText);
    EXPECT_EQ(o.response.reasoning_text, "hm");
    EXPECT_EQ(o.response.finish_reason, "stop");
    EXPECT_EQ(o.usage.input_tokens, 9);
    EXPECT_EQ(o.usage.output_tokens, 2);
    EXPECT_EQ(decoded.notes.json_repairs, 0);
  }
};

TEST_P(EveryApi, DocumentAndStreamGiveOneAnswer) {
  ExpectWhole(DecodeWith(*dialect_, {sample().document}));
  const Decoded stream = DecodeWith(*dialect_, StreamPieces(), StreamWire());
  ExpectWhole(stream);
  EXPECT_TRUE(stream.notes.terminated_cleanly);
  EXPECT_GE(stream.observation.timing.event_s.size(), 2U);
  // The other way than asked.
  ExpectWhole(DecodeWith(*dialect_, {sample().document}, {200, "application/json", true, true}));
  Wire unasked = StreamWire();
  unasked.streaming = false;
  ExpectWhole(DecodeWith(*dialect_, StreamPieces(), unasked));
}

TEST_P(EveryApi, OneByteAtATime) {
  const Decoded whole = DecodeWith(*dialect_, {Joined(StreamPieces())}, StreamWire());
  const Decoded bytes = DecodeWith(*dialect_, OneByteEach(Joined(StreamPieces())), StreamWire());
  ExpectWhole(bytes);
  EXPECT_EQ(bytes.observation.timing.event_s.size(), whole.observation.timing.event_s.size());
  EXPECT_EQ(bytes.observation.logprobs.size(), whole.observation.logprobs.size());
  ExpectWhole(DecodeWith(*dialect_, OneByteEach(sample().document)));
}

TEST_P(EveryApi, CarriageReturnsAndAByteOrderMark) {
  std::string bytes = lines() ? "" : "\xEF\xBB\xBF: comment\r\n\r\n";
  for (const char c : Joined(StreamPieces())) {
    if (c == '\n') bytes += '\r';
    bytes += c;
  }
  ExpectWhole(DecodeWith(*dialect_, {bytes}, StreamWire()));
}

TEST_P(EveryApi, EveryPrefixIsAnErrorOrAWholeAnswer) {
  const std::string bytes = Joined(StreamPieces());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const Decoded ended = DecodeWith(*dialect_, {bytes.substr(0, length)}, StreamWire());
    EXPECT_NE(ended.observation.error.has_value(), ended.notes.answer_complete) << length;
    if (!ended.observation.error.has_value()) {
      EXPECT_EQ(ended.observation.response.text, kSampleText) << length;
    }
    Wire cut = StreamWire();
    cut.complete = false;
    const Decoded broken = DecodeWith(*dialect_, {bytes.substr(0, length)}, cut);
    if (broken.notes.answer_complete) {
      EXPECT_EQ(broken.observation.response.text, kSampleText) << length;
    }
  }
  for (std::size_t length = 0; length < sample().document.size(); ++length) {
    EXPECT_TRUE(DecodeWith(*dialect_, {sample().document.substr(0, length)}).observation.error.has_value());
  }
}

// Replaces every value of a document in turn.
void ForEachMutation(json& node, const json& root, const std::function<void(const json&)>& use) {
  static const std::vector<json> kValues = {nullptr,
                                            true,
                                            -1,
                                            1e300,
                                            18446744073709551615ULL,
                                            "",
                                            "x",
                                            json::array(),
                                            json::object(),
                                            json::array({nullptr}),
                                            json::array({json::array({1})}),
                                            json::array({json::object({{"index", "x"}})}),
                                            json::object({{"type", 5}})};
  for (const json& value : kValues) {
    const json kept = std::exchange(node, value);
    use(root);
    node = kept;
  }
  if (!node.is_structured()) return;
  for (json& child : node) ForEachMutation(child, root, use);
}

TEST_P(EveryApi, ValuesOfAnyTypeDoNoHarm) {
  json document = json::parse(sample().document);
  ForEachMutation(document, document,
                  [this](const json& mutated) { (void)DecodeWith(*dialect_, {mutated.dump()}); });
  std::vector<std::string> pieces = StreamPieces();
  for (std::size_t i = 0; i < sample().events.size(); ++i) {
    json event = json::parse(sample().events[i]);
    const std::string kept = pieces[i];
    ForEachMutation(event, event, [&](const json& mutated) {
      pieces[i] = Framed(mutated);
      (void)DecodeWith(*dialect_, {Joined(pieces)}, StreamWire());
    });
    pieces[i] = kept;
  }
}

TEST_P(EveryApi, DeepNestingAndRepeatedKeys) {
  const std::string deep = "{\"error\":" + std::string(200000, '[') + std::string(200000, ']') + "}";
  EXPECT_TRUE(DecodeWith(*dialect_, {deep}).observation.error.has_value());
  EXPECT_TRUE(DecodeWith(*dialect_, {deep}, {500}).observation.error.has_value());
  // The last of two members with one name counts.
  std::string twice = sample().document;
  twice.insert(1, "\"model\":\"other\",\"usage\":5,");
  ExpectWhole(DecodeWith(*dialect_, {twice}));
}

TEST_P(EveryApi, WebPagesAndErrorObjects) {
  for (const bool streaming : {false, true}) {
    const Decoded page =
        DecodeWith(*dialect_, {"<!doctype html><html>"}, {200, "text/html", streaming, true});
    ASSERT_TRUE(page.observation.error.has_value());
    EXPECT_THAT(page.observation.error->message, HasSubstr("web page"));
    const Decoded error = DecodeWith(*dialect_, {R"({"error":{"message":"no\u001b[2Jpe","type":"t"}})"},
                                     {200, "application/json", streaming, true});
    ASSERT_TRUE(error.observation.error.has_value());
    EXPECT_THAT(error.observation.error->message, HasSubstr("no"));
    EXPECT_EQ(error.observation.error->message.find('\x1b'), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(Apis, EveryApi, ::testing::ValuesIn(ApiSamples()),
                         [](const ::testing::TestParamInfo<ApiSample>& param) {
                           return std::string(ApiName(param.param.api));
                         });

}  // namespace
}  // namespace pinchbeck
