#include "src/signal/model_index.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

#include "src/signal/smoothed_answers.h"
#include "tests/signal/observations.h"

namespace pinchbeck::internal {
namespace {

AnswerCounts Numbers(std::int64_t first, std::int64_t last, std::int64_t step = 1) {
  AnswerCounts counts;
  for (std::int64_t number = first; number <= last; number += step) counts[std::to_string(number)] = 1;
  return counts;
}

CountedAnswers Counted(const AnswerSpace& space, const AnswerCounts& counts) {
  CountedAnswers counted;
  for (const auto& [answer, count] : counts) counted.emplace_back(*space.Find(answer).id, count);
  return counted;
}

TEST(AnswerSpaceTest, GridCoversEveryNumberOfTheRangeOnce) {
  for (const auto& [low, high] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {1, 355}, {-20, 17}, {5, 9}, {0, 4503599627370495}}) {
    const AnswerCounts ends = {{std::to_string(low), 1}, {std::to_string(high), 1}};
    const AnswerSpace space({&ends}, true);
    double numbers = 0, endings = 0;
    for (int cell = 0; cell < space.grid_cells(); ++cell) {
      numbers += space.grid_size(cell);
      for (int digit = 0; digit < kLastDigits; ++digit) endings += space.ending(cell, digit);
    }
    const auto expected = static_cast<double>(high - low + 1);
    EXPECT_DOUBLE_EQ(numbers, expected) << low;
    EXPECT_DOUBLE_EQ(endings, expected) << low;
    EXPECT_EQ(space.Find(std::to_string(low)).grid, 0);
    EXPECT_EQ(space.Find(std::to_string(high)).grid, space.grid_cells() - 1);
  }
  const AnswerCounts negative = Numbers(-20, 17);
  const AnswerSpace space({&negative}, true);
  std::vector<double> in_cell(static_cast<std::size_t>(space.grid_cells()), 0);
  for (const auto& entry : negative) ++in_cell[static_cast<std::size_t>(space.Find(entry.first).grid)];
  for (int cell = 0; cell < space.grid_cells(); ++cell) {
    EXPECT_EQ(in_cell[static_cast<std::size_t>(cell)], space.grid_size(cell)) << cell;
  }
}

TEST(AnswerSpaceTest, WordsAndStrayNumbersAreTold) {
  const AnswerCounts words = {{"red", 5}, {"7", 2}, {"blue", 3}};
  const AnswerSpace colours({&words}, true);
  EXPECT_EQ(colours.grid_cells(), 0);
  EXPECT_FALSE(colours.Find("7").number);
  EXPECT_FALSE(colours.Find("green").id.has_value());
  EXPECT_DOUBLE_EQ(colours.uniform(), 1.0 / 4);

  AnswerCounts numbers = Numbers(1, 300);
  numbers["no"] = 3;
  numbers["1000000000"] = 1;
  const AnswerSpace space({&numbers}, true);
  EXPECT_TRUE(space.Find("150").number);
  EXPECT_FALSE(space.Find("no").number);
  EXPECT_FALSE(space.Find("99999999999999999999").number);
  // One absurd answer does not stretch the range.
  EXPECT_GT(space.uniform(), 1.0 / 310);
  EXPECT_EQ(space.Find("1000000000").grid, space.grid_cells() - 1);
}

TEST(SmoothedAnswersTest, ProbabilitiesAddUpToOne) {
  const AnswerCounts everything = Numbers(1, 355);
  for (const AnswerCounts& counts : {AnswerCounts{{"7", 30}, {"73", 60}, {"137", 100}, {"200", 1}},
                                     Numbers(100, 355, 3), Numbers(1, 355), AnswerCounts{{"42", 1}}}) {
    const AnswerSpace space({&everything, &counts}, true);
    const SmoothedAnswers smoothed = SmoothAnswers(space, Counted(space, counts), {});
    double sum = smoothed.own;
    for (int number = 1; number <= 355; ++number) {
      const double base = smoothed.Base(space, space.Find(std::to_string(number)), 0);
      EXPECT_GT(base, 0) << number;
      sum += base;
    }
    // One place is kept for an answer outside the range.
    EXPECT_NEAR(sum + smoothed.uniform * space.uniform(), 1, 1e-9) << counts.size();
  }
}

TEST(SmoothedAnswersTest, FewDistinctAnswersKeepTheirCountsAndManyTakeAShape) {
  const AnswerCounts everything = Numbers(1, 355);
  const AnswerSpace space({&everything}, true);
  const SmoothedAnswers peaked = SmoothAnswers(space, Counted(space, {{"7", 80}, {"73", 120}}), {});
  EXPECT_GT(peaked.own, 0.95);
  // Spread over 150 .. 250 without repeats: neighbours never seen are likelier than far ones.
  const SmoothedAnswers spread = SmoothAnswers(space, Counted(space, Numbers(150, 250, 2)), {});
  EXPECT_LT(spread.own, 0.1);
  EXPECT_GT(spread.Base(space, space.Find("201"), 0), 3 * spread.Base(space, space.Find("20"), 0));
  // Only even numbers: an odd neighbour is less likely than an even one.
  EXPECT_GT(spread.Base(space, space.Find("202"), 0), 1.5 * spread.Base(space, space.Find("201"), 0));
}

// The definition, without tables of columns.
double LogMarginal(const AnswerSpace& space, const AnswerCounts& reference, std::span<const double> library,
                   const AnswerCounts& observed) {
  const SmoothedAnswers smoothed = SmoothAnswers(space, Counted(space, reference), library);
  const double scale = smoothed.concentration();
  double n = 0, log_marginal = 0;
  for (const auto& [answer, count] : observed) {
    const AnswerSpace::Place place = space.Find(answer);
    const auto own = reference.find(answer);
    const double prior = (own == reference.end() ? 0.0 : static_cast<double>(own->second)) +
                         scale * smoothed.Base(space, place, place.id ? library[*place.id] : 0);
    const auto y = static_cast<double>(count);
    n += y;
    log_marginal += std::lgamma(prior + y) - std::lgamma(prior);
  }
  return log_marginal + std::lgamma(scale) - std::lgamma(scale + n);
}

TEST(CountIndexTest, AgreesWithItsDefinition) {
  const AnswerCounts a = Numbers(1, 300, 7), b = {{"1", 40}, {"8", 3}, {"77", 20}}, c = Numbers(40, 80);
  const AnswerCounts observed = {{"1", 2}, {"8", 1}, {"77", 40}, {"300", 1}, {"unseen", 2}, {"50", 3}};
  const std::vector<const AnswerCounts*> models = {&a, &b, &c};
  const AnswerSpace space(models, true);
  const Eigen::ArrayXd score = CountIndex({0, 1, 2}, models, true).Score(observed);
  for (std::size_t i = 0; i < models.size(); ++i) {
    std::vector<double> library(space.size(), 0);
    for (std::size_t j = 0; j < models.size(); ++j) {
      double total = 0;
      for (const auto& entry : *models[j]) total += static_cast<double>(entry.second);
      for (const auto& [answer, count] : *models[j]) {
        if (j != i) library[*space.Find(answer).id] += static_cast<double>(count) / total / 2;
      }
    }
    const double expected = LogMarginal(space, *models[i], library, observed);
    // Priors are kept in single precision.
    EXPECT_NEAR(score(static_cast<Eigen::Index>(i)), expected, 1e-5 * std::abs(expected)) << i;
  }
}

TEST(ModelIndexTest, TrueSourceRanksFirst) {
  const SampleSet a = Build(RandomChoices(4, 60, 0, 1)), b = Build(RandomChoices(4, 60, 2, 2));
  const ModelIndex index({&a, &b});
  const ModelScores scores = index.Score(Build(RandomChoices(4, 30, 2, 3)));
  EXPECT_GT(scores.log_marginal(1), scores.log_marginal(0) + 5);
  EXPECT_EQ(scores.scored_cells, 4);
  EXPECT_THAT(scores.cells, ::testing::ElementsAre(4, 4));
  EXPECT_EQ(index.Score(Build({ChoiceAnswer("elsewhere", "1")})).scored_cells, 0);
}

TEST(ModelIndexTest, ALackingCellNeitherFavoursNorRulesOut) {
  const SampleSet full = Build(RandomChoices(6, 60, 0, 1)), other = Build(RandomChoices(6, 60, 2, 2));
  SampleSet part = Build(RandomChoices(6, 60, 2, 4));
  part.probes.erase(std::next(part.probes.begin(), 2), part.probes.end());
  const ModelIndex index({&full, &other, &part});
  const ModelScores scores = index.Score(Build(RandomChoices(6, 30, 0, 3)));
  EXPECT_THAT(scores.cells, ::testing::ElementsAre(6, 6, 2));
  // The true model leads; the one with two cells is hurt by these two only.
  EXPECT_GT(scores.log_marginal(0), scores.log_marginal(2));
  EXPECT_GT(scores.log_marginal(2), scores.log_marginal(1));
  const ModelScores as_part = index.Score(Build(RandomChoices(6, 30, 2, 5)));
  EXPECT_GT(as_part.log_marginal(2), as_part.log_marginal(0));
}

TEST(ModelIndexTest, ConflictingConditionsAreNotShared) {
  const SampleSet stored = Build(RandomChoices(2, 60, 0, 1));
  SampleSet observed = Build(RandomChoices(2, 30, 0, 2));
  observed.probes.begin()->second.conditions.temperature = 0.2;
  const ModelIndex index({&stored});
  EXPECT_THAT(index.Score(observed).cells, ::testing::ElementsAre(1));
  EXPECT_THAT(index.Score(observed).conflicting, ::testing::ElementsAre(1));
  EXPECT_THAT(index.Score(observed, true).cells, ::testing::ElementsAre(2));
  observed.probes.begin()->second.conditions.temperature.reset();
  EXPECT_THAT(index.Score(observed).cells, ::testing::ElementsAre(2));
}

TEST(ModelIndexTest, LogprobsAndLengthsCount) {
  std::vector<Observation> near, far, observed;
  for (int i = 0; i < 10; ++i) {
    for (const char* probe : {"p", "q"}) {
      near.push_back(LogprobAnswer(probe, 0.05, 0.01 * i));
      far.push_back(LogprobAnswer(probe, 1.5, 0.01 * i));
      observed.push_back(LogprobAnswer(probe, 0, 0.01 * i));
    }
  }
  const SampleSet a = Build(near), b = Build(far), logprobs = Build(observed);
  const ModelScores scores = ModelIndex({&b, &a}).Score(logprobs);
  EXPECT_GT(scores.log_marginal(1), scores.log_marginal(0) + 2);

  const auto texts = [](std::int64_t tokens) {
    std::vector<Observation> answers;
    for (std::int64_t i = 0; i < 40; ++i) answers.push_back(TextAnswer("t", "some text", tokens + i % 9));
    return Build(answers);
  };
  const SampleSet brief = texts(20), wordy = texts(70);
  const ModelScores lengths = ModelIndex({&brief, &wordy}).Score(texts(71));
  EXPECT_GT(lengths.log_marginal(1), lengths.log_marginal(0) + 20);
}

TEST(ModelIndexTest, ATokenBelowTheSmallestReportedValueAgrees) {
  Observation low = LogprobAnswer("p", 0);
  low.logprobs[0].top.pop_back();
  const SampleSet stored = Build({low, low}),
                  observed = Build({LogprobAnswer("p", 0), LogprobAnswer("p", 0)});
  // The third token (-3) is below the smallest that the stored model reported (-2).
  EXPECT_DOUBLE_EQ(ModelIndex({&stored}).Score(observed).log_marginal(0), 0);
  const SampleSet shifted = Build({LogprobAnswer("p", -2.5), LogprobAnswer("p", -2.5)});
  EXPECT_LT(ModelIndex({&stored}).Score(shifted).log_marginal(0), -1);
}

}  // namespace
}  // namespace pinchbeck::internal
