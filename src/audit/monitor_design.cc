#include "src/audit/monitor_design.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::internal {
namespace {

// A tolerated cell at temperature 0 needs about this many reference answers before an answer that the
// reference never gave is worth betting on; smaller ones are tested for equality, once per session.
constexpr std::int64_t kSmallestGreedyReference = 30;
// Share of the reference from which ratios are built; the rest bounds their expectation.
constexpr double kBuildShare = 1.0 / 3;
// Share of the reference that is held out of the bag in the stream that learns.
constexpr double kHeldOutShare = 0.5;
// Below this many answers of a probe nothing is held out.
constexpr std::int64_t kSmallestHeldOut = 4;
constexpr std::size_t kToleratedBins = 8;
// Weight of a built-in alternative's table, large against the half count that smoothing adds.
constexpr std::int64_t kBuiltInTotal = 100000;

// Separates the random draws of this file from those of the processes.
constexpr std::uint64_t kSplitSeed = 0x73706C6974;

// Draws a share of the items without replacement: item i is taken with the chance that is still open to it.
class Splitter {
 public:
  Splitter(std::int64_t total, double share, std::uint64_t seed, std::uint64_t cell)
      : rng_(stats::MixSeed(seed, kSplitSeed), cell), left_(total) {
    const auto taken = static_cast<std::int64_t>(std::llround(static_cast<double>(total) * share));
    take_left_ = std::clamp<std::int64_t>(taken, 1, std::max<std::int64_t>(total - 1, 1));
  }
  bool TakeNext() {
    const bool take = rng_.Uniform() * static_cast<double>(left_) < static_cast<double>(take_left_);
    --left_;
    if (take) --take_left_;
    return take;
  }

 private:
  stats::CounterRng rng_;
  std::int64_t left_;
  std::int64_t take_left_;
};

// Answers of one sample by category, those with a common category added up.
std::map<std::uint32_t, std::int64_t> ByCategory(const std::map<std::string, std::int64_t>& choices) {
  std::map<std::uint32_t, std::int64_t> counts;
  for (const auto& [answer, count] : choices) {
    if (count > 0) counts[AnswerCategory(answer)] += count;
  }
  return counts;
}

const ProbeSample* FindProbe(const SampleSet& sample, const std::string& probe) {
  const auto it = sample.probes.find(probe);
  return it == sample.probes.end() ? nullptr : &it->second;
}

// The alternative's sample of a probe that both plans read alike; null otherwise.
const ProbeSample* Comparable(const MonitorAlternative& alternative, const std::string& probe,
                              const ProbePlan& plan, MonitorSignal signal) {
  const auto it = alternative.plan->find(probe);
  if (it == alternative.plan->end()) return nullptr;
  const ProbePlan& other = it->second;
  const bool alike = signal == MonitorSignal::kChoice
                         ? other.choice && other.normalise_choice == plan.normalise_choice
                     : signal == MonitorSignal::kTokenLength
                         ? other.token_length && other.length_source == plan.length_source
                         : other.logprob;
  return alike ? FindProbe(alternative.sample, probe) : nullptr;
}

// Puts the three built-in alternatives in front of a tolerated cell's list: answers in the last category
// only, all categories equally often, and common answers more often than in the reference.
void AddBuiltIns(bool has_other, stats::LikelihoodRatioCell* cell) {
  const std::size_t categories = cell->build_counts.size();
  std::vector<std::int64_t> unseen, flat, sharp;
  if (has_other) {
    unseen.assign(categories, 0);
    unseen.back() = kBuiltInTotal;
  }
  flat.assign(categories, kBuiltInTotal);
  double squares = 0;
  for (const std::int64_t count : cell->build_counts) squares += std::pow(static_cast<double>(count), 2);
  for (const std::int64_t count : cell->build_counts) {
    sharp.push_back(std::llround(std::pow(static_cast<double>(count), 2) / squares * kBuiltInTotal));
  }
  cell->alternative_counts = {unseen, flat, sharp};
}

std::vector<std::int64_t> CountOn(const std::map<std::uint32_t, std::int64_t>& counts,
                                  const std::vector<std::uint32_t>& categories, bool with_other) {
  std::vector<std::int64_t> result(categories.size() + (with_other ? 1 : 0), 0);
  for (const auto& [category, count] : counts) {
    const auto it = std::lower_bound(categories.begin(), categories.end(), category);
    const bool known = it != categories.end() && *it == category;
    if (known) result[static_cast<std::size_t>(it - categories.begin())] += count;
    if (!known && with_other) result.back() += count;
  }
  return result;
}

using Counts = std::map<std::uint32_t, std::int64_t>;

void FillEqualityChoices(const Counts& reference, const std::vector<Counts>& alternatives,
                         MonitorCell* cell) {
  std::set<std::uint32_t> categories;
  for (const auto& entry : reference) categories.insert(entry.first);
  for (const Counts& counts : alternatives) {
    for (const auto& entry : counts) categories.insert(entry.first);
  }
  cell->answers.assign(categories.begin(), categories.end());
  cell->conformal.open = true;
  cell->conformal.reference_counts = CountOn(reference, cell->answers, false);
  for (const Counts& counts : alternatives) {
    cell->conformal.alternative_counts.push_back(counts.empty() ? std::vector<std::int64_t>()
                                                                : CountOn(counts, cell->answers, false));
  }
}

// Categories are all that the reference gave: which of its answers are held out is chosen at random, so a
// symmetric function of the bag and the held-out part is what the score has to be, and is.
void FillHeldOutChoices(const Counts& reference, Splitter splitter, MonitorCell* cell) {
  Counts held_out, bag;
  for (const auto& [category, count] : reference) {
    cell->answers.push_back(category);
    for (std::int64_t i = 0; i < count; ++i) ++(splitter.TakeNext() ? held_out : bag)[category];
  }
  cell->conformal.open = true;
  cell->conformal.reference_counts = CountOn(bag, cell->answers, false);
  cell->conformal.held_out_counts = CountOn(held_out, cell->answers, false);
}

// Categories come from the build part and the alternatives; everything else is one last category.
void FillToleratedChoices(const Counts& reference, const std::vector<Counts>& alternatives, Splitter splitter,
                          MonitorCell* cell) {
  Counts build, bound;
  for (const auto& [category, count] : reference) {
    for (std::int64_t i = 0; i < count; ++i) ++(splitter.TakeNext() ? build : bound)[category];
  }
  std::set<std::uint32_t> categories;
  for (const auto& entry : build) categories.insert(entry.first);
  for (const Counts& counts : alternatives) {
    for (const auto& entry : counts) categories.insert(entry.first);
  }
  cell->answers.assign(categories.begin(), categories.end());
  cell->ratio.build_counts = CountOn(build, cell->answers, true);
  cell->ratio.bound_counts = CountOn(bound, cell->answers, true);
  AddBuiltIns(true, &cell->ratio);
  for (const Counts& counts : alternatives) {
    cell->ratio.alternative_counts.push_back(counts.empty() ? std::vector<std::int64_t>()
                                                            : CountOn(counts, cell->answers, true));
  }
}

std::vector<std::int64_t> CountInBins(const std::vector<double>& scores, const std::vector<double>& edges) {
  std::vector<std::int64_t> counts(edges.size() + 1, 0);
  for (const double score : scores) {
    ++counts[static_cast<std::size_t>(std::lower_bound(edges.begin(), edges.end(), score) - edges.begin())];
  }
  return counts;
}

// Bins are cut at quantiles of the build part.
void FillToleratedScores(const std::vector<double>& reference,
                         const std::vector<std::vector<double>>& alternatives, Splitter splitter,
                         MonitorCell* cell) {
  std::vector<double> build, bound;
  for (const double score : reference) (splitter.TakeNext() ? build : bound).push_back(score);
  std::sort(build.begin(), build.end());
  for (std::size_t b = 1; b < kToleratedBins; ++b) {
    const double edge = build[std::min(build.size() - 1, b * build.size() / kToleratedBins)];
    if (cell->edges.empty() || edge > cell->edges.back()) cell->edges.push_back(edge);
  }
  cell->ratio.build_counts = CountInBins(build, cell->edges);
  cell->ratio.bound_counts = CountInBins(bound, cell->edges);
  AddBuiltIns(false, &cell->ratio);
  for (const std::vector<double>& scores : alternatives) {
    cell->ratio.alternative_counts.push_back(scores.empty() ? std::vector<std::int64_t>()
                                                            : CountInBins(scores, cell->edges));
  }
}

std::vector<double> Lengths(const ProbeSample& sample) {
  std::vector<double> scores;
  for (const OutputLength& length : sample.lengths) scores.push_back(length.length);
  return scores;
}

std::vector<double> LogprobScores(const ProbeSample& sample, const std::string& token) {
  std::vector<double> scores;
  for (const FirstTokenLogprobs& vector : sample.logprobs) {
    scores.push_back(LogprobScore(sample, vector, token));
  }
  return scores;
}

// The token that stands first most often.
std::string FrequentTopToken(const ProbeSample& sample) {
  std::map<std::string, std::int64_t> counts;
  for (const FirstTokenLogprobs& vector : sample.logprobs) ++counts[sample.tokens[vector.entries[0].first]];
  const auto most = std::max_element(counts.begin(), counts.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  return most->first;
}

// Collects cells into streams and says what had to be left out.
class Designer {
 public:
  Designer(const Fingerprint& fingerprint, const std::vector<MonitorAlternative>& alternatives,
           const MonitorOptions& options, std::vector<std::string>* warnings)
      : alternatives_(alternatives),
        options_(options),
        warnings_(warnings),
        greedy_varies_(GreedyAnswersVary(fingerprint)) {}

  void AddProbe(const std::string& probe, const ProbePlan& plan, const ProbeSample& sample) {
    const bool greedy = sample.conditions.temperature == 0.0;
    if (Wants("choice") && plan.choice && !sample.choices.empty()) AddChoice(probe, plan, sample, greedy);
    // At temperature 0 lengths repeat within a session, and one session shows no spread between sessions.
    if (Wants("token_length") && plan.token_length && !greedy && !sample.lengths.empty()) {
      AddScores(MonitorSignal::kTokenLength, probe, plan, sample);
    }
    if (Wants("logprob") && plan.logprob && !sample.logprobs.empty()) {
      AddScores(MonitorSignal::kLogprob, probe, plan, sample);
    }
  }

  std::vector<MonitorStreamDesign> Finish() && {
    std::vector<MonitorStreamDesign> designs;
    for (auto& entry : streams_) designs.push_back(std::move(entry.second));
    if (too_small_ > 0) {
      warnings_->push_back(std::to_string(too_small_) +
                           " probes have fewer than 2 reference answers and cannot be monitored with a "
                           "tolerance; record more");
    }
    return designs;
  }

 private:
  [[nodiscard]] bool Wants(const char* signal) const {
    return std::find(options_.signals.begin(), options_.signals.end(), signal) != options_.signals.end();
  }

  void AddChoice(const std::string& probe, const ProbePlan& plan, const ProbeSample& sample, bool greedy) {
    double tolerance = options_.tolerance;
    const bool enough = sample.choice_count() >= kSmallestGreedyReference;
    const bool drifts = greedy && greedy_varies_ && enough;
    if (drifts) tolerance = std::max(tolerance, options_.greedy_tolerance);
    MonitorCell cell;
    cell.probe = probe;
    // Where every answer counts, the tolerance has to cover that repeats resemble each other.
    cell.once_per_session = greedy && !(drifts && tolerance > 0);
    const Counts reference = ByCategory(sample.choices);
    std::vector<Counts> others;
    for (const MonitorAlternative& alternative : alternatives_) {
      const ProbeSample* other = Comparable(alternative, probe, plan, MonitorSignal::kChoice);
      others.push_back(other == nullptr ? Counts() : ByCategory(other->choices));
    }
    if (tolerance > 0) {
      if (!EnoughToSplit(sample.choice_count())) return;
      FillToleratedChoices(reference, others, NextSplitter(sample.choice_count(), kBuildShare), &cell);
    } else {
      FillEqualityChoices(reference, others, &cell);
      if (!greedy && sample.choice_count() >= kSmallestHeldOut) AddHeldOut(cell.probe, reference, sample);
    }
    Put(MonitorSignal::kChoice, tolerance, std::move(cell));
  }

  void AddHeldOut(const std::string& probe, const Counts& reference, const ProbeSample& sample) {
    MonitorCell cell;
    cell.probe = probe;
    FillHeldOutChoices(reference, NextSplitter(sample.choice_count(), kHeldOutShare), &cell);
    Put(MonitorSignal::kChoice, 0, std::move(cell), true);
  }

  void AddScores(MonitorSignal signal, const std::string& probe, const ProbePlan& plan,
                 const ProbeSample& sample) {
    const bool logprob = signal == MonitorSignal::kLogprob;
    MonitorCell cell;
    cell.probe = probe;
    // First-token log-probabilities repeat at every temperature.
    cell.once_per_session = logprob;
    if (logprob) cell.token = FrequentTopToken(sample);
    const auto scores = [&](const ProbeSample& from) {
      return logprob ? LogprobScores(from, cell.token) : Lengths(from);
    };
    std::vector<double> reference = scores(sample);
    if (options_.tolerance == 0) {
      cell.conformal.reference_scores = std::move(reference);
      Put(signal, 0, std::move(cell));
      return;
    }
    const auto n = static_cast<std::int64_t>(reference.size());
    if (!EnoughToSplit(n)) return;
    std::vector<std::vector<double>> others;
    for (const MonitorAlternative& alternative : alternatives_) {
      const ProbeSample* other = Comparable(alternative, probe, plan, signal);
      others.push_back(other == nullptr ? std::vector<double>() : scores(*other));
    }
    FillToleratedScores(reference, others, NextSplitter(n, kBuildShare), &cell);
    Put(signal, options_.tolerance, std::move(cell));
  }

  Splitter NextSplitter(std::int64_t total, double share) {
    return {total, share, options_.seed, split_cells_++};
  }

  bool EnoughToSplit(std::int64_t n) {
    if (n >= 2) return true;
    ++too_small_;
    return false;
  }

  void Put(MonitorSignal signal, double tolerance, MonitorCell cell, bool held_out = false) {
    MonitorStreamDesign& stream = streams_[{signal, tolerance, held_out}];
    stream.signal = signal;
    stream.held_out = held_out;
    stream.tolerance = tolerance;
    stream.cells.push_back(std::move(cell));
  }

  const std::vector<MonitorAlternative>& alternatives_;
  const MonitorOptions& options_;
  std::vector<std::string>* warnings_;
  bool greedy_varies_;
  std::uint64_t split_cells_ = 0;
  std::int64_t too_small_ = 0;
  std::map<std::tuple<MonitorSignal, double, bool>, MonitorStreamDesign> streams_;
};

}  // namespace

std::uint32_t AnswerCategory(std::string_view answer) {
  // Fowler, Noll & Vo's hash FNV-1a; its halves are folded, because the lowest bits alone are weak.
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const char c : answer) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  hash ^= hash >> 32;
  hash ^= hash >> 16;
  return static_cast<std::uint32_t>(hash & (kAnswerCategories - 1));
}

double LogprobScore(const ProbeSample& sample, const FirstTokenLogprobs& vector, const std::string& token) {
  double value = vector.entries.back().second;
  for (const auto& [index, logprob] : vector.entries) {
    if (sample.tokens[index] == token) value = logprob;
  }
  return std::round(value / kLogprobStep) * kLogprobStep;
}

std::vector<MonitorAlternative> UsableMonitorAlternatives(const Fingerprint& fingerprint,
                                                          const SampleSet& pooled,
                                                          const MonitorOptions& options,
                                                          std::vector<std::string>* warnings) {
  std::vector<MonitorAlternative> usable;
  for (const Fingerprint* alternative : options.alternatives) {
    if (alternative->model == fingerprint.model) continue;
    if (!ConditionDifferences(*alternative, pooled).empty()) {
      warnings->push_back("alternative \"" + alternative->model +
                          "\" was enrolled under other conditions and was left out");
      continue;
    }
    SampleSet sample = alternative->Pooled();
    const bool shares = std::any_of(sample.probes.begin(), sample.probes.end(),
                                    [&](const auto& entry) { return pooled.probes.count(entry.first) > 0; });
    if (!shares) {
      warnings->push_back("alternative \"" + alternative->model + "\" shares no probe and was left out");
      continue;
    }
    usable.push_back({alternative->model, &alternative->plan, std::move(sample)});
  }
  return usable;
}

bool GreedyAnswersVary(const Fingerprint& fingerprint) {
  for (const FingerprintPart& part : fingerprint.parts) {
    for (const auto& [id, probe] : part.sample.probes) {
      if (probe.conditions.temperature == 0.0 && probe.choices.size() > 1) return true;
    }
  }
  return false;
}

std::vector<MonitorStreamDesign> DesignMonitorStreams(const Fingerprint& fingerprint,
                                                      const SampleSet& reference,
                                                      const std::vector<MonitorAlternative>& alternatives,
                                                      const MonitorOptions& options,
                                                      std::vector<std::string>* warnings) {
  Designer designer(fingerprint, alternatives, options, warnings);
  for (const auto& [probe, plan] : fingerprint.plan) {
    const ProbeSample* sample = FindProbe(reference, probe);
    if (sample != nullptr) designer.AddProbe(probe, plan, *sample);
  }
  return std::move(designer).Finish();
}

}  // namespace pinchbeck::internal
