#include "bench/accuracy/choice_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "bench/accuracy/random.h"
#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::accuracy {
namespace {

// Numbers, or words among them, in the order of their texts as MakeChoiceData() leaves them.
ChoiceData MakeData(bool words) {
  ChoiceData data;
  data.probe = "p";
  std::vector<std::string> answers;
  for (int i = 0; i < 30; ++i) answers.push_back(std::to_string(7 * i));
  if (words) answers.emplace_back("no");
  std::sort(answers.begin(), answers.end());
  for (const std::string& answer : answers) {
    data.answers.push_back(answer);
    data.numbers.push_back(answer == "no" ? std::nullopt : std::optional<std::int64_t>(std::stoll(answer)));
  }
  return data;
}

// Answer k with weight 1 / (1 + (k + shift) mod n).
Counts Sample(const ChoiceData& data, std::size_t count, std::size_t shift, std::uint64_t seed) {
  std::vector<double> cumulative;
  double total = 0;
  for (std::size_t k = 0; k < data.categories(); ++k) {
    cumulative.push_back(total += 1 / (1 + static_cast<double>((k + shift) % data.categories())));
  }
  stats::CounterRng rng(seed, 0);
  Counts counts(data.categories(), 0);
  for (std::size_t i = 0; i < count; ++i) ++counts[DrawIndex(cumulative, rng)];
  return counts;
}

double SignalPValue(const ChoiceData& data, const Counts& reference, const Counts& observed,
                    const std::vector<Counts>& stored, std::uint64_t seed) {
  std::vector<SampleSet> samples;
  for (const Counts& counts : stored) samples.push_back(data.SampleOf(counts));
  SignalOptions options;
  options.permutations = 299;
  options.seed = seed;
  for (const SampleSet& sample : samples) options.alternatives.push_back(&sample);
  return EvaluateChoice(data.SampleOf(reference), data.SampleOf(observed), options).p_value.value_or(-1);
}

TEST(ChoiceTableTest, GivesTheSignalsPValueForEverySubsetOfTheLibrary) {
  for (const bool words : {false, true}) {
    const ChoiceData data = MakeData(words);
    for (const std::size_t n : {std::size_t{1}, std::size_t{12}, std::size_t{150}}) {
      const Counts reference = Sample(data, 80, 0, 1), observed = Sample(data, n, 1, 2 + n);
      const std::vector<Counts> stored = {Sample(data, 80, 1, 3), Sample(data, 60, 9, 4)};
      const std::vector<const Counts*> alternatives = {&stored[0], &stored[1]};
      const auto table = ChoiceTable::Make(data, reference, observed, alternatives, 299, 5 + n);
      ASSERT_TRUE(table.ok()) << table.status();
      const std::vector<std::size_t> both = {0, 1}, second = {1};
      EXPECT_EQ(table->PValue(both), SignalPValue(data, reference, observed, stored, 5 + n)) << n;
      EXPECT_EQ(table->PValue(second), SignalPValue(data, reference, observed, {stored[1]}, 5 + n)) << n;
      EXPECT_EQ(table->PValue({}), SignalPValue(data, reference, observed, {}, 5 + n)) << n;
    }
  }
}

TEST(ChoiceTableTest, OmnibusTestsRejectAnotherModelAndAcceptTheSame) {
  const ChoiceData data = MakeData(false);
  const Counts reference = Sample(data, 240, 0, 1);
  const auto other = ChoiceTable::Make(data, reference, Sample(data, 100, 5, 2), {}, 999, 7);
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_LE(other->JensenShannonPValue(), 0.001);
  EXPECT_LE(other->MmdPValue(), 0.001);
  const auto same = ChoiceTable::Make(data, reference, Sample(data, 100, 0, 2), {}, 999, 7);
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_GT(same->JensenShannonPValue(), 0.01);
  EXPECT_GT(same->MmdPValue(), 0.01);
}

}  // namespace
}  // namespace pinchbeck::accuracy
