#include "src/signal/variant_mixture.h"

#include <gtest/gtest.h>

#include "tests/signal/length_samples.h"

namespace pinchbeck {
namespace {

constexpr double kWeights[] = {0.25, 0.75};

TEST(VariantMixtureTest, ReasoningAndInputTokensAreMixedLikeTheRest) {
  SampleSet little = ReasoningSample({Lengths(40, 10)}), much = ReasoningSample({Lengths(40, 500)});
  little.probes.at("p0").input_tokens = {{20, 40}};
  much.probes.at("p0").input_tokens = {{31, 40}};
  const SampleSet* variants[] = {&little, &much};
  const SampleSet mixed = internal::DrawVariantMixture(variants, kWeights, 1);
  const ProbeSample& probe = mixed.probes.at("p0");
  double of_much = 0;
  for (const OutputLength& length : probe.reasoning) of_much += length.length == 500 ? 1 : 0;
  // 40 of the second are three quarters of 53.
  EXPECT_NEAR(static_cast<double>(probe.reasoning.size()), 53, 1);
  EXPECT_NEAR(of_much / static_cast<double>(probe.reasoning.size()), 0.75, 0.02);
  const auto first = static_cast<double>(probe.input_tokens.at(20)),
             second = static_cast<double>(probe.input_tokens.at(31));
  EXPECT_NEAR(second / (first + second), 0.75, 0.02);
}

TEST(VariantMixtureTest, TimesKeepTheirOrder) {
  SampleSet a, b;
  for (int i = 0; i < 60; ++i) {
    a.probes["p"].latencies.emplace_back().first_token_s = 1 + i;
    b.probes["p"].latencies.emplace_back().first_token_s = 1000 + i;
  }
  const SampleSet* variants[] = {&a, &b};
  const auto latencies = internal::DrawVariantMixture(variants, kWeights, 1).probes.at("p").latencies;
  ASSERT_GT(latencies.size(), 70u);
  for (std::size_t i = 1; i < latencies.size(); ++i)
    EXPECT_LT(latencies[i - 1].first_token_s, latencies[i].first_token_s);
}

}  // namespace
}  // namespace pinchbeck
