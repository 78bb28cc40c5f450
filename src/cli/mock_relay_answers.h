// Which recorded answer a request to the mock relay gets.
#ifndef PINCHBECK_SRC_CLI_MOCK_RELAY_ANSWERS_H_
#define PINCHBECK_SRC_CLI_MOCK_RELAY_ANSWERS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "pinchbeck/core/observation.h"
#include "src/cli/mock_relay.h"

namespace pinchbeck::cli {

// What selects the recorded answers of a request.
struct AnswerKey {
  std::string prompt_sha256;
  double temperature = 1.0;
  // Absent: any recorded value.
  std::optional<std::int64_t> max_tokens;
  std::optional<std::string> reasoning_effort = {};
  // Whether a stream is asked for.
  bool stream = false;
};

struct ServedAnswer {
  // Owned by the RelayAnswers that returned it.
  const Observation* observation = nullptr;
  // Response id: the same for the same probe, request number and seed.
  std::string id;
  // True for a repeated answer of a cache.
  bool at_once = false;
};

// The recorded answers, dealt out by the rules of MockRelay. Safe for concurrent use.
class RelayAnswers {
 public:
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<RelayAnswers>> Load(const MockRelayOptions& options);

  [[nodiscard]] bool HasPrompt(const std::string& prompt_sha256) const {
    return cells_.count(prompt_sha256) > 0;
  }

  // The answer to the probe's next request. NotFound: the prompt is not recorded, or only under other
  // parameters (the message lists them); ResourceExhausted: no unused answer is left.
  [[nodiscard]] absl::StatusOr<ServedAnswer> Next(const AnswerKey& key);

  // Distinct model names that the recorded requests asked for, sorted.
  [[nodiscard]] const std::vector<std::string>& model_names() const { return model_names_; }
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  [[nodiscard]] std::int64_t served() const;

 private:
  // Answers of one model to one prompt under one set of parameters.
  struct Deck {
    std::vector<Observation> answers;
    // Permutation of the answers, and how many of it are used.
    std::vector<std::size_t> order;
    std::size_t used = 0;
    // kTemperature: answers grouped by text, with running sums of the weights; empty: not drawn again.
    std::vector<std::vector<std::size_t>> groups;
    std::vector<double> cumulative_weights;
  };
  struct Cell {
    std::string probe;
    std::optional<double> temperature;
    std::optional<std::int64_t> max_tokens;
    // Absent: not recorded, or not looked at.
    std::optional<std::string> reasoning_effort;
    // Address of the cell's random draws.
    std::uint64_t stream = 0;
    std::uint64_t requests = 0;
    Deck claimed;
    Deck substitute;
  };

  explicit RelayAnswers(const MockRelayOptions& options);
  [[nodiscard]] absl::Status LoadFile(const std::string& path, Deck Cell::*deck);
  Cell& CellOf(const Observation& observation);
  void Prepare();
  void PrepareDeck(const Cell& cell, std::uint64_t side, Deck* deck) const;
  void PrepareGroups(Deck* deck) const;
  [[nodiscard]] absl::StatusOr<Cell*> Find(const AnswerKey& key);
  [[nodiscard]] absl::StatusOr<ServedAnswer> Deal(Cell& cell, std::uint64_t number, bool stream);
  [[nodiscard]] const Observation* Redraw(const Cell& cell, const Deck& deck, std::uint64_t number) const;

  MockRelayMode mode_;
  double substitute_share_;
  double temperature_factor_;
  std::uint64_t seed_;
  std::map<std::string, std::vector<Cell>> cells_;
  std::vector<std::string> model_names_;
  std::vector<std::string> warnings_;
  mutable std::mutex mutex_;
  std::int64_t served_ = 0;
};

}  // namespace pinchbeck::cli

#endif  // PINCHBECK_SRC_CLI_MOCK_RELAY_ANSWERS_H_
