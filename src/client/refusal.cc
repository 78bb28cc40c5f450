#include "src/client/refusal.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace pinchbeck::internal {
namespace {

constexpr const char* kOldLimit = "max_tokens";
constexpr const char* kNewLimit = "max_completion_tokens";

// The spellings of each parameter, in lower case. In the order in which a message with several is read.
struct Spelling {
  RequestParameter parameter;
  const char* name;
  std::vector<std::string_view> words;
};

const std::vector<Spelling>& Spellings() {
  static const std::vector<Spelling>* const kSpellings = new std::vector<Spelling>{
      {RequestParameter::kStreamUsage, "stream_usage", {"stream_options", "include_usage"}},
      {RequestParameter::kLogprobs,
       "logprobs",
       {"top_logprobs", "logprobs", "logprob", "responselogprobs", "response_logprobs", "log probabilities"}},
      {RequestParameter::kTokenLimit, "token_limit", {kOldLimit, kNewLimit}},
      {RequestParameter::kTopP, "top_p", {"top_p", "topp"}},
      {RequestParameter::kTopK, "top_k", {"top_k", "topk"}},
      {RequestParameter::kMinP, "min_p", {"min_p"}},
      {RequestParameter::kSeed, "seed", {"seed"}},
      {RequestParameter::kTemperature, "temperature", {"temperature"}},
      {RequestParameter::kStream, "stream", {"stream", "streaming"}}};
  return *kSpellings;
}

constexpr std::array<std::string_view, 12> kUnknownWords = {
    "unsupported",   "not support",   "n't support", "unknown",     "unrecognized", "unexpected",
    "not permitted", "not available", "not allowed", "not enabled", "deprecated",   "extra "};
constexpr std::array<std::string_view, 12> kValueWords = {"invalid",   "only ",   "must be", "greater than",
                                                          "less than", "exceed",  "cannot",  "disabled",
                                                          "maximum",   "at most", "between", "out of range"};

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

bool IsWordByte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Whether the word stands in the text by itself, not as a part of a longer name.
bool HasWord(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const bool starts = at == 0 || !IsWordByte(text[at - 1]);
    const std::size_t end = at + word.size();
    if (starts && (end == text.size() || !IsWordByte(text[end]))) return true;
  }
  return false;
}

template <class Words>
bool HasAny(std::string_view text, const Words& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

bool Names(std::string_view text, const Spelling& spelling) {
  return std::any_of(spelling.words.begin(), spelling.words.end(),
                     [&](std::string_view word) { return HasWord(text, word); });
}

// Words about the value of the limit, where another name would not help.
constexpr std::array<std::string_view, 6> kLengthWords = {
    "too large", "too long", "context length", "context window", "context_length", "reduce"};

bool IsAboutLimitName(const std::string& message, const std::string& code) {
  if (HasAny(message, kLengthWords) || HasAny(code, kLengthWords)) return false;
  return (HasWord(message, kOldLimit) && HasWord(message, kNewLimit)) || HasAny(message, kUnknownWords) ||
         HasAny(code, kUnknownWords);
}

// The largest whole number of the text in [1, below).
std::optional<std::int64_t> LargestNumberBelow(std::string_view text, std::int64_t below) {
  std::optional<std::int64_t> largest;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) continue;
    const bool starts = i == 0 || (!IsWordByte(text[i - 1]) && text[i - 1] != '.' && text[i - 1] != '-');
    std::int64_t value = 0;
    std::size_t end = i;
    for (; end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0; ++end) {
      if (value < 1'000'000) value = value * 10 + (text[end] - '0');
    }
    const bool fraction = end + 1 < text.size() && text[end] == '.' &&
                          std::isdigit(static_cast<unsigned char>(text[end + 1])) != 0;
    const bool ends = end == text.size() || !IsWordByte(text[end]);
    if (starts && ends && !fraction && value >= 1 && value < below)
      largest = std::max(largest.value_or(0), value);
    i = end;
  }
  return largest;
}

bool AdaptLogprobs(const std::string& message, const SentParameters& sent, Adaptation& adaptation) {
  if (!sent.sampling.top_logprobs.has_value()) return false;
  const std::int64_t asked = *sent.sampling.top_logprobs;
  const bool about_number = HasAny(message, kValueWords) || HasWord(message, "top_logprobs");
  std::optional<std::int64_t> lower = LargestNumberBelow(message, asked);
  if (!lower.has_value() && about_number) {
    if (asked > 5) {
      lower = 5;
    } else if (asked > 0) {
      lower = 0;
    }
  }
  if (lower.has_value()) {
    adaptation.max_top_logprobs = lower;
  } else {
    adaptation.logprobs = true;
  }
  return true;
}

bool RenameLimit(const SentParameters& sent, Adaptation& adaptation) {
  // Once: a server that refuses both names is not to be asked in turns.
  if (sent.limit_name.empty() || adaptation.token_limit_field.has_value()) return false;
  adaptation.token_limit_field = sent.limit_name == kOldLimit ? kNewLimit : kOldLimit;
  return true;
}

}  // namespace

std::string_view ParameterName(RequestParameter parameter) {
  for (const Spelling& spelling : Spellings()) {
    if (spelling.parameter == parameter) return spelling.name;
  }
  return "";
}

SentParameters ReadSentParameters(std::string_view api, const SamplingParameters& sampling,
                                  std::string_view body) {
  // Inside of a string a quotation mark has a backslash before it, so that these are names of members.
  const auto has = [&](std::string_view name) {
    const std::string member = "\"" + std::string(name) + "\":";
    return body.find(member) != std::string_view::npos;
  };
  SentParameters sent;
  sent.sampling = sampling;
  sent.temperature = has("temperature");
  sent.seed = has("seed");
  sent.stream_usage = has("stream_options");
  if (api == "openai_chat" || api == "openai_completions") {
    if (has(kOldLimit)) sent.limit_name = kOldLimit;
    if (has(kNewLimit)) sent.limit_name = kNewLimit;
  }
  return sent;
}

std::vector<RequestParameter> SentNames(const SentParameters& sent) {
  const SamplingParameters& sampling = sent.sampling;
  std::vector<RequestParameter> names;
  const auto add = [&](bool present, RequestParameter parameter) {
    if (present) names.push_back(parameter);
  };
  add(sent.stream_usage, RequestParameter::kStreamUsage);
  add(sampling.top_logprobs.has_value(), RequestParameter::kLogprobs);
  add(!sent.limit_name.empty(), RequestParameter::kTokenLimit);
  add(sampling.top_p.has_value(), RequestParameter::kTopP);
  add(sampling.top_k.has_value(), RequestParameter::kTopK);
  add(sampling.min_p.has_value(), RequestParameter::kMinP);
  add(sent.seed, RequestParameter::kSeed);
  add(sent.temperature, RequestParameter::kTemperature);
  add(sampling.stream, RequestParameter::kStream);
  return names;
}

std::optional<RequestParameter> RefusedParameter(const Refusal& refusal, const SentParameters& sent) {
  if (refusal.status != 400 && refusal.status != 422) return std::nullopt;
  const std::string message = LowerCase(refusal.message);
  const std::string code = LowerCase(refusal.code);
  const std::string param = LowerCase(refusal.param);
  const bool refuses = HasAny(message, kUnknownWords) || HasAny(message, kValueWords) ||
                       HasAny(code, kUnknownWords) || HasAny(code, kValueWords);
  const std::vector<RequestParameter> names = SentNames(sent);
  // A field that names the parameter decides alone; a message has to sound like a refusal, too.
  if (param.empty() && !refuses) return std::nullopt;
  for (const Spelling& spelling : Spellings()) {
    if (std::find(names.begin(), names.end(), spelling.parameter) == names.end()) continue;
    if (!Names(param.empty() ? message : param, spelling)) continue;
    if (spelling.parameter == RequestParameter::kTokenLimit && !IsAboutLimitName(message, code)) continue;
    return spelling.parameter;
  }
  return std::nullopt;
}

bool AdaptTo(RequestParameter parameter, const Refusal& refusal, const SentParameters& sent,
             Adaptation& adaptation) {
  const Adaptation before = adaptation;
  switch (parameter) {
    case RequestParameter::kStreamUsage:
      adaptation.stream_usage = true;
      break;
    case RequestParameter::kLogprobs:
      return AdaptLogprobs(LowerCase(refusal.message), sent, adaptation);
    case RequestParameter::kTokenLimit:
      return RenameLimit(sent, adaptation);
    case RequestParameter::kTopP:
      adaptation.top_p = true;
      break;
    case RequestParameter::kTopK:
      adaptation.top_k = true;
      break;
    case RequestParameter::kMinP:
      adaptation.min_p = true;
      break;
    case RequestParameter::kSeed:
      adaptation.seed = true;
      break;
    case RequestParameter::kTemperature:
      adaptation.temperatures.insert(sent.sampling.temperature);
      break;
    case RequestParameter::kStream:
      adaptation.stream = true;
      break;
  }
  return !(adaptation == before);
}

std::string DescribeAdaptation(RequestParameter parameter, const SentParameters& sent,
                               const Adaptation& adaptation) {
  switch (parameter) {
    case RequestParameter::kStreamUsage:
      return "streams do not ask for usage";
    case RequestParameter::kLogprobs:
      if (adaptation.logprobs) return "requests go without log-probabilities";
      return absl::StrCat("at most ", adaptation.max_top_logprobs.value_or(0),
                          " alternatives per token are asked for");
    case RequestParameter::kTokenLimit:
      return "the output limit is called " + adaptation.token_limit_field.value_or("");
    case RequestParameter::kTemperature:
      return absl::StrFormat("requests for temperature %g leave it out", sent.sampling.temperature);
    case RequestParameter::kStream:
      return "answers are asked for whole, not as streams";
    default:
      return "requests go without " + std::string(ParameterName(parameter));
  }
}

}  // namespace pinchbeck::internal
