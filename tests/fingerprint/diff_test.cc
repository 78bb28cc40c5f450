#include "pinchbeck/fingerprint/diff.h"

#include <gmock/gmock.h>

#include "tests/fingerprint/fingerprint_fixture.h"

namespace pinchbeck {
namespace {

using ::testing::ElementsAre;

TEST(DiffTest, CellsThatDifferAreToldFromThoseThatDoNot) {
  std::vector<Observation> b = RandomChoices(1, 200, 0, 7);
  for (Observation& observation : RandomChoices(2, 200, 2, 8)) {
    if (observation.probe == "p1") b.push_back(observation);
  }
  const auto diff = DiffFingerprints(Enrolled("a", RandomChoices(3, 200, 0, 1)), Enrolled("b", b));
  ASSERT_TRUE(diff.ok()) << diff.status();
  EXPECT_THAT(diff->shared_probes, ElementsAre("p0", "p1"));
  EXPECT_THAT(diff->only_in_a, ElementsAre("p2"));
  ASSERT_EQ(diff->cells.size(), 2u);
  const SignalEvidence &same = diff->cells[0].evidence, &other = diff->cells[1].evidence;
  EXPECT_EQ(diff->cells[1].probe, "p1");
  EXPECT_GT(*same.p_value, 0.01);
  EXPECT_LE(*other.p_value, 0.01);
  EXPECT_GT(*other.effect_low, 0.02);
  EXPECT_LT(*same.effect, *other.effect_low);
  ASSERT_EQ(diff->totals.size(), 1u);
  EXPECT_EQ(diff->totals[0].evidence.n_observed, 400);
}

TEST(DiffTest, ConditionsAndDisjointProbesAreReported) {
  std::vector<Observation> warm = RandomChoices(1, 20, 0, 1);
  for (Observation& observation : warm) observation.request.temperature = 0.3;
  const auto conditions = DiffFingerprints(ChoiceFingerprint("a", 0), Enrolled("b", warm));
  ASSERT_TRUE(conditions.ok());
  EXPECT_EQ(conditions->condition_differences.size(), 1u);
  const auto disjoint =
      DiffFingerprints(ChoiceFingerprint("a", 0), Enrolled("b", RandomChoices(1, 20, 0, 1, "q")));
  ASSERT_TRUE(disjoint.ok());
  EXPECT_TRUE(disjoint->shared_probes.empty());
  EXPECT_TRUE(disjoint->totals.empty());
  EXPECT_THAT(disjoint->only_in_b, ElementsAre("q0"));
  EXPECT_FALSE(
      DiffFingerprints(ChoiceFingerprint("a", 0), ChoiceFingerprint("b", 0), {.permutations = 9}).ok());
}

}  // namespace
}  // namespace pinchbeck
