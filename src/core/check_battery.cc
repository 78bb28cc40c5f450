#include "pinchbeck/core/check_battery.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/status/status.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/core/keyed_generator.h"
#include "src/core/prompt_grammar.h"

namespace pinchbeck {
namespace {

using internal::BuiltinGrammar;
using internal::KeyedGenerator;

constexpr std::string_view kLabel = "pinchbeck.check_battery/1/";
// Prompts of the cache group; each is asked `samples` times with one nonce and as often with others.
constexpr int kCachePrompts = 4;
// Choices of the stream group, each asked `samples` times in both ways.
constexpr int kStreamPrompts = 4;
// Problems of the effort group for each of `samples`.
constexpr int kEffortProblems = 4;
constexpr int kRungs = 5;
constexpr std::int64_t kMinContextTokens = 500, kMaxContextTokens = 1'000'000;
constexpr std::int64_t kMaxLadderTokens = 20'000'000;
constexpr std::int64_t kMaxSamples = 1000;
// English words take about 4.5 bytes a token, so a rung is a little shorter than its name.
constexpr std::size_t kBytesPerToken = 4;

SamplingParameters Sampling(double temperature, std::int64_t max_tokens) {
  SamplingParameters sampling;
  sampling.temperature = temperature;
  sampling.max_tokens = max_tokens;
  return sampling;
}

template <class Integer>
bool ParseInteger(std::string_view text, Integer* value) {
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, *value);
  return parsed.ec == std::errc() && parsed.ptr == end && !text.starts_with('-');
}

// "SEED-INDEX".
bool IsCell(std::string_view text) {
  const std::size_t dash = text.find('-');
  std::uint64_t seed = 0;
  std::int64_t index = 0;
  return dash != std::string_view::npos && ParseInteger(text.substr(0, dash), &seed) &&
         ParseInteger(text.substr(dash + 1), &index);
}

// The part before the first slash, which is taken off.
std::string_view TakePart(std::string_view* text) {
  const std::size_t slash = text->find('/');
  const std::string_view part = text->substr(0, slash);
  text->remove_prefix(slash == std::string_view::npos ? text->size() : slash + 1);
  return part;
}

std::string Cell(const CheckBatteryOptions& options, std::int64_t index) {
  return std::to_string(options.seed) + "-" + std::to_string(index);
}

std::string Draw(const std::string& symbol, KeyedGenerator& generator) {
  return BuiltinGrammar().Draw(symbol, {}, generator);
}

std::string Letters(int count, KeyedGenerator& generator) {
  std::string text;
  for (int i = 0; i < count; ++i) text += static_cast<char>('a' + generator.Below(26));
  return text;
}

std::string Digits(int count, KeyedGenerator& generator) {
  std::string text = std::to_string(generator.Between(1, 9));
  while (text.size() < static_cast<std::size_t>(count)) text += std::to_string(generator.Below(10));
  return text;
}

// "en-ident" words and random letters, so that no dictionary and no habit completes them.
std::string Name(KeyedGenerator& generator, char joint) {
  return Draw("en-ident", generator) + joint + Letters(4, generator);
}

std::string Url(KeyedGenerator& generator) {
  return "https://" + Name(generator, '-') + ".example.org/" + Name(generator, '/') + "/" +
         Digits(6, generator) + "?key=" + Letters(6, generator);
}

std::string Package(KeyedGenerator& generator) {
  static constexpr const char* kInstallers[] = {"pip install ", "npm install ", "cargo add ", "gem install "};
  return kInstallers[generator.Below(4)] + Name(generator, '-') +
         (generator.Below(2) == 0 ? "" : "-" + Letters(3, generator));
}

std::string Code(KeyedGenerator& generator) {
  const std::string value = Name(generator, '_'), function = Name(generator, '_');
  return value + " = " + function + "(0x" + Digits(6, generator) + ", \"" + Letters(8, generator) + "\") + " +
         Digits(4, generator);
}

std::string ToolCall(KeyedGenerator& generator) {
  return R"({"name": ")" + Name(generator, '_') + R"(", "arguments": {"path": "/srv/)" +
         Letters(6, generator) + "/" + Letters(4, generator) + R"(.txt", "amount": )" + Digits(5, generator) +
         "}}";
}

std::string EchoText(std::string_view kind, KeyedGenerator& generator) {
  if (kind == "url") return Url(generator);
  if (kind == "package") return Package(generator);
  if (kind == "code") return Code(generator);
  return ToolCall(generator);
}

// A problem whose answer takes some steps, so that there is something to reason about.
std::string Problem(KeyedGenerator& generator) {
  return "Start with " + Digits(5, generator) + ". Multiply it by " + Digits(2, generator) +
         ", add the sum of the decimal digits of the result to it, and take the remainder after division "
         "by " +
         Digits(3, generator) +
         ". Repeat these three steps twice more, each time with what you have. What is " +
         "the last remainder? Answer with the number only.";
}

Probe MakeProbe(std::string_view id, std::string_view group, std::string prompt,
                SamplingParameters sampling) {
  // The answers also have lengths and texts like any others.
  return {std::string(id), std::string(group), {"text"}, {{"user", std::move(prompt)}}, std::move(sampling)};
}

std::string JoinGroups() {
  std::string text;
  for (const std::string_view group : kCheckGroups) {
    if (!text.empty()) text += ", ";
    text += group;
  }
  return text;
}

using Ids = std::vector<std::string>;

// "GROUP/ARM/SEED-I/R" for each prompt, arm and repetition.
void AppendRepeated(std::string_view group, std::array<std::string_view, 2> arms, int prompts,
                    const CheckBatteryOptions& options, Ids* ids) {
  for (int prompt = 1; prompt <= prompts; ++prompt) {
    for (const std::string_view arm : arms) {
      const std::string start =
          std::string(group) + "/" + std::string(arm) + "/" + Cell(options, prompt) + "/";
      for (std::int64_t r = 1; r <= options.samples; ++r) ids->push_back(start + std::to_string(r));
    }
  }
}

// "GROUP/VARIANT/SEED-I" for I from 1 to `count`.
void AppendSingle(std::string_view group, std::string_view variant, std::int64_t count,
                  const CheckBatteryOptions& options, Ids* ids) {
  for (std::int64_t i = 1; i <= count; ++i) {
    ids->push_back(std::string(group) + "/" + std::string(variant) + "/" + Cell(options, i));
  }
}

void AppendIds(std::string_view group, const CheckBatteryOptions& options, Ids* ids) {
  if (group == kCacheGroup) AppendRepeated(group, {"same", "nonce"}, kCachePrompts, options, ids);
  if (group == kStreamGroup) AppendRepeated(group, {"whole", "streamed"}, kStreamPrompts, options, ids);
  if (group == kContextGroup) {
    for (int rung = kRungs - 1; rung >= 0; --rung)
      AppendSingle(group, std::to_string(options.context_tokens >> rung), options.samples, options, ids);
  }
  if (group == kEchoGroup) {
    for (const std::string_view kind : kEchoKinds) AppendSingle(group, kind, options.samples, options, ids);
  }
  if (group == kEffortGroup) {
    for (const std::string_view level : kEfforts)
      AppendSingle(group, level, kEffortProblems * options.samples, options, ids);
  }
}

}  // namespace

bool IsCheckGroup(std::string_view group) {
  return std::find(kCheckGroups.begin(), kCheckGroups.end(), group) != kCheckGroups.end();
}

std::optional<std::string_view> EffortOfProbe(std::string_view id) {
  if (TakePart(&id) != kEffortGroup) return std::nullopt;
  const std::string_view level = TakePart(&id);
  if (std::find(kEfforts.begin(), kEfforts.end(), level) == kEfforts.end()) return std::nullopt;
  return level;
}

absl::StatusOr<CheckProbes> CheckProbes::Make(const Secret& key) {
  if (key.empty()) return CheckProbes(internal::PublicKey());
  PINCHBECK_ASSIGN_OR_RETURN(const internal::DerivedKey derived, internal::DeriveKey(key));
  return CheckProbes(derived);
}

CheckProbe CheckProbes::Cache(std::string_view id, bool nonce, std::string_view cell,
                              std::int64_t repetition) const {
  const std::string base = std::string(kLabel) + "cache/" + std::string(cell);
  KeyedGenerator prompt_generator(key_, base);
  // Both arms have a nonce in the same place; in one of them it changes with every repetition.
  KeyedGenerator nonce_generator(key_, base + "/nonce" + (nonce ? "/" + std::to_string(repetition) : ""));
  CheckProbe check;
  check.kind = nonce ? "cache/nonce" : "cache/same";
  const std::string prompt =
      "Reference " + Digits(10, nonce_generator) + ", please ignore it. " + Draw("text-en", prompt_generator);
  check.probe = MakeProbe(id, kCacheGroup, prompt, Sampling(1.0, 96));
  return check;
}

CheckProbe CheckProbes::Context(std::string_view id, std::int64_t tokens) const {
  KeyedGenerator generator(key_, std::string(kLabel) + std::string(id));
  CheckProbe check;
  check.kind = "context";
  check.context_tokens = tokens;
  check.expected = Digits(8, generator);
  const std::string place = Name(generator, '-');
  const std::string needle = "The access code of " + place + " is " + check.expected + ". ";
  const std::size_t bytes = static_cast<std::size_t>(tokens) * kBytesPerToken;
  const std::size_t at = generator.Below(static_cast<std::uint32_t>(bytes));
  check.depth = static_cast<double>(at) / static_cast<double>(bytes);
  std::string text = "Read the notes. A question follows at their end.\n\n";
  bool placed = false;
  while (text.size() < bytes) {
    if (!placed && text.size() >= at) {
      text += needle;
      placed = true;
    }
    text += Draw("context-note", generator) + " ";
  }
  if (!placed) text += needle;
  text += "\n\nWhat is the access code of " + place + "? Answer with its digits only.";
  check.probe = MakeProbe(id, kContextGroup, std::move(text), Sampling(0.0, 32));
  return check;
}

CheckProbe CheckProbes::Echo(std::string_view id, std::string_view kind) const {
  KeyedGenerator generator(key_, std::string(kLabel) + std::string(id));
  CheckProbe check;
  check.kind = "echo/" + std::string(kind);
  check.expected = EchoText(kind, generator);
  std::string prompt = Draw("echo-request", generator) + "\n\n" + check.expected;
  check.probe = MakeProbe(id, kEchoGroup, std::move(prompt), Sampling(0.0, 128));
  return check;
}

CheckProbe CheckProbes::Stream(std::string_view id, bool streamed, std::string_view cell,
                               std::int64_t repetition) const {
  const std::string base = std::string(kLabel) + "stream/" + std::string(cell);
  KeyedGenerator prompt_generator(key_, base);
  // A nonce in each request, so that a cache of whole requests cannot make the two ways look different.
  KeyedGenerator nonce_generator(key_,
                                 base + (streamed ? "/streamed/" : "/whole/") + std::to_string(repetition));
  CheckProbe check;
  check.kind = streamed ? "stream/streamed" : "stream/whole";
  const std::string choice = BuiltinGrammar().Draw("number-en", {{"high", "100"}}, prompt_generator);
  const std::string prompt = "Reference " + Digits(10, nonce_generator) + ", please ignore it. " + choice;
  SamplingParameters sampling = Sampling(1.0, 8);
  sampling.stream = streamed;
  check.probe = MakeProbe(id, kStreamGroup, prompt, sampling);
  check.probe.signals = {"choice"};
  return check;
}

CheckProbe CheckProbes::Effort(std::string_view id, std::string_view level, std::string_view cell) const {
  // The level is no part of the label: both levels get one text.
  KeyedGenerator generator(key_, std::string(kLabel) + "effort/" + std::string(cell));
  CheckProbe check;
  check.kind = "effort/" + std::string(level);
  SamplingParameters sampling = Sampling(1.0, 4096);
  sampling.reasoning_effort = std::string(level);
  check.probe = MakeProbe(id, kEffortGroup, Problem(generator), sampling);
  return check;
}

std::optional<CheckProbe> CheckProbes::Find(std::string_view id) const {
  std::string_view rest = id;
  const std::string_view group = TakePart(&rest), variant = TakePart(&rest), cell = TakePart(&rest);
  if (!IsCell(cell)) return std::nullopt;
  CheckProbe check;
  if (group == kCacheGroup && (variant == "same" || variant == "nonce")) {
    std::int64_t repetition = 0;
    if (!ParseInteger(rest, &repetition)) return std::nullopt;
    check = Cache(id, variant == "nonce", cell, repetition);
  } else if (group == kContextGroup && rest.empty()) {
    std::int64_t tokens = 0;
    if (!ParseInteger(variant, &tokens) || tokens < 1 || tokens > kMaxContextTokens) return std::nullopt;
    check = Context(id, tokens);
  } else if (group == kEchoGroup && rest.empty() &&
             std::find(kEchoKinds.begin(), kEchoKinds.end(), variant) != kEchoKinds.end()) {
    check = Echo(id, variant);
  } else if (group == kStreamGroup && (variant == "whole" || variant == "streamed")) {
    std::int64_t repetition = 0;
    if (!ParseInteger(rest, &repetition)) return std::nullopt;
    check = Stream(id, variant == "streamed", cell, repetition);
  } else if (rest.empty() && EffortOfProbe(id).has_value()) {
    check = Effort(id, variant, cell);
  } else {
    return std::nullopt;
  }
  check.cell = std::string(cell);
  return check;
}

absl::StatusOr<Battery> CheckProbes::Compose(const CheckBatteryOptions& options) const {
  if (options.samples < 1 || options.samples > kMaxSamples) {
    return absl::InvalidArgumentError("samples is " + std::to_string(options.samples) +
                                      "; the groups that check a relay take 1 to 1000");
  }
  if (options.context_tokens < kMinContextTokens || options.context_tokens > kMaxContextTokens ||
      options.context_tokens * 2 * options.samples > kMaxLadderTokens) {
    return absl::InvalidArgumentError("a context ladder up to " + std::to_string(options.context_tokens) +
                                      " tokens with " + std::to_string(options.samples) +
                                      " samples; take 500 to 1000000 tokens and at most 20 million in all");
  }
  std::vector<std::string> ids;
  for (const std::string& group : options.groups) {
    if (!IsCheckGroup(group)) {
      return absl::InvalidArgumentError("\"" + group + "\" is no group of generated probes; use some of: " +
                                        JoinGroups() + ", and collect other groups into another recording");
    }
    AppendIds(group, options, &ids);
  }
  if (ids.empty()) return absl::InvalidArgumentError("no group given; use some of: " + JoinGroups());
  Battery battery{"checks", "1", {}};
  for (const std::string& id : ids) {
    std::optional<CheckProbe> check = Find(id);
    if (check.has_value()) battery.probes.push_back(std::move(check->probe));
  }
  return battery;
}

}  // namespace pinchbeck
