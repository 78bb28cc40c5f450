#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/client/chat_wire.h"

namespace pinchbeck {
namespace {

using pinchbeck::testing::Decode;
using pinchbeck::testing::Decoded;
using pinchbeck::testing::KindOf;
using pinchbeck::testing::Wire;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct ErrorCase {
  const char* name;
  Wire wire;
  std::string body;
  ErrorKind kind;
  std::optional<int> status;
  const char* message;
  const char* code;
};

class Errors : public ::testing::TestWithParam<ErrorCase> {};

TEST_P(Errors, BecomeErrorObservations) {
  const ErrorCase& test = GetParam();
  const Decoded decoded = Decode({test.body}, test.wire);
  ASSERT_TRUE(decoded.observation.error.has_value());
  EXPECT_EQ(KindOf(decoded), test.kind);
  EXPECT_EQ(decoded.observation.error->status, test.status);
  EXPECT_THAT(decoded.observation.error->message, HasSubstr(test.message));
  EXPECT_EQ(decoded.notes.error_code, test.code);
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, Errors,
    ::testing::Values(
        ErrorCase{"OpenAi",
                  {404},
                  R"({"error":{"message":"no such model","type":"t","code":"model_not_found"}})",
                  ErrorKind::kHttp,
                  404,
                  "no such model",
                  "model_not_found"},
        ErrorCase{"NumericCode",
                  {401},
                  R"({"error":{"code":401,"message":"Invalid API Key","type":"auth"}})",
                  ErrorKind::kHttp,
                  401,
                  "Invalid API Key",
                  "auth"},
        ErrorCase{"ErrorString", {500}, R"({"error":"boom"})", ErrorKind::kHttp, 500, "boom", ""},
        ErrorCase{"Detail",
                  {422},
                  R"({"detail":[{"loc":["body"],"msg":"field required"}]})",
                  ErrorKind::kHttp,
                  422,
                  "field required",
                  ""},
        ErrorCase{
            "Message", {400}, R"({"message":"bad","object":"error"})", ErrorKind::kHttp, 400, "bad", ""},
        ErrorCase{"PlainText", {502}, "upstream gone", ErrorKind::kHttp, 502, "upstream gone", ""},
        ErrorCase{"EmptyBody", {500}, "", ErrorKind::kHttp, 500, "empty", ""},
        ErrorCase{"HtmlErrorPage",
                  {404, "text/html"},
                  "<html><body>nope</body></html>",
                  ErrorKind::kHttp,
                  404,
                  "usually ends in /v1",
                  ""},
        ErrorCase{"StatusOkWithErrorObject",
                  {200},
                  R"({"error":{"message":"upstream failed","code":502}})",
                  ErrorKind::kHttp,
                  502,
                  "upstream failed",
                  ""},
        ErrorCase{"StatusOkWithErrorString",
                  {200},
                  R"({"error":"overloaded"})",
                  ErrorKind::kProtocol,
                  200,
                  "overloaded",
                  ""},
        ErrorCase{"StatusOkWithHtml",
                  {200, "text/html"},
                  "\n<!DOCTYPE html><html>",
                  ErrorKind::kProtocol,
                  200,
                  "usually ends in /v1",
                  ""},
        ErrorCase{"HtmlForAStream",
                  {200, "text/html", true},
                  "<!doctype html><html>",
                  ErrorKind::kProtocol,
                  200,
                  "usually ends in /v1",
                  ""},
        ErrorCase{"NotJson", {200}, "hello", ErrorKind::kProtocol, 200, "hello", ""},
        ErrorCase{"Array", {200}, "[{}]", ErrorKind::kProtocol, 200, "not a JSON object", ""},
        ErrorCase{"NoChoices", {200}, R"({"id":"x"})", ErrorKind::kProtocol, 200, "no choices", ""},
        ErrorCase{"EmptyChoices", {200}, R"({"choices":[]})", ErrorKind::kProtocol, 200, "no choices", ""},
        ErrorCase{"EmptyAnswer", {200}, "", ErrorKind::kProtocol, 200, "empty", ""},
        ErrorCase{"ErrorForAStream",
                  {429, "application/json", true},
                  R"({"error":{"message":"slow down"}})",
                  ErrorKind::kHttp,
                  429,
                  "slow down",
                  ""},
        ErrorCase{"FinishReasonError",
                  {200},
                  R"({"choices":[{"index":0,"message":{},"finish_reason":"error"}]})",
                  ErrorKind::kProtocol,
                  std::nullopt,
                  "finish_reason",
                  ""}),
    [](const ::testing::TestParamInfo<ErrorCase>& param) { return std::string(param.param.name); });

TEST(ErrorMembers, ThatSayThereIsNoError) {
  for (const char* value : {"null", "false", "\"\"", "{}", "[]", "0"}) {
    const std::string body =
        std::string(R"({"choices":[{"index":0,"message":{"content":"x"}}],"error":)") + value + "}";
    EXPECT_FALSE(Decode({body}).observation.error.has_value()) << value;
  }
}

TEST(ErrorMembers, BesideAWholeAnswerHideNoWordOfIt) {
  const std::string finish = R"(,"finish_reason":")", end = R"("}],"error":"x"})";
  const std::string start = R"({"choices":[{"index":0,"message":{"content":"a"})";
  const Decoded whole = Decode({start + finish + "stop" + end});
  EXPECT_FALSE(whole.observation.error.has_value());
  EXPECT_EQ(whole.observation.response.text, "a");
  // Half of an answer is none; what came of it is recorded.
  for (const std::string& broken : {start + finish + "error" + end, start + finish + "abort" + end,
                                    start + R"(}],"error":{"code":502,"message":"died"}})"}) {
    const Observation o = Decode({broken}).observation;
    EXPECT_TRUE(o.error.has_value()) << broken;
    EXPECT_EQ(o.response.text, "a") << broken;
  }
  EXPECT_TRUE(Decode({start + finish + "stop" + end}, {500}).observation.error.has_value());
  EXPECT_TRUE(Decode({R"({"choices":[{"message":{"content":""},"finish_reason":"stop"}],"error":"x"})"})
                  .observation.error.has_value());
}

TEST(ErrorMessages, CannotSteerATerminal) {
  const Decoded decoded = Decode({R"({"error":{"message":"a\u001b[2Jb\nc"}})"}, {500});
  EXPECT_THAT(decoded.observation.error->message, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\n"))));
}

TEST(ErrorMessages, AreBounded) {
  const Decoded decoded = Decode({R"({"error":")" + std::string(100000, 'x') + "\"}"}, {500});
  EXPECT_LT(decoded.observation.error->message.size(), 600U);
}

TEST(Completion, CutOffIsLeftToTheCaller) {
  const Decoded decoded = Decode({R"({"choices":[{"index")"}, {200, "application/json", false, false});
  EXPECT_FALSE(decoded.observation.error.has_value());
  EXPECT_FALSE(decoded.notes.answer_complete);
}

}  // namespace
}  // namespace pinchbeck
