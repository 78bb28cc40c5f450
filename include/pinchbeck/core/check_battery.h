// Probes whose answers are known beforehand: they show what a relay does to requests and answers on the way.
#ifndef PINCHBECK_CORE_CHECK_BATTERY_H_
#define PINCHBECK_CORE_CHECK_BATTERY_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "pinchbeck/core/battery.h"
#include "pinchbeck/core/endpoint.h"

namespace pinchbeck {

inline constexpr std::string_view kCacheGroup = "cache";
inline constexpr std::string_view kContextGroup = "context";
inline constexpr std::string_view kEchoGroup = "echo";
inline constexpr std::string_view kStreamGroup = "stream";
inline constexpr std::string_view kEffortGroup = "effort";
inline constexpr std::array<std::string_view, 5> kCheckGroups = {kCacheGroup, kContextGroup, kEchoGroup,
                                                                 kStreamGroup, kEffortGroup};
[[nodiscard]] bool IsCheckGroup(std::string_view group);

// The two settings that the effort group compares.
inline constexpr std::array<std::string_view, 2> kEfforts = {"low", "high"};
// The setting in the id of a probe of that group; nullopt for any other id.
[[nodiscard]] std::optional<std::string_view> EffortOfProbe(std::string_view id);

// Kinds of text that are to be repeated.
inline constexpr std::array<std::string_view, 4> kEchoKinds = {"url", "package", "code", "tool-call"};

struct CheckBatteryOptions {
  std::vector<std::string> groups;
  // Per cell: repetitions of a prompt, needles a rung, texts a kind, quarters of the problems.
  std::int64_t samples = 10;
  std::uint64_t seed = 1;
  // Longest rung of the context ladder, in tokens as estimated from the length; each further rung has half.
  std::int64_t context_tokens = 16'000;
};

// One generated probe.
struct CheckProbe {
  Probe probe;
  // "cache/same", "cache/nonce", "context", "echo/url", "stream/whole", "stream/streamed", "effort/low", ...
  std::string kind;
  // What an intact answer contains; empty for the groups cache, stream and effort.
  std::string expected;
  // "SEED-I".
  std::string cell;
  // Rung of the ladder in tokens, and depth of the needle: 0 at the beginning, 1 at the end.
  std::int64_t context_tokens = 0;
  double depth = 0;
};

// Generates probes from a seed and, where there is one, the battery key. Everything about a probe follows
// from its id (which holds the seed) and the key, so a recording needs nothing else to be judged:
//
//   cache/same/SEED-I/R    prompt I, repetition R: the same text each time, with one nonce
//   cache/nonce/SEED-I/R   the same prompt with a nonce of its own in each repetition
//   context/TOKENS/SEED-I  a long text with a code to be found in it
//   echo/KIND/SEED-I       a random text to be repeated exactly
//   stream/whole/SEED-I/R  a short choice, asked without a stream; each repetition has a nonce of its own
//   stream/streamed/...    the same choices with other nonces, asked as streams
//   effort/LEVEL/SEED-I    problem I at a reasoning effort; the same text at both levels
//
// Without a key the texts can be foreseen by anyone who guesses the seed.
class CheckProbes {
 public:
  // An empty key: the public one. Errors: as KeyedBattery().
  [[nodiscard]] static absl::StatusOr<CheckProbes> Make(const Secret& key);

  // All probes of the groups, each to be sent once. InvalidArgument: an unknown group, samples outside
  // 1 .. 1000, context_tokens outside 500 .. 1,000,000, or a ladder of more than 20 million tokens.
  [[nodiscard]] absl::StatusOr<Battery> Compose(const CheckBatteryOptions& options) const;
  // The probe that has this id; nullopt when it is none of these.
  [[nodiscard]] std::optional<CheckProbe> Find(std::string_view id) const;

 private:
  using Key = std::array<unsigned char, 32>;
  explicit CheckProbes(const Key& key) : key_(key) {}
  [[nodiscard]] CheckProbe Cache(std::string_view id, bool nonce, std::string_view cell,
                                 std::int64_t repetition) const;
  [[nodiscard]] CheckProbe Context(std::string_view id, std::int64_t tokens) const;
  [[nodiscard]] CheckProbe Echo(std::string_view id, std::string_view kind) const;
  [[nodiscard]] CheckProbe Stream(std::string_view id, bool streamed, std::string_view cell,
                                  std::int64_t repetition) const;
  [[nodiscard]] CheckProbe Effort(std::string_view id, std::string_view level, std::string_view cell) const;

  Key key_;
};

}  // namespace pinchbeck

#endif  // PINCHBECK_CORE_CHECK_BATTERY_H_
