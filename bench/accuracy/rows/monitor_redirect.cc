// A real redirection: how soon after it does the monitor raise its alarm, and does it ever before?
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "bench/accuracy/choice_contestants.h"
#include "bench/accuracy/random.h"
#include "bench/accuracy/recordings.h"
#include "bench/accuracy/row.h"
#include "pinchbeck/audit/monitor.h"
#include "pinchbeck/fingerprint/builder.h"
#include "pinchbeck/internal/parallel_for.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck::accuracy {
namespace {

constexpr const char* kSource = "b3it_redirect";
// The day of the redirection, by the source's description.
constexpr const char* kChanged = "2026-01-30";
constexpr std::int64_t kSoon = 20;
constexpr std::uint64_t kRow = 16;

enum Contestant : std::size_t { kOurs, kBetting, kContestants };
constexpr const char* kNames[] = {"pinchbeck, monitor", "betting with tolerance, prompts by Bonferroni"};

// Answers after the first day up to the day of the change, in one order.
struct Stream {
  std::vector<const Observation*> answers;
  // Answers before the day of the change.
  std::int64_t honest = 0;
};

// Days keep their order. Within a day the prompts come in any order or, in every second stream, one prompt
// after the other.
Stream MakeStream(const std::vector<ModelRecording>& days, std::size_t changed, std::uint64_t seed,
                  bool by_prompt) {
  stats::CounterRng rng(seed, 0);
  Stream stream;
  for (std::size_t d = 1; d <= changed; ++d) {
    if (d == changed) stream.honest = static_cast<std::int64_t>(stream.answers.size());
    std::vector<const Observation*> answers;
    for (const Observation& answer : days[d].observations) answers.push_back(&answer);
    ShuffleFront(answers, answers.size(), rng);
    if (by_prompt) {
      std::map<std::string, std::uint32_t> rank;
      for (const Observation* answer : answers) rank.emplace(answer->probe, rng.Next32());
      std::stable_sort(answers.begin(), answers.end(), [&](const Observation* a, const Observation* b) {
        return rank.at(a->probe) < rank.at(b->probe);
      });
    }
    stream.answers.insert(stream.answers.end(), answers.begin(), answers.end());
  }
  return stream;
}

// Number of the answer that raises the alarm, from 1; 0 for none.
absl::StatusOr<std::int64_t> MonitorAlarmAt(const Fingerprint& fingerprint, const Stream& stream,
                                            std::uint64_t seed, double alpha) {
  MonitorOptions options;
  options.seed = seed;
  options.alpha = alpha;
  PINCHBECK_ASSIGN_OR_RETURN(Monitor monitor, Monitor::Create(fingerprint, options));
  std::int64_t at = 0;
  for (const Observation* answer : stream.answers) {
    ++at;
    PINCHBECK_RETURN_IF_ERROR(monitor.Step(*answer));
    if (monitor.decision().alarm_at) return at;
  }
  return 0;
}

// One betting test a prompt, each at its share of the level.
class BettingMonitor {
 public:
  BettingMonitor(const std::vector<ModelRecording>& days, std::size_t changed, double alpha,
                 std::uint64_t seed) {
    std::map<std::string, std::vector<int>> answers;
    std::map<std::string, std::int64_t> horizon;
    for (std::size_t d = 0; d <= changed; ++d) {
      for (const Observation& answer : days[d].observations) {
        const int category = CategoryOf(answer);
        if (d == 0) answers[answer.probe].push_back(category);
        if (d > 0) ++horizon[answer.probe];
      }
    }
    for (const auto& [probe, reference] : answers) {
      tests_.emplace(probe,
                     BettingTest(CountAnswers(reference, categories_.size()), horizon[probe],
                                 alpha / static_cast<double>(answers.size()), SeedFor(seed, tests_.size())));
    }
  }

  [[nodiscard]] std::int64_t AlarmAt(const Stream& stream) const {
    std::map<std::string, std::vector<int>> seen;
    std::int64_t at = 0;
    for (const Observation* answer : stream.answers) {
      ++at;
      const auto test = tests_.find(answer->probe);
      if (test == tests_.end()) continue;
      std::vector<int>& answers = seen[answer->probe];
      answers.push_back(categories_.at(answer->response.text.value_or("")));
      if (test->second.LargestWealth(answers) >= 1) return at;
    }
    return 0;
  }

 private:
  int CategoryOf(const Observation& answer) {
    return categories_.emplace(answer.response.text.value_or(""), static_cast<int>(categories_.size()))
        .first->second;
  }

  std::map<std::string, int> categories_;
  std::map<std::string, BettingTest> tests_;
};

struct Alarms {
  std::vector<std::int64_t> delays;
  PairCount before, soon;
  void Add(std::int64_t at, std::int64_t honest) {
    const bool early = at > 0 && at <= honest;
    before.Add({true, early, 0});
    soon.Add({true, !early && at > 0 && at - honest <= kSoon, 0});
    if (!early && at > 0) delays.push_back(at - honest);
  }
};

void Report(const char* contestant, Alarms alarms, Row& row) {
  Measurement soon = PowerOf(std::span(&alarms.soon, 1), {});
  soon.contestant = contestant;
  soon.metric = "alarm within these answers after the change, rate";
  soon.x = static_cast<double>(kSoon);
  SetFalseAlarms(std::span(&alarms.before, 1), row.alpha, soon);
  Measurement before = PowerOf(std::span(&alarms.before, 1), {});
  before.contestant = contestant;
  before.metric = "alarm before the change, rate";
  before.x = static_cast<double>(kSoon);
  before.higher_is_better = false;
  row.measurements.push_back(std::move(soon));
  row.measurements.push_back(std::move(before));
  std::sort(alarms.delays.begin(), alarms.delays.end());
  std::string note = std::string(contestant) + ": " + std::to_string(alarms.delays.size()) + " of " +
                     std::to_string(alarms.before.draws) + " orders end in an alarm on the day of the change";
  if (!alarms.delays.empty()) {
    note += ", after " + std::to_string(alarms.delays[alarms.delays.size() / 2]) +
            " answers in the median and at most " + std::to_string(alarms.delays.back());
  }
  row.notes.push_back(note + ".");
}

}  // namespace

absl::StatusOr<Row> MeasureMonitorRedirect(const RowContext& context) {
  Row row;
  row.title = "An endpoint is redirected: answers until the monitor's alarm";
  row.source = kSource;
  row.x_name = "answers";
  const std::vector<std::string> names = RecordingNames(context.data, kSource);
  if (names.empty()) return absl::NotFoundError("no recording in " + std::string(kSource));
  PINCHBECK_ASSIGN_OR_RETURN(const auto days, LoadSessions(context.data, kSource, names.front()));
  std::size_t changed = 0;
  while (changed < days.size() && days[changed].name.find(kChanged) == std::string::npos) ++changed;
  if (changed == 0 || changed == days.size()) {
    return absl::InvalidArgumentError(names.front() + ": no session of " + kChanged + " behind the first");
  }
  FingerprintBuilder builder(EnrollOptions{.model = "claimed"});
  for (const Observation& answer : days[0].observations) {
    PINCHBECK_RETURN_IF_ERROR(builder.Add(answer, "default"));
  }
  PINCHBECK_ASSIGN_OR_RETURN(const Fingerprint fingerprint, std::move(builder).Build());
  const std::uint64_t seed = SeedFor(context.seed, kRow);
  const BettingMonitor betting(days, changed, row.alpha, seed);
  struct Result {
    absl::StatusOr<std::int64_t> ours = 0;
    std::int64_t betting = 0, honest = 0;
  };
  std::vector<Result> results(static_cast<std::size_t>(context.Draws(400, 40)));
  pinchbeck::internal::ParallelFor(static_cast<std::int64_t>(results.size()), context.threads,
                                   [&](std::int64_t task) {
                                     const std::uint64_t order = SeedFor(seed, 1, task);
                                     const Stream stream = MakeStream(days, changed, order, task % 2 == 1);
                                     Result& result = results[static_cast<std::size_t>(task)];
                                     result.ours = MonitorAlarmAt(fingerprint, stream, order, row.alpha);
                                     result.betting = betting.AlarmAt(stream);
                                     result.honest = stream.honest;
                                   });
  Alarms alarms[kContestants];
  for (const Result& result : results) {
    PINCHBECK_RETURN_IF_ERROR(result.ours.status());
    alarms[kOurs].Add(*result.ours, result.honest);
    alarms[kBetting].Add(result.betting, result.honest);
  }
  for (std::size_t c = 0; c < kContestants; ++c) Report(kNames[c], alarms[c], row);
  row.notes.emplace_back(
      "One endpoint and one redirection: the rates are over orders of the answers within days, half of them "
      "prompt by prompt, and say nothing about other endpoints.");
  return row;
}

}  // namespace pinchbeck::accuracy
