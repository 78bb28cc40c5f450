// Helpers of the tests of recordings: scratch folders, whole files, and random observations.
#ifndef PINCHBECK_TESTS_CORE_TEST_SUPPORT_H_
#define PINCHBECK_TESTS_CORE_TEST_SUPPORT_H_

#include <stdlib.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/core/observation.h"

namespace pinchbeck::testing {

// A folder of its own that disappears with its content.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "pinchbeck-core-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string File(std::string_view name) const { return (path_ / name).string(); }
  std::size_t FileCount() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::filesystem::path path_;
};

inline void WriteBytes(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

inline std::string ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// One complete gzip member.
inline std::string Gzip(std::string_view text) {
  z_stream stream = {};
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

// Observations with every field present or absent at random. Only the generator's raw bits are used, so that
// every standard library gives the same ones.
class ObservationGenerator {
 public:
  explicit ObservationGenerator(std::uint64_t seed) : bits_(seed) {}

  Observation Next() {
    Observation o;
    o.probe = "probe/" + std::to_string(Below(50)) + Text();
    for (std::uint64_t n = Below(3); n > 0; --n) o.signals.push_back("signal" + Text());
    Maybe(o.sample, [&] { return Integer(); });
    Maybe(o.session, [&] { return "s" + Text(); });
    Maybe(o.time, [&] { return "t" + Text(); });
    Maybe(o.endpoint, [&] { return "e" + Text(); });
    FillRequest(o.request);
    FillResponse(o.response);
    Maybe(o.usage.input_tokens, [&] { return Count(); });
    Maybe(o.usage.output_tokens, [&] { return Count(); });
    Maybe(o.usage.reasoning_tokens, [&] { return Count(); });
    Maybe(o.usage.cached_input_tokens, [&] { return Count(); });
    FillTiming(o.timing);
    for (std::uint64_t n = Below(4); n > 0; --n) o.logprobs.push_back(Position());
    if (Below(4) == 0) FillError(o.error.emplace());
    return o;
  }

  std::uint64_t Below(std::uint64_t limit) { return bits_() % limit; }

 private:
  template <class T, class Make>
  void Maybe(std::optional<T>& field, Make make) {
    if (Below(2) == 0) field = make();
  }
  std::int64_t Integer() { return static_cast<std::int64_t>(bits_()); }
  std::int64_t Count() { return static_cast<std::int64_t>(bits_() >> (1 + Below(60))); }
  // Any finite double that is not negative, over the whole range of exponents.
  double Magnitude() {
    const double mantissa = 1.0 + static_cast<double>(bits_() >> 12) / 4503599627370496.0;
    return Below(10) == 0 ? 0.0 : std::ldexp(mantissa, static_cast<int>(Below(2000)) - 1000);
  }
  double Number() { return Below(2) == 0 ? Magnitude() : -Magnitude(); }
  std::string Text() {
    static constexpr std::string_view kPieces[] = {"",
                                                   "a",
                                                   "answer",
                                                   " ",
                                                   "\n",
                                                   "\t",
                                                   "\"",
                                                   "\\",
                                                   "/",
                                                   "\x01",
                                                   "\x7f",
                                                   "\xC3\xA9",
                                                   "\xE4\xB8\xAD",
                                                   "\xF0\x9F\x98\x80",
                                                   "\xEF\xBF\xBD",
                                                   "\xE2\x80\xA8",
                                                   "{}",
                                                   "[1,2]",
                                                   "null",
                                                   "\\u0041"};
    std::string text;
    for (std::uint64_t n = Below(5); n > 0; --n) text += kPieces[Below(std::size(kPieces))];
    return text;
  }
  void FillRequest(RequestRecord& r) {
    Maybe(r.model, [&] { return "m" + Text(); });
    Maybe(r.temperature, [&] { return Number(); });
    Maybe(r.top_p, [&] { return Number(); });
    Maybe(r.top_k, [&] { return Integer(); });
    Maybe(r.min_p, [&] { return Number(); });
    Maybe(r.max_tokens, [&] { return Count(); });
    Maybe(r.seed, [&] { return Integer(); });
    Maybe(r.stream, [&] { return Below(2) == 0; });
    Maybe(r.top_logprobs, [&] { return Count(); });
    Maybe(r.prompt_sha256, [&] { return "0" + Text(); });
  }
  void FillResponse(ResponseRecord& r) {
    Maybe(r.id, [&] { return "i" + Text(); });
    Maybe(r.model, [&] { return "m" + Text(); });
    Maybe(r.text, [&] { return Text(); });
    Maybe(r.reasoning_text, [&] { return "r" + Text(); });
    Maybe(r.finish_reason, [&] { return "stop" + Text(); });
    Maybe(r.system_fingerprint, [&] { return "f" + Text(); });
    Maybe(r.token_ids, [&] { return std::vector<std::int64_t>(Below(3), Integer()); });
  }
  void FillTiming(TimingRecord& t) {
    Maybe(t.connect_s, [&] { return Magnitude(); });
    Maybe(t.first_token_s, [&] { return Magnitude(); });
    Maybe(t.total_s, [&] { return Magnitude(); });
    for (std::uint64_t n = Below(4); n > 0; --n) t.event_s.push_back(Magnitude());
    std::ranges::sort(t.event_s);
    if (Below(2) == 0) t.event_tokens.assign(t.event_s.size(), Count());
  }
  TokenLogprob Token() {
    TokenLogprob token;
    token.token = Text();
    Maybe(token.id, [&] { return Integer(); });
    Maybe(token.logprob, [&] { return Below(8) == 0 ? -9999.0 : Number(); });
    return token;
  }
  PositionLogprobs Position() {
    PositionLogprobs position{Token(), {}};
    for (std::uint64_t n = Below(4); n > 0; --n) position.top.push_back(Token());
    return position;
  }
  void FillError(ErrorRecord& e) {
    e.kind = static_cast<ErrorKind>(Below(4));
    Maybe(e.status, [&] { return static_cast<int>(Below(600)); });
    e.message = Text();
  }

  std::mt19937_64 bits_;
};

}  // namespace pinchbeck::testing

#endif  // PINCHBECK_TESTS_CORE_TEST_SUPPORT_H_
