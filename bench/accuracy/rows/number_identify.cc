// A random number out of 1 to 355: which stored model gave the answers, if any?
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "bench/accuracy/choice_data.h"
#include "bench/accuracy/choice_lineup.h"
#include "bench/accuracy/choice_pairs.h"
#include "bench/accuracy/random.h"
#include "bench/accuracy/row.h"
#include "pinchbeck/audit/identify.h"
#include "pinchbeck/internal/parallel_for.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck::accuracy {
namespace {

constexpr const char* kSource = "aig_random_1_355";
constexpr std::size_t kReference = 240, kFewest = 25;
constexpr std::uint64_t kRow = 5;
constexpr const char* kName = "pinchbeck, identify";

// Ways to rank stored models.
enum Ranking : std::size_t { kOurs, kCounts, kDivergence, kRankings };
constexpr std::array<const char*, kRankings> kRankingNames = {kName, "counts with 0.5 added",
                                                              "smallest Jensen-Shannon divergence"};

// Answers that no model gave.
enum Made : std::size_t { kUniform, kConstant, kCounting, kMade };
constexpr std::array<const char*, kMade> kMadeNames = {"uniform numbers", "one constant", "counting up"};

// What became of one model's answers, or of the made ones, in one draw.
struct Identified {
  bool measured = false;
  std::array<bool, kRankings> first{};
  Outcome stored, left_out;
  double seconds = 0;
};

struct DrawResult {
  // By size and model.
  std::vector<std::vector<Identified>> models;
  std::array<Outcome, kMade> made;
  absl::Status status;
};

// log of the likelihood of the answers under shares from counts with half an answer added.
double CountsScore(const Counts& reference, const Counts& observed) {
  constexpr double kAdded = 0.5;
  const double total = static_cast<double>(Total(reference)) + kAdded * static_cast<double>(reference.size());
  double sum = 0;
  for (std::size_t k = 0; k < reference.size(); ++k) {
    if (observed[k] == 0) continue;
    sum += static_cast<double>(observed[k]) * std::log((static_cast<double>(reference[k]) + kAdded) / total);
  }
  return sum;
}

std::size_t Best(const std::vector<double>& scores) {
  return static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

// One draw: a library of all references, and one for each model without it.
class Draw {
 public:
  Draw(const ChoiceData& data, const RowContext& context, double alpha, int draw) : data_(data) {
    const std::uint64_t seed = SeedFor(context.seed, kRow);
    for (std::size_t m = 0; m < data.models.size(); ++m) {
      splits_.push_back(RandomSplit(data, m, kReference, seed, draw));
      fingerprints_.push_back(data.FingerprintOf(m, splits_.back().reference));
    }
    options_.alpha = alpha;
    options_.seed = SeedFor(seed, 99, draw);
    options_.permutations = context.permutations;
    options_.tested = 0;
    // As many as the command: a combined test hardly reaches a small p-value with fewer, however clear it is.
    made_options_ = options_;
    made_options_.permutations = std::max(context.permutations, IdentifyOptions{}.permutations);
  }

  DrawResult Run(const std::vector<std::size_t>& sizes, const std::vector<std::int64_t>& range) {
    DrawResult result;
    result.models.assign(sizes.size(), std::vector<Identified>(data_.models.size()));
    result.status = Identify(sizes, range, result);
    return result;
  }

 private:
  absl::Status Identify(const std::vector<std::size_t>& sizes, const std::vector<std::int64_t>& range,
                        DrawResult& result) {
    PINCHBECK_ASSIGN_OR_RETURN(const IdentifyLibrary all, IdentifyLibrary::Make(fingerprints_));
    for (std::size_t m = 0; m < splits_.size(); ++m) {
      std::vector<Fingerprint> others = fingerprints_;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(m));
      PINCHBECK_ASSIGN_OR_RETURN(const IdentifyLibrary without, IdentifyLibrary::Make(std::move(others)));
      for (std::size_t s = 0; s < sizes.size(); ++s) {
        if (splits_[m].rest.size() < sizes[s]) continue;
        const Counts observed = CountAnswers({splits_[m].rest.data(), sizes[s]}, data_.categories());
        PINCHBECK_RETURN_IF_ERROR(
            IdentifyModel(all, without, m, observed, sizes[s] > kFewest, result.models[s][m]));
      }
    }
    return IdentifyMade(all, range, result.made);
  }

  absl::Status IdentifyModel(const IdentifyLibrary& all, const IdentifyLibrary& without, std::size_t model,
                             const Counts& observed, bool test, Identified& result) const {
    const SampleSet sample = data_.SampleOf(observed);
    std::vector<double> counts, divergences;
    for (const ChoiceSplit& split : splits_) {
      counts.push_back(CountsScore(split.reference, observed));
      divergences.push_back(-JensenShannonBits(split.reference, observed));
    }
    result.measured = true;
    result.first = {Best(ScoreModels(all, sample)) == model, Best(counts) == model,
                    Best(divergences) == model};
    if (!test) return absl::OkStatus();
    const double start = ThreadSeconds();
    PINCHBECK_ASSIGN_OR_RETURN(result.stored, NoneOfThese(all, sample, options_));
    result.seconds = ThreadSeconds() - start;
    PINCHBECK_ASSIGN_OR_RETURN(result.left_out, NoneOfThese(without, sample, options_));
    return absl::OkStatus();
  }

  absl::Status IdentifyMade(const IdentifyLibrary& all, const std::vector<std::int64_t>& range,
                            std::array<Outcome, kMade>& made) const {
    stats::CounterRng rng(options_.seed, 1);
    const auto any = [&] { return range[rng.Below(static_cast<std::uint32_t>(range.size()))]; };
    const std::int64_t constant = any();
    for (std::size_t kind = 0; kind < kMade; ++kind) {
      SampleSet sample = data_.SampleOf(Counts(data_.categories(), 0));
      ProbeSample& cell = sample.probes[data_.probe];
      for (std::size_t i = 0; i < kFewest; ++i) {
        const std::int64_t number = kind == kUniform    ? any()
                                    : kind == kConstant ? constant
                                                        : range[i % range.size()];
        ++cell.choices[std::to_string(number)];
      }
      sample.usable = cell.usable = static_cast<std::int64_t>(kFewest);
      PINCHBECK_ASSIGN_OR_RETURN(made[kind], NoneOfThese(all, sample, made_options_));
    }
    return absl::OkStatus();
  }

  static absl::StatusOr<Outcome> NoneOfThese(const IdentifyLibrary& library, const SampleSet& sample,
                                             const IdentifyOptions& options) {
    PINCHBECK_ASSIGN_OR_RETURN(const Identification result, pinchbeck::Identify(library, sample, options));
    return Outcome{result.verdict != IdentificationVerdict::kNotMeasurable,
                   result.verdict == IdentificationVerdict::kNoneOfThese, 0};
  }

  const ChoiceData& data_;
  std::vector<ChoiceSplit> splits_;
  std::vector<Fingerprint> fingerprints_;
  IdentifyOptions options_, made_options_;
};

// Whole numbers from the smallest to the largest that any model gave.
std::vector<std::int64_t> NumberRange(const ChoiceData& data) {
  std::int64_t low = 0, high = 0;
  bool found = false;
  for (const auto& number : data.numbers) {
    if (!number) continue;
    low = found ? std::min(low, *number) : *number;
    high = found ? std::max(high, *number) : *number;
    found = true;
  }
  // A model that once answers with a year must not stretch the range without bound.
  constexpr std::int64_t kLongest = 100000;
  std::vector<std::int64_t> range;
  for (std::int64_t n = low; found && n <= high && n - low < kLongest; ++n) range.push_back(n);
  return range;
}

Measurement Make(const std::string& contestant, const std::string& metric, std::size_t n,
                 const std::vector<PairCount>& counts, const std::vector<bool>& reporting) {
  Measurement measurement = PowerOf(counts, reporting);
  measurement.contestant = contestant;
  measurement.metric = metric;
  measurement.x = static_cast<double>(n);
  return measurement;
}

// Everything at one number of observed answers; models are what other rows call pairs.
void ReportSize(const std::vector<DrawResult>& results, std::size_t s, std::size_t n,
                const std::vector<bool>& reports, Row& row) {
  std::array<std::vector<PairCount>, kRankings> first;
  std::vector<PairCount> left_out, stored;
  std::vector<bool> reporting;
  double seconds = 0, verdicts = 0;
  for (std::size_t m = 0; m < reports.size(); ++m) {
    std::array<PairCount, kRankings> ranked;
    PairCount without, with;
    for (const DrawResult& result : results) {
      const Identified& one = result.models[s][m];
      if (!one.measured) continue;
      for (std::size_t r = 0; r < kRankings; ++r) ranked[r].Add({true, one.first[r], 0});
      without.Add(one.left_out);
      with.Add(one.stored);
      seconds += one.seconds;
      ++verdicts;
    }
    if (with.draws == 0) continue;
    for (std::size_t r = 0; r < kRankings; ++r) first[r].push_back(ranked[r]);
    left_out.push_back(without);
    stored.push_back(with);
    reporting.push_back(reports[m]);
  }
  for (std::size_t r = 0; r < kRankings; ++r) {
    row.measurements.push_back(Make(kRankingNames[r], "right model first, rate", n, first[r], reporting));
  }
  if (n <= kFewest) return;
  Measurement none = Make(kName, "model not stored: none_of_these, rate", n, left_out, reporting);
  SetFalseAlarms(stored, row.alpha, none);
  none.seconds_per_verdict = verdicts > 0 ? seconds / verdicts : 0;
  row.measurements.push_back(std::move(none));
  Measurement rejected = Make(kName, "model stored: none_of_these, rate", n, stored, reporting);
  rejected.higher_is_better = false;
  row.measurements.push_back(std::move(rejected));
}

}  // namespace

absl::StatusOr<Row> MeasureNumberIdentify(const RowContext& context) {
  PINCHBECK_ASSIGN_OR_RETURN(const auto recordings, LoadSource(context.data, kSource));
  PINCHBECK_ASSIGN_OR_RETURN(const ChoiceData data, MakeChoiceData(recordings));
  Row row;
  row.title = "Which stored model gave the random numbers, if any";
  row.source = kSource;
  row.x_name = "answers";
  const std::vector<std::int64_t> range = NumberRange(data);
  if (range.empty()) return absl::InvalidArgumentError(std::string(kSource) + ": no answer is a number");
  const std::vector<std::size_t> sizes =
      context.quick ? std::vector<std::size_t>{kFewest, 100} : std::vector<std::size_t>{kFewest, 100, 200};
  std::vector<DrawResult> results(static_cast<std::size_t>(context.Draws(200, 4)));
  pinchbeck::internal::ParallelFor(
      static_cast<std::int64_t>(results.size()), context.threads, [&](std::int64_t draw) {
        results[static_cast<std::size_t>(draw)] =
            Draw(data, context, row.alpha, static_cast<int>(draw)).Run(sizes, range);
      });
  for (const DrawResult& result : results) PINCHBECK_RETURN_IF_ERROR(result.status);
  const std::vector<bool> reports = Reporting(data, kSource, context.split);
  for (std::size_t s = 0; s < sizes.size(); ++s) ReportSize(results, s, sizes[s], reports, row);
  for (std::size_t kind = 0; kind < kMade; ++kind) {
    PairCount count;
    for (const DrawResult& result : results) count.Add(result.made[kind]);
    row.measurements.push_back(
        Make(kName, std::string(kMadeNames[kind]) + ": none_of_these, rate", kFewest, {count}, {}));
  }
  row.notes.emplace_back(
      "A library of 240 answers of each model; errors are over models. False alarms of none_of_these are "
      "answers of a stored model that it was given for.");
  return row;
}

}  // namespace pinchbeck::accuracy
