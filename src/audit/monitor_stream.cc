#include "src/audit/monitor_stream.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "pinchbeck/internal/absl_strings.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck::internal {
namespace {

// More than enough for a time with an offset and nanoseconds.
constexpr std::size_t kLongestTime = 64;

std::vector<double> Weights(const std::variant<stats::ConformalEProcess, stats::LikelihoodRatioEProcess>& p) {
  return std::visit([](const auto& process) { return process.ComponentWeights(); }, p);
}

absl::Status Broken(const std::string& what) {
  return absl::InvalidArgumentError(what + "; start a new state file or restore an intact copy");
}

}  // namespace

absl::StatusOr<MonitorStream> MonitorStream::Create(MonitorStreamDesign design,
                                                    const MonitorStreamOptions& options) {
  double weight = options.share;
  std::optional<Process> process;
  if (design.tolerance > 0) {
    std::vector<stats::LikelihoodRatioCell> cells;
    for (const MonitorCell& cell : design.cells) cells.push_back(cell.ratio);
    stats::LikelihoodRatioOptions ratio;
    ratio.tolerance = design.tolerance;
    ratio.alpha_reference = kReferencePart * options.share * options.alpha;
    weight *= 1 - kReferencePart;
    PINCHBECK_ASSIGN_OR_RETURN(stats::LikelihoodRatioEProcess created,
                               stats::LikelihoodRatioEProcess::Create(cells, ratio));
    process.emplace(std::move(created));
  } else {
    std::vector<stats::ConformalCell> cells;
    for (const MonitorCell& cell : design.cells) cells.push_back(cell.conformal);
    PINCHBECK_ASSIGN_OR_RETURN(stats::ConformalEProcess created,
                               stats::ConformalEProcess::Create(cells, {.seed = options.seed}));
    process.emplace(std::move(created));
  }
  const std::vector<double> weights = Weights(*process);
  PINCHBECK_ASSIGN_OR_RETURN(stats::RestartEProcess restart, stats::RestartEProcess::Create(weights));
  PINCHBECK_ASSIGN_OR_RETURN(stats::ChangeDetector detector,
                             stats::ChangeDetector::Create(weights, options.alpha));
  return MonitorStream(std::move(design), *std::move(process), std::move(restart), std::move(detector),
                       std::log(weight));
}

MonitorStream::MonitorStream(MonitorStreamDesign design, Process process, stats::RestartEProcess restart,
                             stats::ChangeDetector detector, double log_weight)
    : design_(std::move(design)),
      cells_(design_.cells.size()),
      process_(std::move(process)),
      restart_(std::move(restart)),
      detector_(std::move(detector)),
      log_weight_(log_weight) {
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    cell_of_.emplace(design_.cells[i].probe, i);
    for (const std::uint32_t answer : design_.cells[i].answers) {
      cells_[i].index.emplace(answer, cells_[i].index.size());
    }
  }
}

std::optional<double> MonitorStream::Score(const MonitorCell& cell, const MonitorFeatures& features) const {
  if (design_.signal == MonitorSignal::kTokenLength) return features.length;
  if (features.logprobs == nullptr || features.logprobs->logprobs.empty()) return std::nullopt;
  return LogprobScore(*features.logprobs, features.logprobs->logprobs.front(), cell.token);
}

absl::Status MonitorStream::UpdateChoice(std::size_t cell, std::uint32_t answer) {
  Cell& state = cells_[cell];
  const auto known = state.index.find(answer);
  if (auto* ratio = std::get_if<stats::LikelihoodRatioEProcess>(&process_)) {
    // The last category is that of all other answers.
    return ratio->Update(cell,
                         known == state.index.end() ? design_.cells[cell].answers.size() : known->second);
  }
  const std::size_t category = known == state.index.end() ? state.index.size() : known->second;
  PINCHBECK_RETURN_IF_ERROR(std::get<stats::ConformalEProcess>(process_).Update(cell, category));
  if (known == state.index.end()) {
    state.index.emplace(answer, category);
    state.founded.push_back(answer);
  }
  return absl::OkStatus();
}

absl::Status MonitorStream::Bet(std::size_t cell, const MonitorFeatures& features, double score) {
  if (design_.signal == MonitorSignal::kChoice) return UpdateChoice(cell, *features.answer);
  if (auto* conformal = std::get_if<stats::ConformalEProcess>(&process_)) {
    return conformal->UpdateScore(cell, score);
  }
  const std::vector<double>& edges = design_.cells[cell].edges;
  const auto bin = std::lower_bound(edges.begin(), edges.end(), score) - edges.begin();
  return std::get<stats::LikelihoodRatioEProcess>(process_).Update(cell, static_cast<std::size_t>(bin));
}

absl::StatusOr<MonitorUse> MonitorStream::Step(const MonitorFeatures& features) {
  const auto it = cell_of_.find(*features.probe);
  if (it == cell_of_.end()) return MonitorUse::kNothing;
  const std::size_t cell = it->second;
  double score = 0;
  if (design_.signal == MonitorSignal::kChoice) {
    if (!features.answer) return MonitorUse::kNothing;
  } else {
    const std::optional<double> value = Score(design_.cells[cell], features);
    if (!value) return MonitorUse::kNothing;
    score = *value;
  }
  std::vector<std::uint64_t>& sessions = cells_[cell].sessions;
  if (design_.cells[cell].once_per_session) {
    if (std::find(sessions.begin(), sessions.end(), features.session) != sessions.end()) {
      return MonitorUse::kRepeat;
    }
    if (sessions.size() == kSessions) sessions.erase(sessions.begin());
    sessions.push_back(features.session);
  }
  PINCHBECK_RETURN_IF_ERROR(Bet(cell, features, score));
  const auto feed = [&](std::span<const double> e_values) {
    PINCHBECK_RETURN_IF_ERROR(restart_.Update(e_values));
    return detector_.Update(e_values);
  };
  if (const auto* conformal = std::get_if<stats::ConformalEProcess>(&process_)) {
    PINCHBECK_RETURN_IF_ERROR(feed(conformal->StepEValues()));
  } else {
    PINCHBECK_RETURN_IF_ERROR(feed(std::get<stats::LikelihoodRatioEProcess>(process_).StepEValues()));
  }
  RememberStart(features);
  return MonitorUse::kUsed;
}

void MonitorStream::RememberStart(const MonitorFeatures& features) {
  const std::span<const std::int64_t> starts = detector_.Starts();
  const std::int64_t now = detector_.observations();
  if (std::find(starts.begin(), starts.end(), now) == starts.end()) return;
  MonitorStart start{features.position, features.time};
  if (start.time && start.time->size() > kLongestTime) start.time->resize(kLongestTime);
  starts_.emplace(now, std::move(start));
  if (starts_.size() > 2 * starts.size() + kSessions) ForgetStarts();
}

void MonitorStream::ForgetStarts() {
  const std::span<const std::int64_t> starts = detector_.Starts();
  const std::set<std::int64_t> kept(starts.begin(), starts.end());
  for (auto it = starts_.begin(); it != starts_.end();) {
    it = kept.count(it->first) > 0 ? std::next(it) : starts_.erase(it);
  }
}

std::optional<MonitorStart> MonitorStream::EstimatedChange() const {
  const auto it = starts_.find(detector_.EstimatedChange());
  if (it == starts_.end()) return std::nullopt;
  return it->second;
}

MonitorStreamState MonitorStream::state() const {
  MonitorStreamState state;
  if (const auto* conformal = std::get_if<stats::ConformalEProcess>(&process_)) {
    state.conformal = conformal->state();
  } else {
    state.ratio = std::get<stats::LikelihoodRatioEProcess>(process_).state();
  }
  state.restart = restart_.state();
  state.detector = detector_.state();
  for (const Cell& cell : cells_) {
    state.founded.push_back(cell.founded);
    state.sessions.push_back(cell.sessions);
  }
  // Starts that no component has any more are left out, so that the file does not depend on when they are
  // forgotten.
  const std::span<const std::int64_t> starts = detector_.Starts();
  for (const std::int64_t start : std::set<std::int64_t>(starts.begin(), starts.end())) {
    const auto it = starts_.find(start);
    if (it != starts_.end()) state.starts.insert(*it);
  }
  return state;
}

absl::Status MonitorStream::CheckCells(const MonitorStreamState& state) const {
  if (state.founded.size() != cells_.size()) return Broken("founded: expected one list per probe");
  if (state.sessions.size() != cells_.size()) return Broken("sessions: expected one list per probe");
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    const std::string at = "[" + std::to_string(i) + "]";
    if (state.sessions[i].size() > kSessions) return Broken("sessions" + at + ": too many entries");
    std::set<std::uint32_t> seen(design_.cells[i].answers.begin(), design_.cells[i].answers.end());
    for (const std::uint32_t answer : state.founded[i]) {
      if (answer >= kAnswerCategories || !seen.insert(answer).second) {
        return Broken("founded" + at + ": a category out of range, or twice");
      }
    }
    const bool choice = design_.signal == MonitorSignal::kChoice;
    if (!state.founded[i].empty() && !(choice && conformal())) {
      return Broken("founded" + at + ": this probe has no open categories");
    }
    if (choice && conformal() && state.conformal.cell_sizes.size() == cells_.size() &&
        state.conformal.cell_sizes[i] != static_cast<std::int64_t>(seen.size())) {
      return Broken("founded" + at + ": does not match cell_sizes" + at);
    }
  }
  return absl::OkStatus();
}

absl::Status MonitorStream::CheckStarts(const MonitorStreamState& state, std::int64_t position) const {
  const std::int64_t used = conformal() ? state.conformal.observations : state.ratio.observations;
  if (state.restart.observations != used || state.detector.observations != used || used > position) {
    return Broken("observations: the counts of the stream contradict each other");
  }
  if (state.starts.size() > Weights(process_).size()) return Broken("starts: too many entries");
  for (const auto& [observation, start] : state.starts) {
    if (observation < 1 || observation > used || start.position < observation || start.position > position ||
        (start.time && start.time->size() > kLongestTime)) {
      return Broken("starts: an entry is out of range");
    }
  }
  return absl::OkStatus();
}

absl::Status MonitorStream::Restore(const MonitorStreamState& state, std::int64_t position) {
  PINCHBECK_RETURN_IF_ERROR(CheckCells(state));
  PINCHBECK_RETURN_IF_ERROR(CheckStarts(state, position));
  MonitorStream restored = *this;
  if (auto* process = std::get_if<stats::ConformalEProcess>(&restored.process_)) {
    PINCHBECK_RETURN_IF_ERROR(Annotate(process->Restore(state.conformal), "process"));
  } else {
    PINCHBECK_RETURN_IF_ERROR(Annotate(
        std::get<stats::LikelihoodRatioEProcess>(restored.process_).Restore(state.ratio), "process"));
  }
  PINCHBECK_RETURN_IF_ERROR(Annotate(restored.restart_.Restore(state.restart), "restart"));
  PINCHBECK_RETURN_IF_ERROR(Annotate(restored.detector_.Restore(state.detector), "detector"));
  for (std::size_t i = 0; i < cells_.size(); ++i) {
    Cell& cell = restored.cells_[i];
    cell.index.clear();
    for (const std::uint32_t answer : design_.cells[i].answers) cell.index.emplace(answer, cell.index.size());
    for (const std::uint32_t answer : state.founded[i]) cell.index.emplace(answer, cell.index.size());
    cell.founded = state.founded[i];
    cell.sessions = state.sessions[i];
  }
  restored.starts_ = state.starts;
  *this = std::move(restored);
  return absl::OkStatus();
}

}  // namespace pinchbeck::internal
