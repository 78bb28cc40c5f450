#include "src/audit/check_answers.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "pinchbeck/audit/checks.h"
#include "pinchbeck/core/plain_prompt.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck {
namespace {

// The letters of a URL from the host to its end.
std::string_view Host(std::string_view url) {
  const std::size_t at = url.find("://");
  if (at == std::string_view::npos) return {};
  url.remove_prefix(at + 3);
  return url.substr(0, url.find('/'));
}

std::string Digits(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c >= '0' && c <= '9') digits += c;
  }
  return digits;
}

std::string WithoutDigits(std::string_view text) {
  std::string rest;
  for (const char c : text) {
    if (c < '0' || c > '9') rest += c;
  }
  return rest;
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n`");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n`") - first + 1);
}

// Whether any stretch of eight bytes came back: then the line was altered, else it was not repeated at all.
bool SharesPart(std::string_view expected, std::string_view answer) {
  constexpr std::size_t kPart = 8;
  for (std::size_t i = 0; i + kPart <= expected.size(); ++i) {
    if (answer.find(expected.substr(i, kPart)) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

std::string_view EchoChange(std::string_view kind, std::string_view expected, std::string_view answer) {
  if (answer.find(expected) != std::string_view::npos) return "nothing";
  const std::string_view line = Trimmed(answer);
  if (!SharesPart(expected, line)) return "missing";
  if (kind == "url") return Host(line) == Host(expected) ? "path" : "host";
  if (kind == "package") return "name";
  if (WithoutDigits(line) == WithoutDigits(expected) && Digits(line) != Digits(expected)) return "number";
  return "text";
}

namespace internal {
namespace {

absl::Status CheckPrompt(const Observation& observation, const CheckProbe& check) {
  const std::optional<std::string>& recorded = observation.request.prompt_sha256;
  if (!recorded.has_value() || IsPromptOf(check.probe, *recorded)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "probe '" + observation.probe +
      "': the recorded prompt is not the one of this id; give the --battery-key-env "
      "that it was collected with");
}

// "cache", "context/4000", "echo/url"; for other kinds their group.
std::string CheckName(const CheckProbe& check) {
  if (check.kind == "context") return "context/" + std::to_string(check.context_tokens);
  if (check.kind.starts_with(kEchoGroup)) return check.kind;
  return check.kind.substr(0, check.kind.find('/'));
}

template <class T>
void NoteDeviation(const char* name, const std::optional<T>& sent, const T& wanted,
                   std::set<std::string>& deviations) {
  if (sent.has_value() && *sent == wanted) return;
  deviations.insert(sent.has_value() ? absl::StrCat(name, " ", *sent, " where the probe has ", wanted)
                                     : absl::StrCat("no ", name));
}

std::string Join(const std::set<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += ", ";
    text += part.empty() ? "not recorded" : part;
  }
  return text;
}

constexpr const char* kAsTheProbe = "as the probe says";

void NoteConditions(const Observation& observation, const CheckProbe& check, CheckAnswers& answers) {
  const RequestRecord& request = observation.request;
  const std::string name = CheckName(check);
  std::set<std::string> deviations;
  NoteDeviation("temperature", request.temperature, check.probe.sampling.temperature, deviations);
  NoteDeviation("max_tokens", request.max_tokens, check.probe.sampling.max_tokens, deviations);
  answers.deviations[name].insert(deviations.empty() ? kAsTheProbe : Join(deviations));
  answers.apis[name].insert(request.api.value_or(""));
}

// Compares the endpoint with itself where there is no reference: its requests need only be alike.
bool ComparesWithItself(const std::string& check) { return check == kStreamGroup || check == kEffortGroup; }

std::set<std::string> Entry(const std::map<std::string, std::set<std::string>>& sets,
                            const std::string& check) {
  const auto found = sets.find(check);
  return found == sets.end() ? std::set<std::string>() : found->second;
}

// An answer that was cut off or kept back by a filter says nothing about what a relay did to it.
bool IsWhole(const Observation& observation, const CheckProbe& check) {
  const ResponseRecord& response = observation.response;
  const bool counts_tokens = check.kind.starts_with(kEffortGroup);
  if (observation.error.has_value()) return false;
  // A limit that reasoning has used up leaves no text.
  if (!counts_tokens && (!response.text.has_value() || response.text->empty())) return false;
  if (!response.finish_reason.has_value() || *response.finish_reason == "stop") return true;
  // Answers that are compared with each other may all end at the same limit.
  const bool compared = check.kind.starts_with(kCacheGroup) || check.kind.starts_with(kStreamGroup);
  return *response.finish_reason == "length" && (compared || counts_tokens);
}

// A check that was asked for has an entry even if no answer to it can be used: absent is not intact.
void CountAsked(const CheckProbe& check, CheckAnswers& answers) {
  if (check.kind == "context") {
    answers.rungs[check.context_tokens];
  } else if (check.kind.starts_with(kEchoGroup)) {
    answers.echoes[check.kind];
  } else if (check.kind.starts_with(kStreamGroup)) {
    answers.stream.asked = true;
  } else if (check.kind.starts_with(kEffortGroup)) {
    answers.effort.asked = true;
  } else {
    answers.cache.asked = true;
  }
}

void AddStreamed(const CheckProbe& check, const Observation& observation, StreamAnswers& answers) {
  const bool streamed = check.kind == "stream/streamed";
  if (observation.request.stream.has_value() && *observation.request.stream != streamed) {
    ++answers.asked_otherwise;
    return;
  }
  auto& cells = streamed ? answers.streamed : answers.whole;
  cells[check.cell].emplace_back(Trimmed(*observation.response.text));
}

void AddReasoning(const CheckProbe& check, const Observation& observation, EffortAnswers& answers) {
  const std::optional<std::int64_t>& tokens = observation.usage.reasoning_tokens;
  if (!tokens.has_value()) {
    ++answers.without_count;
    return;
  }
  auto& lengths = check.kind == "effort/low" ? answers.low : answers.high;
  lengths[check.cell] = {*tokens, observation.response.finish_reason == "length"};
}

void AddCacheAnswer(const CheckProbe& check, const Observation& observation, CacheAnswers& answers,
                    std::set<std::string>& response_ids) {
  const std::optional<std::string>& id = observation.response.id;
  if (id.has_value() && !id->empty() && !response_ids.insert(*id).second) ++answers.repeated_ids;
  auto& cells = check.kind == "cache/same" ? answers.same : answers.nonce;
  cells[check.cell].push_back(*observation.response.text);
}

void AddTrial(const CheckProbe& check, const std::string& text, CheckAnswers& answers) {
  Trial trial;
  trial.depth = check.depth;
  if (check.kind == "context") {
    trial.event = text.find(check.expected) == std::string::npos;
    answers.rungs[check.context_tokens].push_back(trial);
    return;
  }
  const std::string_view kind = std::string_view(check.kind).substr(kEchoGroup.size() + 1);
  trial.change = std::string(EchoChange(kind, check.expected, text));
  trial.event = trial.change != "nothing";
  answers.echoes[check.kind].push_back(trial);
}

}  // namespace

std::string ConditionObstacle(const std::string& check, const CheckAnswers& observed,
                              const CheckAnswers* reference) {
  const std::set<std::string> apis = Entry(observed.apis, check);
  const std::set<std::string> deviations = Entry(observed.deviations, check);
  if (apis.size() > 1) return "the answers came through several APIs: " + Join(apis);
  const bool as_asked = deviations.empty() || deviations == std::set<std::string>{kAsTheProbe};
  if (reference == nullptr && ComparesWithItself(check)) {
    return deviations.size() < 2 ? "" : "asked in several ways: " + Join(deviations);
  }
  if (reference == nullptr) return as_asked ? "" : "asked otherwise than the probe says: " + Join(deviations);
  const std::set<std::string> other_apis = Entry(reference->apis, check);
  // Without answers on a side there is nothing to compare; the test says so.
  if (apis.empty() || other_apis.empty()) return "";
  if (apis != other_apis) {
    return "the reference came through another API: " + Join(other_apis) + ", here: " + Join(apis);
  }
  const std::set<std::string> other_deviations = Entry(reference->deviations, check);
  if (deviations == other_deviations) return "";
  return "asked otherwise than the reference: " + Join(deviations) + "; there: " + Join(other_deviations);
}

absl::StatusOr<CheckAnswers> ReadCheckAnswers(const std::vector<Observation>& observations,
                                              const CheckProbes& probes) {
  CheckAnswers answers;
  std::set<std::string> seen, response_ids;
  for (const Observation& observation : observations) {
    const std::optional<CheckProbe> check = probes.Find(observation.probe);
    if (!check.has_value()) {
      ++answers.other;
      continue;
    }
    PINCHBECK_RETURN_IF_ERROR(CheckPrompt(observation, *check));
    CountAsked(*check, answers);
    if (!IsWhole(observation, *check)) {
      ++answers.failed;
      continue;
    }
    if (!seen.insert(observation.probe).second) continue;
    NoteConditions(observation, *check, answers);
    if (check->kind.starts_with(kCacheGroup)) {
      AddCacheAnswer(*check, observation, answers.cache, response_ids);
    } else if (check->kind.starts_with(kStreamGroup)) {
      AddStreamed(*check, observation, answers.stream);
    } else if (check->kind.starts_with(kEffortGroup)) {
      AddReasoning(*check, observation, answers.effort);
    } else {
      AddTrial(*check, *observation.response.text, answers);
    }
  }
  return answers;
}

}  // namespace internal
}  // namespace pinchbeck
