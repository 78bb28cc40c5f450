#include "bench/accuracy/text_contestants.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "tests/signal/random_texts.h"

namespace pinchbeck::accuracy {
namespace {

// The first probes are tested, all others are known to the library.
constexpr int kProbes = 40;
constexpr std::size_t kTested = 15;

SampleSet Only(const SampleSet& sample, const std::set<std::string>& probes, bool inside) {
  SampleSet kept;
  for (const auto& [id, probe] : sample.probes) {
    if ((probes.count(id) > 0) == inside) kept.probes.emplace(id, probe);
  }
  return kept;
}

SampleSet Joined(SampleSet sample, const SampleSet& other) {
  for (const auto& [id, probe] : other.probes) sample.probes.emplace(id, probe);
  return sample;
}

TEST(TextLibraryTest, GivesThePValuesOfTheSignalForEveryDraw) {
  const SampleSet claimed = OneEach(0, kProbes, 0, 1), served = OneEach(0, kProbes, 1, 2);
  const std::vector<SampleSet> stored = {OneEach(0, kProbes, 1, 3), OneEach(0, kProbes, -1, 4)};
  std::set<std::string> tested;
  for (const auto& [id, probe] : claimed.probes) {
    if (tested.size() < kTested) tested.insert(id);
  }
  const std::vector<const SampleSet*> alternatives = {&stored[0], &stored[1]};
  const TextLibrary library(Only(claimed, tested, false), alternatives, tested);
  for (const std::size_t drawn : {std::size_t{3}, std::size_t{8}, kTested}) {
    std::set<std::string> probes;
    for (const std::string& id : tested) {
      if (probes.size() < drawn) probes.insert(id);
    }
    SignalOptions options;
    options.permutations = 199;
    options.seed = drawn;
    const SampleSet reference = Only(claimed, probes, true), observed = Only(served, probes, true);
    const auto shared = library.Compare(reference, observed, options);
    ASSERT_TRUE(shared.has_value());
    EXPECT_EQ(shared->without, EvaluateText(reference, observed, options).p_value);
    options.alternatives = alternatives;
    const SampleSet whole = Joined(reference, Only(claimed, tested, false));
    // The stored alternatives hold the tested probes too: the signal does not learn from those.
    EXPECT_EQ(shared->with_library, EvaluateText(whole, observed, options).p_value) << drawn;
  }
}

TEST(TextLibraryTest, NothingToCompareIsNoPValue) {
  const SampleSet claimed = OneEach(0, 10, 0, 1);
  EXPECT_FALSE(TextLibrary().Compare(claimed, SampleSet(), {}).has_value());
}

}  // namespace
}  // namespace pinchbeck::accuracy
