#include "src/core/keyed_battery.h"

#include <set>
#include <string_view>
#include <utility>

#include "pinchbeck/core/keyed_battery.h"
#include "pinchbeck/internal/status_macros.h"
#include "src/core/prompt_grammar.h"

namespace pinchbeck {
namespace internal {
namespace {

constexpr std::string_view kLabel = "pinchbeck.keyed_battery/1/";

constexpr std::string_view kScripts[] = {"english",    "diacritics",  "chinese",  "japanese",   "korean",
                                         "cyrillic",   "greek",       "arabic",   "devanagari", "thai",
                                         "emoji",      "digits",      "url",      "base64",     "whitespace",
                                         "rare-words", "python-code", "cpp-code", "punctuation"};

SamplingParameters Sampling(double temperature, std::int64_t max_tokens) {
  SamplingParameters sampling;
  sampling.temperature = temperature;
  sampling.max_tokens = max_tokens;
  return sampling;
}

KeyedCell Choice(const std::string& kind, const std::string& language, const std::string& templates) {
  SamplingParameters sampling = Sampling(1.0, 16);
  sampling.top_p = 1.0;
  KeyedCell cell;
  cell.stem = kind + "/" + language;
  cell.count = 4;
  cell.group = "choice";
  cell.signals = {"choice"};
  cell.sampling = sampling;
  cell.templates = templates + "-" + language;
  return cell;
}

void AddChoices(const std::string& language, const std::string& colour, const std::string& animal,
                std::vector<KeyedCell>* cells) {
  KeyedCell small = Choice("number-small", language, "number");
  small.lowest_high = 60;
  small.highest_high = 160;
  KeyedCell large = Choice("number-large", language, "number");
  large.lowest_high = 220;
  large.highest_high = 980;
  cells->insert(cells->end(), {small, large, Choice("letter", language, "letter")});
  const std::string topic = "{topic-" + language + "}";
  for (const auto& [kind, thing] :
       {std::pair<const char*, std::string>("colour", colour), {"animal", animal}, {"topic", topic}}) {
    cells->push_back(Choice(kind, language, "word"));
    cells->back().thing = thing;
  }
}

KeyedCell Text(const std::string& language, int count) {
  KeyedCell cell;
  cell.stem = "text/" + language;
  cell.count = count;
  cell.group = "text";
  cell.signals = {"text", "token_length", "latency"};
  cell.sampling = Sampling(1.0, 128);
  cell.sampling.stream = true;
  cell.templates = "text-" + language;
  return cell;
}

std::vector<KeyedCell> MakeCells() {
  std::vector<KeyedCell> cells;
  AddChoices("en", "colour", "animal", &cells);
  AddChoices("zh", "\u989c\u8272", "\u52a8\u7269", &cells);
  KeyedCell first;
  first.stem = "first-token";
  first.count = 18;
  first.group = "logprob";
  first.signals = {"logprob"};
  first.sampling = Sampling(0.0, 1);
  first.sampling.top_logprobs = 20;
  first.templates = first.stem;
  cells.push_back(std::move(first));
  cells.push_back(Text("en", 15));
  cells.push_back(Text("zh", 10));
  for (const std::string_view script : kScripts) {
    KeyedCell cell;
    cell.stem = "input-tokens/" + std::string(script);
    cell.count = 1;
    cell.group = "tokenizer";
    cell.signals = {"tokenizer"};
    cell.sampling = Sampling(0.0, 1);
    cell.templates = cell.stem;
    cells.push_back(std::move(cell));
  }
  return cells;
}

// One prompt of a cell; `text` is the number of its template.
std::string Prompt(const KeyedCell& cell, std::size_t text, KeyedGenerator& generator) {
  const PromptGrammar& grammar = BuiltinGrammar();
  FixedSymbols fixed;
  if (cell.highest_high > 0) {
    fixed["high"] = std::to_string(generator.Between(cell.lowest_high, cell.highest_high));
  }
  if (cell.thing.starts_with('{')) {
    fixed["thing"] = grammar.Draw(cell.thing.substr(1, cell.thing.size() - 2), {}, generator);
  } else if (!cell.thing.empty()) {
    fixed["thing"] = cell.thing;
  }
  return grammar.Expand(cell.templates, text, fixed, generator);
}

void AppendProbes(const DerivedKey& key, const KeyedCell& cell, std::set<std::string>* used,
                  std::vector<Probe>* probes) {
  const std::size_t texts = BuiltinGrammar().TextCount(cell.templates);
  if (texts == 0) return;
  const std::string label = std::string(kLabel) + cell.stem;
  // No template twice while others are left.
  const std::vector<std::size_t> order = KeyedGenerator(key, label).Order(texts);
  for (int i = 1; i <= cell.count; ++i) {
    // A stream of its own for each probe, so that a change to one cell leaves the others as they are.
    KeyedGenerator generator(key, label + "/" + std::to_string(i));
    std::string prompt;
    do {
      prompt = Prompt(cell, order[static_cast<std::size_t>(i - 1) % texts], generator);
    } while (!used->insert(prompt).second);
    const std::string id = cell.count == 1 ? cell.stem : cell.stem + "/" + std::to_string(i);
    probes->push_back({id, cell.group, cell.signals, {{"user", std::move(prompt)}}, cell.sampling});
  }
}

}  // namespace

const std::vector<KeyedCell>& KeyedCells() {
  static const auto* const cells = new std::vector<KeyedCell>(MakeCells());
  return *cells;
}

Battery ComposeBattery(const DerivedKey& key) {
  Battery battery{"keyed", "1", {}};
  std::set<std::string> used;
  std::vector<Probe> probes;
  for (const KeyedCell& cell : KeyedCells()) AppendProbes(key, cell, &used, &probes);
  for (const std::size_t i : KeyedGenerator(key, std::string(kLabel) + "order").Order(probes.size())) {
    battery.probes.push_back(std::move(probes[i]));
  }
  return battery;
}

}  // namespace internal

absl::StatusOr<Battery> KeyedBattery(const Secret& key) {
  PINCHBECK_ASSIGN_OR_RETURN(const internal::DerivedKey derived, internal::DeriveKey(key));
  return internal::ComposeBattery(derived);
}

}  // namespace pinchbeck
