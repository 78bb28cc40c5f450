// What must hold for every answer of every API, whatever its bytes.
#ifndef PINCHBECK_TESTS_FUZZ_REPLY_TARGET_H_
#define PINCHBECK_TESTS_FUZZ_REPLY_TARGET_H_

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "pinchbeck/client/api.h"
#include "pinchbeck/client/dialect.h"
#include "pinchbeck/client/transport.h"
#include "pinchbeck/core/endpoint.h"
#include "pinchbeck/core/observation.h"
#include "src/client/attempt.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/pieces.h"

namespace pinchbeck::fuzz {

// The key that the client holds; the dictionaries know it, so that servers which echo it are tried.
inline constexpr std::string_view kCanary = "canary-key-7f3a9c";

// The first two bytes of an input choose how the rest arrives. Of the first: bit 0 a stream was asked for,
// bit 1 the transfer ended well, bit 2 the type is that of a stream, bits 3 to 5 the HTTP status. 'G' is a
// good stream, 'B' a good document.
struct ReplyForm {
  bool streaming = false;
  bool complete = false;
  bool stream_type = false;
  int status = 200;
};

inline ReplyForm ReadForm(unsigned char byte) {
  constexpr std::array<int, 8> kStatuses = {200, 201, 204, 429, 500, 302, 401, 529};
  return {(byte & 1) != 0, (byte & 2) != 0, (byte & 4) != 0, kStatuses[(byte >> 3) & 7]};
}

inline internal::AttemptResult Receive(const Dialect& dialect, const ReplyForm& form, std::string_view body,
                                       std::size_t piece) {
  Observation observation;
  observation.probe = "p";
  internal::Attempt attempt(std::move(observation), dialect.MakeDecoder(form.streaming));
  const bool lines = dialect.name() == ApiName(Api::kOllama);
  ResponseHead head;
  head.status = form.status;
  head.headers = {{"content-type", !form.stream_type ? "application/json"
                                   : lines           ? "application/x-ndjson"
                                                     : "text/event-stream"},
                  {"location", "https://elsewhere.example/" + std::string(kCanary)}};
  attempt.OnHead(head);
  TransferResult result;
  result.head = head;
  result.total_s = 0.5;
  for (const std::string_view part : Pieces(body, piece)) {
    // One time for all pieces, so that two ways to cut the bytes can be compared.
    const absl::Status status = attempt.OnBytes(part, 0.25);
    if (status.ok()) continue;
    result.failure = TransferFailure::kRejected;
    result.message = std::string(status.message());
    break;
  }
  if (result.failure == TransferFailure::kNone && !form.complete) {
    result.failure = TransferFailure::kClosed;
    result.message = "closed";
  }
  return attempt.Finish(result, Secret(std::string(kCanary)));
}

inline void CheckErrorMessage(const std::string& message) {
  constexpr std::size_t kMostBytes = 2000;
  PINCHBECK_FUZZ_CHECK(!message.empty() && message.size() <= kMostBytes, "the message is empty or too long");
  for (std::size_t i = 0; i < message.size(); ++i) {
    const auto byte = static_cast<unsigned char>(message[i]);
    const auto next = static_cast<unsigned char>(i + 1 < message.size() ? message[i + 1] : 0);
    // The second set of control characters, U+0080 to U+009F, moves terminals as well.
    const bool control = byte < 0x20 || byte == 0x7F || (byte == 0xC2 && next >= 0x80 && next <= 0x9F);
    PINCHBECK_FUZZ_CHECK(!control, "the message holds control characters");
  }
}

inline bool RunReply(const Dialect& dialect, std::string_view input) {
  const ReplyForm form = ReadForm(TakeByte(input));
  const std::size_t piece = 1 + TakeByte(input) % 17;
  const Observation whole = Receive(dialect, form, input, 0).observation;
  const std::string line = SerializeObservation(whole);
  const std::string cut = SerializeObservation(Receive(dialect, form, input, piece).observation);
  PINCHBECK_FUZZ_CHECK(line == cut, "the answer depends on how the bytes are cut:\n" + line + "\n" + cut);
  const absl::StatusOr<Observation> read = ParseObservation(line);
  PINCHBECK_FUZZ_CHECK(read.ok(), "what is recorded cannot be read: " + read.status().ToString());
  if (read.ok())
    PINCHBECK_FUZZ_CHECK(SerializeObservation(*read) == line, "what is recorded changes when it is read");
  PINCHBECK_FUZZ_CHECK(line.find(kCanary) == std::string::npos, "the key is recorded: " + line);
  PINCHBECK_FUZZ_CHECK(whole.error.has_value() || form.status < 300,
                       "an error status is taken for an answer");
  if (whole.error.has_value()) CheckErrorMessage(whole.error->message);
  return !whole.error.has_value();
}

}  // namespace pinchbeck::fuzz

#endif  // PINCHBECK_TESTS_FUZZ_REPLY_TARGET_H_
