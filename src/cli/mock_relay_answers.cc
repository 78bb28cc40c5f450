#include "src/cli/mock_relay_answers.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "pinchbeck/core/check_battery.h"
#include "pinchbeck/core/recording.h"
#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/digest.h"
#include "pinchbeck/internal/status_macros.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::cli {
namespace {

// Purposes of random draws; each has a generator of its own.
enum Purpose : std::uint64_t { kOrderOfClaimed = 1, kOrderOfSubstitute, kMixing, kRedrawing };

stats::CounterRng Generator(std::uint64_t seed, Purpose purpose, std::uint64_t stream) {
  return stats::CounterRng(stats::MixSeed(seed, purpose), stream);
}

// "temperature 1, max_tokens any" for messages and as the identity of a cell within its prompt.
std::string DescribeParameters(std::optional<double> temperature, std::optional<std::int64_t> max_tokens,
                               const std::optional<std::string>& effort) {
  std::string text = "temperature ";
  absl::StrAppend(&text, temperature ? absl::StrCat(*temperature) : "any", ", max_tokens ");
  absl::StrAppend(&text, max_tokens ? absl::StrCat(*max_tokens) : "any");
  if (effort) absl::StrAppend(&text, ", reasoning_effort ", *effort);
  return text;
}

bool SameTemperature(double a, double b) { return std::abs(a - b) <= 1e-9; }

std::uint64_t StreamOf(std::string_view prompt_sha256, std::string_view parameters) {
  std::string identity(prompt_sha256);
  identity.append("|").append(parameters);
  std::uint64_t value = 0;
  for (const char digit : internal::Sha256Hex(identity).substr(0, 16)) {
    value = value * 16 + static_cast<std::uint64_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
  }
  return value;
}

bool Usable(const Observation& observation) {
  return !observation.error.has_value() && observation.response.text.has_value() &&
         observation.request.prompt_sha256.has_value();
}

}  // namespace

RelayAnswers::RelayAnswers(const MockRelayOptions& options)
    : mode_(options.mode),
      substitute_share_(options.substitute_share),
      temperature_factor_(options.temperature_factor),
      seed_(options.seed) {}

absl::StatusOr<std::unique_ptr<RelayAnswers>> RelayAnswers::Load(const MockRelayOptions& options) {
  std::unique_ptr<RelayAnswers> answers(new RelayAnswers(options));
  for (const std::string& path : options.recordings) {
    PINCHBECK_RETURN_IF_ERROR(answers->LoadFile(path, &Cell::claimed));
  }
  for (const std::string& path : options.substitutes) {
    PINCHBECK_RETURN_IF_ERROR(answers->LoadFile(path, &Cell::substitute));
  }
  answers->Prepare();
  return answers;
}

absl::Status RelayAnswers::LoadFile(const std::string& path, Deck Cell::*deck) {
  PINCHBECK_ASSIGN_OR_RETURN(RecordingReader reader, RecordingReader::Open(path));
  std::set<std::string> names(model_names_.begin(), model_names_.end());
  std::size_t usable = 0, skipped = 0;
  while (true) {
    PINCHBECK_ASSIGN_OR_RETURN(std::optional<Observation> observation, reader.Next());
    if (!observation) break;
    if (!Usable(*observation)) {
      ++skipped;
      continue;
    }
    ++usable;
    if (observation->request.model) names.insert(*observation->request.model);
    Cell& cell = CellOf(*observation);
    (cell.*deck).answers.push_back(*std::move(observation));
  }
  if (usable == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        path,
        ": no answer that can be served: needed are lines without an error that have response.text and ",
        "request.prompt_sha256"));
  }
  if (skipped > 0) {
    warnings_.push_back(
        absl::StrCat(path, ": skipped lines without an answer or without a prompt hash: ", skipped));
  }
  if (reader.truncated_tail()) warnings_.push_back(absl::StrCat(path, ": dropped an incomplete last line"));
  model_names_.assign(names.begin(), names.end());
  return absl::OkStatus();
}

RelayAnswers::Cell& RelayAnswers::CellOf(const Observation& observation) {
  const RequestRecord& request = observation.request;
  std::optional<std::string> effort;
  if (mode_ != MockRelayMode::kIgnoreEffort) effort = EffortOfProbe(observation.probe);
  std::vector<Cell>& cells = cells_[*request.prompt_sha256];
  for (Cell& cell : cells) {
    if (cell.temperature == request.temperature && cell.max_tokens == request.max_tokens &&
        cell.reasoning_effort == effort) {
      return cell;
    }
  }
  Cell cell;
  cell.probe = observation.probe;
  cell.temperature = request.temperature;
  cell.max_tokens = request.max_tokens;
  cell.reasoning_effort = std::move(effort);
  cell.stream = StreamOf(*request.prompt_sha256,
                         DescribeParameters(request.temperature, request.max_tokens, cell.reasoning_effort));
  return cells.emplace_back(std::move(cell));
}

void RelayAnswers::Prepare() {
  for (auto& [prompt, cells] : cells_) {
    for (Cell& cell : cells) {
      PrepareDeck(cell, kOrderOfClaimed, &cell.claimed);
      PrepareDeck(cell, kOrderOfSubstitute, &cell.substitute);
      // Repeats at temperature 0 are no sample of a distribution: there is nothing to temper.
      if (mode_ == MockRelayMode::kTemperature && cell.temperature.value_or(1.0) > 0.0) {
        PrepareGroups(&cell.claimed);
      }
    }
  }
}

void RelayAnswers::PrepareDeck(const Cell& cell, std::uint64_t side, Deck* deck) const {
  deck->order.resize(deck->answers.size());
  std::iota(deck->order.begin(), deck->order.end(), std::size_t{0});
  stats::CounterRng generator = Generator(seed_, static_cast<Purpose>(side), cell.stream);
  for (std::size_t i = deck->order.size(); i > 1; --i) {
    std::swap(deck->order[i - 1], deck->order[generator.Below(static_cast<std::uint32_t>(i))]);
  }
}

void RelayAnswers::PrepareGroups(Deck* deck) const {
  std::map<std::string, std::vector<std::size_t>> by_text;
  for (std::size_t i = 0; i < deck->answers.size(); ++i)
    by_text[*deck->answers[i].response.text].push_back(i);
  if (by_text.size() == deck->answers.size()) return;  // no answer repeats: frequencies say nothing
  std::size_t most = 0;
  for (const auto& [text, members] : by_text) most = std::max(most, members.size());
  double sum = 0.0;
  for (auto& [text, members] : by_text) {
    // Relative to the most frequent answer, so that the weights cannot all underflow.
    const double ratio = static_cast<double>(members.size()) / static_cast<double>(most);
    sum += std::pow(ratio, 1.0 / temperature_factor_);
    deck->cumulative_weights.push_back(sum);
    deck->groups.push_back(std::move(members));
  }
}

absl::StatusOr<RelayAnswers::Cell*> RelayAnswers::Find(const AnswerKey& key) {
  const auto found = cells_.find(key.prompt_sha256);
  if (found == cells_.end()) {
    return absl::NotFoundError(absl::StrCat("the prompt with SHA-256 ", key.prompt_sha256,
                                            " is not in the recording; collect with the battery that the ",
                                            "recording was made with"));
  }
  std::string recorded;
  for (Cell& cell : found->second) {
    const bool same_temperature = !cell.temperature || SameTemperature(*cell.temperature, key.temperature);
    const bool same_limit = !cell.max_tokens || !key.max_tokens || *cell.max_tokens == *key.max_tokens;
    const bool same_effort =
        !cell.reasoning_effort || !key.reasoning_effort || *cell.reasoning_effort == *key.reasoning_effort;
    if (same_temperature && same_limit && same_effort) return &cell;
    absl::StrAppend(&recorded, recorded.empty() ? "" : "; ", "probe '", cell.probe, "' with ",
                    DescribeParameters(cell.temperature, cell.max_tokens, cell.reasoning_effort));
  }
  return absl::NotFoundError(
      absl::StrCat("the prompt is recorded under other parameters (", recorded, "); the request asks for ",
                   DescribeParameters(key.temperature, key.max_tokens, key.reasoning_effort)));
}

absl::StatusOr<ServedAnswer> RelayAnswers::Next(const AnswerKey& key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  PINCHBECK_ASSIGN_OR_RETURN(Cell * cell, Find(key));
  const std::uint64_t number = cell->requests;
  PINCHBECK_ASSIGN_OR_RETURN(ServedAnswer answer, Deal(*cell, number, key.stream));
  // A refused request takes no number, so that the draws of answered requests do not depend on refusals.
  ++cell->requests;
  ++served_;
  answer.id =
      absl::StrCat("chatcmpl-", absl::Hex(stats::MixSeed(seed_ ^ cell->stream, number), absl::kZeroPad16));
  return answer;
}

absl::StatusOr<ServedAnswer> RelayAnswers::Deal(Cell& cell, std::uint64_t number, bool stream) {
  bool from_substitute = mode_ == MockRelayMode::kSwap || (mode_ == MockRelayMode::kSwapWhole && !stream);
  if (mode_ == MockRelayMode::kMix) {
    const std::uint64_t address = stats::MixSeed(cell.stream, number);
    from_substitute = Generator(seed_, kMixing, address).Uniform() < substitute_share_;
  }
  Deck& deck = from_substitute ? cell.substitute : cell.claimed;
  if (!deck.groups.empty()) return ServedAnswer{Redraw(cell, deck, number), "", false};
  if (mode_ == MockRelayMode::kCache && deck.used > 0) {
    return ServedAnswer{&deck.answers[deck.order[0]], "", true};
  }
  const char* const side = from_substitute ? "substitute's recording" : "recording";
  if (deck.answers.empty()) {
    return absl::NotFoundError(absl::StrCat("probe '", cell.probe, "' is not in the ", side));
  }
  if (deck.used == deck.order.size()) {
    return absl::ResourceExhaustedError(absl::StrCat("the ", side, " of probe '", cell.probe,
                                                     "' has no unused answer left (", deck.used,
                                                     " served); ask for fewer samples or start a new relay"));
  }
  return ServedAnswer{&deck.answers[deck.order[deck.used++]], "", false};
}

const Observation* RelayAnswers::Redraw(const Cell& cell, const Deck& deck, std::uint64_t number) const {
  stats::CounterRng generator = Generator(seed_, kRedrawing, stats::MixSeed(cell.stream, number));
  const double target = generator.Uniform() * deck.cumulative_weights.back();
  const auto place = std::upper_bound(deck.cumulative_weights.begin(), deck.cumulative_weights.end(), target);
  const std::size_t group =
      std::min(static_cast<std::size_t>(place - deck.cumulative_weights.begin()), deck.groups.size() - 1);
  const std::vector<std::size_t>& members = deck.groups[group];
  return &deck.answers[members[generator.Below(static_cast<std::uint32_t>(members.size()))]];
}

std::int64_t RelayAnswers::served() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return served_;
}

}  // namespace pinchbeck::cli
