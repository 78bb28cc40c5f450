#include "pinchbeck/stats/mmd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

// Sums of at most a few hundred kernel values in another order.
constexpr double kTolerance = 1e-12;

const Json& Golden() {
  static const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/kernel.json"));
  return golden;
}

Eigen::MatrixXd ToMatrix(const Json& rows) {
  Eigen::MatrixXd matrix(rows.size(), rows[0].size());
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    for (Eigen::Index j = 0; j < matrix.cols(); ++j) {
      matrix(i, j) = rows[static_cast<std::size_t>(i)][static_cast<std::size_t>(j)];
    }
  }
  return matrix;
}

// exp(-(x - y)^2) of numbers, the last `shifted` of them moved.
Eigen::MatrixXd GaussianGram(Eigen::Index n, Eigen::Index shifted, double shift) {
  CounterRng rng(31, static_cast<std::uint64_t>(n));
  Eigen::VectorXd x(n);
  for (Eigen::Index i = 0; i < n; ++i) x(i) = rng.Uniform() + (i >= n - shifted ? shift : 0);
  Eigen::MatrixXd gram(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) gram(i, j) = std::exp(-(x(i) - x(j)) * (x(i) - x(j)));
  }
  return gram;
}

TEST(MmdTest, MatchesEnumerationInNumPy) {
  ASSERT_GE(Golden()["mmd"].size(), 6u);
  for (const Json& item : Golden()["mmd"]) {
    std::vector<Eigen::MatrixXd> grams;
    for (const Json& gram : item["grams"]) grams.push_back(ToMatrix(gram));
    std::vector<GramStratum> strata;
    Stratum all;
    for (std::size_t s = 0; s < grams.size(); ++s) {
      const Stratum sizes{item["sizes"][s][0], item["sizes"][s][1]};
      strata.push_back({grams[s], sizes, item["weights"][s]});
      all.n_reference += sizes.n_reference;
      all.n_observed += sizes.n_observed;
    }
    const auto result = Mmd(strata, {.permutation = {.permutations = 2000}});
    ASSERT_TRUE(result.ok()) << result.status();
    const double expected = item["statistic"];
    EXPECT_NEAR(result->statistic, expected, kTolerance * (1 + std::abs(expected)));
    EXPECT_EQ(result->effect, result->statistic);
    EXPECT_NEAR(result->p_value, item["p_value"].get<double>(), 1e-12);
    EXPECT_EQ(result->calibration, Calibration::kExact);
    EXPECT_EQ(result->method, "MMD, all relabelings");
    EXPECT_EQ(result->n_reference, all.n_reference);
    EXPECT_EQ(result->n_observed, all.n_observed);
  }
}

TEST(MmdTest, RandomRelabelingsFindAShiftForEveryThreadCount) {
  const Eigen::MatrixXd gram = GaussianGram(60, 25, 0.6);
  const Stratum sizes{35, 25};
  const auto one = Mmd(gram, sizes, {.permutation = {.permutations = 999}});
  const auto two = Mmd(gram, sizes, {.permutation = {.permutations = 999, .threads = 2}});
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->p_value, 0.001) << "never 0";
  EXPECT_GT(one->effect, 0.05);
  EXPECT_EQ(one->calibration, Calibration::kPermutation);
  EXPECT_EQ(one->method, "MMD, random relabelings");
  EXPECT_EQ(one->p_value, two->p_value);
  EXPECT_EQ(one->statistic, two->statistic);
}

// Rounding of sums of equal values must not look like evidence: 0.1 has no exact double.
TEST(MmdTest, EqualKernelValuesGiveOne) {
  for (const double value : {0.0, 0.1, 1.0, 1e-300, 1e280}) {
    for (const Stratum& sizes :
         {Stratum{2, 2}, Stratum{1, 1}, Stratum{1, 9}, Stratum{9, 1}, Stratum{30, 41}}) {
      const Eigen::MatrixXd gram = Eigen::MatrixXd::Constant(sizes.size(), sizes.size(), value);
      const auto result = Mmd(gram, sizes, {.permutation = {.permutations = 199}});
      ASSERT_TRUE(result.ok()) << result.status();
      EXPECT_EQ(result->p_value, 1);
      const double terms = (sizes.n_reference > 1 ? 1 : 0) + (sizes.n_observed > 1 ? 1 : 0) - 2;
      EXPECT_EQ(result->statistic, terms * value);
    }
  }
}

TEST(MmdTest, WeightsHaveNoUnit) {
  const Eigen::MatrixXd a = GaussianGram(8, 4, 1), b = GaussianGram(6, 3, 0);
  const auto with_unit = [&](double unit) {
    const std::vector<GramStratum> strata = {{a, {4, 4}, unit}, {b, {3, 3}, 3 * unit}};
    return Mmd(strata, {.permutation = {.permutations = 2000}}).value();
  };
  EXPECT_NEAR(with_unit(1).statistic, with_unit(1e307).statistic, 1e-15);
  EXPECT_EQ(with_unit(1).p_value, with_unit(1e-300).p_value);
}

TEST(MmdTest, TheDiagonalTakesNoPart) {
  Eigen::MatrixXd gram(12, 12);
  for (Eigen::Index i = 0; i < 12; ++i) {
    for (Eigen::Index j = 0; j < 12; ++j) gram(i, j) = 0.3 + 0.05 * static_cast<double>((i * j + i + j) % 11);
  }
  for (Eigen::Index i = 0; i < 6; ++i) gram.block(0, 6, 6, 6).row(i).array() -= 0.2;
  gram.bottomLeftCorner(6, 6) = gram.topRightCorner(6, 6).transpose();
  gram.diagonal().setZero();
  const auto plain = Mmd(gram, {6, 6});
  ASSERT_TRUE(plain.ok()) << plain.status();
  gram.diagonal().setConstant(1e20);
  const auto huge = Mmd(gram, {6, 6});
  ASSERT_TRUE(huge.ok()) << huge.status();
  EXPECT_EQ(huge->statistic, plain->statistic);
  EXPECT_EQ(huge->p_value, plain->p_value);
}

TEST(MmdTest, MisuseIsRefused) {
  const Eigen::MatrixXd good = GaussianGram(5, 2, 0), oblong = Eigen::MatrixXd::Ones(5, 4);
  Eigen::MatrixXd with_nan = good;
  with_nan(4, 1) = std::numeric_limits<double>::quiet_NaN();
  Eigen::MatrixXd asymmetric = good;
  asymmetric(4, 1) += 0.1;
  const auto status = [](const Eigen::MatrixXd& gram, const Stratum& sizes, double weight = 1,
                         std::int64_t permutations = 99) {
    const std::vector<GramStratum> strata = {{gram, sizes, weight}};
    return Mmd(strata, {.permutation = {.permutations = permutations}}).status();
  };
  struct Case {
    absl::Status status;
    const char* message;
  };
  const Case cases[] = {
      {Mmd(std::span<const GramStratum>()).status(), "no stratum"},
      {status(good, {3, 3}), "strata[0].gram is 5 x 5, but the stratum has 6 items"},
      {status(oblong, {3, 2}), "strata[0].gram is 5 x 4, but the stratum has 5 items"},
      {status(good, {0, 5}), "stratum 0 has 0 items"},
      {status(good, {5, 0}), "stratum 0 has 0 items"},
      {status(good, {std::numeric_limits<std::int64_t>::max(), 5}), "stratum 0 has 9223372036854775807"},
      {status(with_nan, {3, 2}), "strata[0].gram(4, 1) is nan"},
      {status(asymmetric, {3, 2}), "strata[0].gram(4, 1)"},
      {status(good, {3, 2}, 0), "strata[0].weight is 0"},
      {status(good, {3, 2}, std::numeric_limits<double>::infinity()), "strata[0].weight is inf"},
      {status(good, {3, 2}, 1, 0), "permutations is 0"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(c.status.code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(std::string(c.status.message()), HasSubstr(c.message));
  }
}

TEST(PairedKernelTest, MatchesEnumerationInNumPy) {
  ASSERT_GE(Golden()["paired"].size(), 5u);
  for (const Json& item : Golden()["paired"]) {
    const Eigen::MatrixXd gram = ToMatrix(item["gram"]);
    const double k = static_cast<double>(gram.rows()) / 2, expected = item["statistic"];
    const auto result = PairedKernelTest(gram, {.permutation = {.permutations = 511}});
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_NEAR(result->statistic, expected, kTolerance * k * k);
    EXPECT_NEAR(result->effect, k > 1 ? expected / (k * (k - 1)) : 0, kTolerance);
    EXPECT_NEAR(result->p_value, item["p_value"].get<double>(), 1e-12);
    EXPECT_EQ(result->calibration, Calibration::kExact);
    EXPECT_EQ(result->n_reference, gram.rows() / 2);
    EXPECT_EQ(result->n_observed, gram.rows() / 2);
  }
}

// 2^9 sign vectors are enumerated from 511 relabelings on.
TEST(PairedKernelTest, EnumeratesWhenSignVectorsAreFew) {
  const Eigen::MatrixXd gram = GaussianGram(18, 9, 1);
  const auto exact = PairedKernelTest(gram, {.permutation = {.permutations = 511}}),
             random = PairedKernelTest(gram, {.permutation = {.permutations = 510}});
  EXPECT_EQ(exact->calibration, Calibration::kExact);
  EXPECT_EQ(random->calibration, Calibration::kPermutation);
  EXPECT_EQ(exact->p_value, 2.0 / 512) << "no swap, and all pairs swapped";
  EXPECT_EQ(exact->statistic, random->statistic);
}

TEST(PairedKernelTest, FindsAShiftForEveryThreadCount) {
  const Eigen::MatrixXd gram = GaussianGram(80, 40, 0.5);
  const auto one = PairedKernelTest(gram, {.permutation = {.permutations = 9999}});
  const auto two = PairedKernelTest(gram, {.permutation = {.permutations = 9999, .threads = 2}});
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(one->p_value, 0.0001) << "never 0";
  EXPECT_EQ(one->p_value, two->p_value);
  EXPECT_GT(one->effect, 0);
}

TEST(PairedKernelTest, EqualKernelValuesAndOnePairGiveOne) {
  for (const double value : {0.0, 0.1, 1e280}) {
    for (const Eigen::Index k : {1, 2, 30}) {
      const auto result = PairedKernelTest(Eigen::MatrixXd::Constant(2 * k, 2 * k, value),
                                           {.permutation = {.permutations = 199}});
      ASSERT_TRUE(result.ok());
      EXPECT_EQ(result->statistic, 0);
      EXPECT_EQ(result->effect, 0);
      EXPECT_EQ(result->p_value, 1);
    }
  }
}

TEST(PairedKernelTest, MisuseIsRefused) {
  Eigen::MatrixXd with_nan = GaussianGram(4, 2, 0);
  with_nan(3, 1) = std::numeric_limits<double>::quiet_NaN();
  struct Case {
    Eigen::MatrixXd gram;
    std::int64_t permutations;
    const char* message;
  };
  const Case cases[] = {
      {Eigen::MatrixXd(0, 0), 99, "gram is 0 x 0"},
      {GaussianGram(5, 2, 0), 99, "gram has 5 rows"},
      {Eigen::MatrixXd::Ones(4, 6), 99, "gram is 4 x 6"},
      {with_nan, 99, "gram(3, 1) is nan"},
      {Eigen::MatrixXd::Constant(4, 4, 1e290), 99, "above 2.5e289"},
      {GaussianGram(4, 2, 0), 0, "permutations is 0"},
  };
  for (const Case& c : cases) {
    const auto result = PairedKernelTest(c.gram, {.permutation = {.permutations = c.permutations}});
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(c.message));
  }
}

}  // namespace
}  // namespace pinchbeck::stats
