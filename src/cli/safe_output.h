// A stream that lets no control sequence through to a terminal.
#ifndef PINCHBECK_SRC_CLI_SAFE_OUTPUT_H_
#define PINCHBECK_SRC_CLI_SAFE_OUTPUT_H_

#include <ostream>
#include <streambuf>
#include <string>

namespace pinchbeck::cli {

// Passes text on to another stream. Control characters other than line feed and tab, C1 controls (U+0080 to
// U+009F, which some terminals obey) and the marks that turn the direction of writing are written as \u001b,
// as JSON would; bytes that are not UTF-8 become U+FFFD. Inside JSON strings the result is valid JSON with
// the same meaning, and text for people shows what was there.
//
// Everything that the command prints goes through one of these, so that no path from a server, a recording or
// a fingerprint to the terminal needs care of its own.
class SafeStreambuf final : public std::streambuf {
 public:
  explicit SafeStreambuf(std::ostream& target) : target_(target) {}
  // Writes what is left of a character that never ended.
  ~SafeStreambuf() override { Finish(); }

 protected:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* text, std::streamsize size) override;
  int sync() override;

 private:
  void Put(unsigned char byte);
  void PutCharacter();
  void Replace();
  // In one piece: the target may send every write to the terminal at once.
  void PassOn();
  void Finish();

  std::ostream& target_;
  std::string ready_;
  // The bytes of a character so far, and how many it will have.
  std::string partial_;
  std::size_t wanted_ = 0;
};

class SafeOutput {
 public:
  explicit SafeOutput(std::ostream& target) : buffer_(target), stream_(&buffer_) {}
  [[nodiscard]] std::ostream& stream() { return stream_; }

 private:
  SafeStreambuf buffer_;
  std::ostream stream_;
};

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_SAFE_OUTPUT_H_
