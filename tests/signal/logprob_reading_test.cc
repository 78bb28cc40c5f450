// What a sample keeps of recorded log-probabilities.
#include <gmock/gmock.h>

#include "tests/signal/logprob_samples.h"
#include "tests/signal/observations.h"

namespace pinchbeck {
namespace {

const ProbeSample& Probe(const SampleSet& sample) { return sample.probes.at("p"); }

TEST(LogprobReadingTest, ASampledTokenThatTheListLeavesOutIsPutBack) {
  // Some servers list the alternatives to the sampled token only.
  const TokenValues list = {{"b", -2.0}, {"c", -3.0}};
  const SampleSet likely = Build({ListAnswer("p", list, {"a", -0.2})});
  const FirstTokenLogprobs& item = Probe(likely).logprobs.at(0);
  ASSERT_EQ(item.entries.size(), 3u);
  EXPECT_EQ(Probe(likely).tokens.at(item.entries[0].first), "a");
  EXPECT_EQ(item.sampled, 0u);
  // Below the list it was not among the likeliest; whether it is reported depends on the draw.
  const SampleSet unlikely = Build({ListAnswer("p", list, {"d", -6.0})});
  EXPECT_EQ(Probe(unlikely).logprobs.at(0).entries.size(), 2u);
  EXPECT_EQ(Probe(unlikely).logprobs.at(0).sampled, 2u);
  const SampleSet inside = Build({ListAnswer("p", list, {"c", -3.0})});
  EXPECT_EQ(Probe(inside).logprobs.at(0).sampled, 1u);
}

TEST(LogprobReadingTest, ListsAreCountedAsSent) {
  const TokenValues good = {{"a", -0.5}, {"b", -1.5}, {"c", -2.5}, {"d", -3.5}};
  // One entry out of order: undecodable tokens share a spelling.
  const TokenValues stray = {{"a", -0.5}, {"x", -9.0}, {"b", -1.5}, {"c", -2.5}};
  const TokenValues shuffled = {{"d", -3.5}, {"a", -0.5}, {"c", -2.5}, {"b", -1.5}};
  const TokenValues rising = {{"d", -3.5}, {"c", -2.5}, {"b", -1.5}, {"a", -0.5}};
  const TokenValues large = {{"a", -0.4}, {"b", -0.5}, {"c", -2.5}};
  const struct {
    const char* name;
    TokenValues list;
    std::int64_t unsorted, above_one;
  } cases[] = {{"good", good, 0, 0},
               {"one stray", stray, 0, 0},
               {"shuffled", shuffled, 1, 0},
               {"rising", rising, 1, 0},
               {"above one", large, 0, 1}};
  for (const auto& item : cases) {
    const SampleSet sample = Build({ListAnswer("p", item.list, {"a", -0.5})});
    EXPECT_EQ(Probe(sample).logprob_lists.lists, 1) << item.name;
    EXPECT_EQ(Probe(sample).logprob_lists.unsorted, item.unsorted) << item.name;
    EXPECT_EQ(Probe(sample).logprob_lists.above_one, item.above_one) << item.name;
  }
  // A token outside the list adds to its sum; one that is listed does not count twice.
  const SampleSet outside = Build({ListAnswer("p", good, {"z", -0.6})});
  EXPECT_EQ(Probe(outside).logprob_lists.above_one, 1);
  EXPECT_EQ(Probe(Build({ListAnswer("p", good, {"a", -0.5})})).logprob_lists.above_one, 0);
}

TEST(LogprobReadingTest, LongerAnswersKeepTheirMeanAndAtTemperature0TheirPath) {
  const TokenValues tokens = {{"a", -1.0}, {"b", -2.0}, {"c", -6.0}};
  const SampleSet sampled = Build({SampledAnswer("p", tokens, 1.0)}),
                  greedy = Build({SampledAnswer("p", tokens, 0.0)});
  EXPECT_DOUBLE_EQ(Probe(sampled).logprobs.at(0).mean, -3.0);
  EXPECT_EQ(Probe(sampled).logprobs.at(0).mean_tokens, 3);
  EXPECT_TRUE(Probe(sampled).logprobs.at(0).path.empty());
  const auto& path = Probe(greedy).logprobs.at(0).path;
  ASSERT_EQ(path.size(), 3u);
  EXPECT_EQ(Probe(greedy).tokens.at(path[2].first), "c");
  EXPECT_DOUBLE_EQ(path[2].second, -6.0);
}

TEST(LogprobReadingTest, PathsEndAtAMissingValueAndAreBounded) {
  TokenValues tokens = {{"a", -1.0}, {"b", -9999.0}, {"c", -1.0}, {"d", -2.0}};
  const SampleSet sample = Build({SampledAnswer("p", tokens, 0.0)});
  EXPECT_EQ(Probe(sample).logprobs.at(0).path.size(), 1u);
  EXPECT_EQ(Probe(sample).logprobs.at(0).mean_tokens, 3);
  tokens.assign(500, {"a", -1.0});
  const SampleSet bounded = Build({SampledAnswer("p", tokens, 0.0)});
  EXPECT_EQ(Probe(bounded).logprobs.at(0).path.size(), kMaxPathTokens);
}

TEST(LogprobReadingTest, MergingNumbersSessionsAndTranslatesPaths) {
  const SampleSet left = Build({SampledAnswer("p", {{"a", -1}, {"b", -1}}, 0.0)}),
                  right = Build({SampledAnswer("p", {{"c", -1}, {"a", -2}}, 0.0)});
  const SampleSet both = MergeSamples({&left, &right}), all = MergeSamples({&both, &left});
  EXPECT_EQ(all.sessions, 3u);
  const auto& items = Probe(all).logprobs;
  ASSERT_EQ(items.size(), 3u);
  EXPECT_THAT((std::vector<std::uint32_t>{items[0].session, items[1].session, items[2].session}),
              ::testing::ElementsAre(0, 1, 2));
  EXPECT_EQ(Probe(all).tokens.at(items[1].path[0].first), "c");
  EXPECT_EQ(Probe(all).tokens.at(items[1].path[1].first), "a");
}

TEST(LogprobReadingTest, PrivateSamplesKeepNoLaterTokens) {
  SampleSet sample = Build({SampledAnswer("p", {{"first", -1}, {"secret", -1}}, 0.0)});
  RemoveReadableText(sample);
  EXPECT_TRUE(Probe(sample).logprobs.at(0).path.empty());
  EXPECT_THAT(Probe(sample).tokens, ::testing::ElementsAre("first"));
  EXPECT_EQ(Probe(sample).logprobs.at(0).mean_tokens, 2);
}

}  // namespace
}  // namespace pinchbeck
