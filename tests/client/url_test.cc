#include "src/client/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "pinchbeck/client/client.h"
#include "pinchbeck/client/openai_chat.h"

namespace pinchbeck {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ChatCompletionsUrl, AcceptsEveryUsualForm) {
  for (const char* base :
       {"https://h.example/v1", "https://h.example/v1/", "https://h.example/v1//",
        "https://h.example/v1/chat/completions", "https://h.example/v1/chat/completions/"}) {
    const auto url = ChatCompletionsUrl(base);
    ASSERT_TRUE(url.ok()) << base;
    EXPECT_EQ(*url, "https://h.example:443/v1/chat/completions") << base;
  }
  EXPECT_EQ(*ChatCompletionsUrl("http://[::1]:8080"), "http://[::1]:8080/chat/completions");
  EXPECT_EQ(*ChatCompletionsUrl("https://h.example/v1?api-version=3"),
            "https://h.example:443/v1/chat/completions?api-version=3");
}

TEST(ChatCompletionsUrl, NamesWhatIsWrong) {
  const struct {
    const char* base;
    const char* message;
  } cases[] = {{"", "empty"},
               {"h.example/v1", "http://"},
               {"ftp://h.example/v1", "ftp"},
               {"https://", "not a valid URL"},
               {"https://h.example/v 1", "space"},
               {"https://h.example/v1\r\nX: y", "control"}};
  for (const auto& test : cases) {
    const auto url = ChatCompletionsUrl(test.base);
    EXPECT_EQ(url.status().code(), absl::StatusCode::kInvalidArgument) << test.base;
    EXPECT_THAT(std::string(url.status().message()), HasSubstr(test.message)) << test.base;
  }
}

TEST(PublicBaseUrl, LeavesSecretsAndTheOperationOut) {
  EXPECT_EQ(*PublicBaseUrl("https://user:pass@H.Example:443/v1/?key=abc#x"), "https://h.example/v1");
  EXPECT_EQ(*PublicBaseUrl("http://h.example:8080/v1/chat/completions"), "http://h.example:8080/v1");
  EXPECT_EQ(*PublicBaseUrl("http://h.example"), "http://h.example");
}

TEST(ParseUrl, KnowsThisMachine) {
  for (const char* url : {"http://localhost:1", "http://LOCALHOST/v1", "http://127.0.0.1:8080",
                          "http://127.9.9.9", "http://[::1]:8080"}) {
    EXPECT_TRUE(internal::ParseUrl(url)->IsLoopback()) << url;
  }
  for (const char* url : {"http://localhost.example", "http://127.0.0.1.example", "http://10.0.0.1",
                          "http://128.0.0.1", "http://127.0.0.1@evil.example/v1", "http://[2001:db8::1]"}) {
    EXPECT_FALSE(internal::ParseUrl(url)->IsLoopback()) << url;
  }
}

Endpoint MakeEndpoint(std::string url, std::string key) {
  return Endpoint{std::move(url), "gpt-x", Secret(std::move(key))};
}

TEST(ValidateEndpoint, RefusesToSendAKeyUnencrypted) {
  EXPECT_TRUE(ValidateEndpoint(MakeEndpoint("https://h.example/v1", "secret-key"), false).ok());
  EXPECT_TRUE(ValidateEndpoint(MakeEndpoint("http://127.0.0.1:1/v1", "secret-key"), false).ok());
  EXPECT_TRUE(ValidateEndpoint(MakeEndpoint("http://h.example/v1", ""), false).ok());
  EXPECT_TRUE(ValidateEndpoint(MakeEndpoint("http://h.example/v1", "secret-key"), true).ok());
  const absl::Status status = ValidateEndpoint(MakeEndpoint("http://h.example/v1", "secret-key"), false);
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), HasSubstr("http://h.example"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret-key")));
  EXPECT_EQ(ValidateEndpoint(MakeEndpoint("http://me:pw@h.example/v1", ""), false).code(),
            absl::StatusCode::kPermissionDenied);
}

TEST(ValidateEndpoint, RefusesKeysThatAreNoHeaderValueWithoutShowingThem) {
  for (const std::string key : {"secret\nHost: x", "secret key", "secret\xC3\xA9"}) {
    const absl::Status status = ValidateEndpoint(MakeEndpoint("https://h.example/v1", key), false);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret")));
  }
}

TEST(ValidateEndpoint, WantsAModel) {
  EXPECT_EQ(ValidateEndpoint(Endpoint{"https://h.example/v1", "", Secret()}, false).code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pinchbeck
