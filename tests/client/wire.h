// What a dialect makes of the bytes of an answer.
#ifndef PINCHBECK_TESTS_CLIENT_WIRE_H_
#define PINCHBECK_TESTS_CLIENT_WIRE_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/client/dialect.h"
#include "pinchbeck/core/observation.h"

namespace pinchbeck::testing {

struct Decoded {
  Observation observation;
  DecodeNotes notes;
};

struct Wire {
  int status = 200;
  std::string content_type = "application/json";
  bool streaming = false;
  bool complete = true;
  std::vector<HttpHeader> headers = {};
};

inline const Wire kStream{200, "text/event-stream", true, true};
inline const Wire kCutStream{200, "text/event-stream", true, false};
inline const Wire kLines{200, "application/x-ndjson", true, true};

// Feeds the pieces 0.1 s apart, the first at 0.1 s.
inline Decoded DecodeWith(const Dialect& dialect, const std::vector<std::string>& pieces,
                          const Wire& wire = {}) {
  const std::unique_ptr<ResponseDecoder> decoder = dialect.MakeDecoder(wire.streaming);
  ResponseHead head;
  head.status = wire.status;
  head.headers = {{"content-type", wire.content_type}};
  head.headers.insert(head.headers.end(), wire.headers.begin(), wire.headers.end());
  decoder->OnHead(head);
  double arrival_s = 0.0;
  for (const std::string& piece : pieces) {
    arrival_s += 0.1;
    (void)decoder->OnBytes(piece, arrival_s);
  }
  Decoded decoded;
  decoded.observation.probe = "p";
  decoded.notes = decoder->Finish({wire.complete, arrival_s + 1.0}, decoded.observation);
  // Whatever was sent, the observation must be one that can be written and read again.
  const std::string line = SerializeObservation(decoded.observation);
  EXPECT_TRUE(ParseObservation(line).ok()) << line;
  return decoded;
}

// An event whose data may have several lines.
inline std::string Event(std::string_view data) {
  std::string event = "data: ";
  for (const char c : data) {
    event += c;
    if (c == '\n') event += "data: ";
  }
  return event + "\n\n";
}

// An event with its type, as APIs with named events send it.
inline std::string NamedEvent(std::string_view type, std::string_view members) {
  const std::string name(type);
  return "event: " + name + "\n" +
         Event("{\"type\":\"" + name + "\"" + (members.empty() ? "" : ",") + std::string(members) + "}");
}

inline std::vector<std::string> OneByteEach(const std::string& bytes) {
  std::vector<std::string> pieces;
  for (const char c : bytes) pieces.emplace_back(1, c);
  return pieces;
}

inline std::string Joined(const std::vector<std::string>& pieces) {
  std::string bytes;
  for (const std::string& piece : pieces) bytes += piece;
  return bytes;
}

// Recorded traffic of a real server; not in every checkout.
inline std::filesystem::path RecordedTraffic() {
  return std::filesystem::path(PINCHBECK_SOURCE_DIR) / ".." / "shared" / "fixtures" / "llama-server";
}

inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

// A line that never ends stops the transfer and is the server's error.
inline void ExpectAnEndlessLineStops(const Dialect& dialect, const std::string& content_type,
                                     const std::string& opening) {
  const auto decoder = dialect.MakeDecoder(true);
  decoder->OnHead({200, {{"content-type", content_type}}});
  const std::string block(1 << 20, 'x');
  absl::Status status = decoder->OnBytes(opening, 0.0);
  for (int i = 0; i < 20 && status.ok(); ++i) status = decoder->OnBytes(block, 0.0);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  Observation observation;
  (void)decoder->Finish({false, 1.0}, observation);
  ASSERT_TRUE(observation.error.has_value());
  EXPECT_EQ(observation.error->kind, ErrorKind::kProtocol);
}

inline ErrorKind KindOf(const Decoded& decoded) { return decoded.observation.error->kind; }

}  // namespace pinchbeck::testing

#endif  // PINCHBECK_TESTS_CLIENT_WIRE_H_
