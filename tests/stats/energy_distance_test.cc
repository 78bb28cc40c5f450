#include "pinchbeck/stats/energy_distance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pinchbeck/stats/counter_rng.h"
#include "tests/stats/early_stopping.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;
using Values = std::vector<double>;

// Sums of a thousand terms in another order; SciPy takes a square root that is squared again.
constexpr double kTolerance = 1e-10;

const Json& Golden() {
  static const Json golden =
      Json::parse(std::ifstream(std::string(PINCHBECK_SOURCE_DIR) + "/tests/golden/rank.json"));
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

Values Uniform(std::size_t n, std::uint64_t seed) {
  CounterRng rng(seed, 0);
  Values values(n);
  for (double& value : values) value = rng.Uniform();
  return values;
}

TEST(EnergyDistanceTest, AgreesWithSciPy) {
  ASSERT_GE(Golden()["energy"].size(), 30u);
  for (const Json& item : Golden()["energy"]) {
    SCOPED_TRACE(item["name"].get<std::string>());
    const auto result = EnergyDistance(item["reference"].get<Values>(), item["observed"].get<Values>(),
                                       {.permutation = {.permutations = 999}});
    ASSERT_TRUE(result.ok()) << result.status();
    const double energy = item["energy"];
    EXPECT_NEAR(result->statistic, energy, kTolerance * energy);
    EXPECT_NEAR(result->effect, item["coefficient"].get<double>(), kTolerance);
    EXPECT_EQ(result->calibration == Calibration::kExact, item.contains("enumerated"));
    if (item.contains("enumerated")) {
      EXPECT_NEAR(result->p_value, item["enumerated"].get<double>(), 1e-12);
    }
  }
}

TEST(EnergyDistanceTest, EveryRelabelingAgreesWithItsDefinition) {
  const Values pooled = Uniform(37, 3);
  const Stratum stratum{21, 16};
  LabelMatrix labels = LabelMatrix::Zero(stratum.size(), 11);  // not a multiple of the lanes
  std::vector<std::uint32_t> scratch;
  for (Eigen::Index b = 0; b < labels.cols(); ++b) {
    CounterRng rng(4, static_cast<std::uint64_t>(b));
    internal::DrawLabels(stratum, rng, scratch, {labels.col(b).data(), pooled.size()});
  }
  Eigen::MatrixXd out = Eigen::MatrixXd::Constant(1, labels.cols(), 1.0);  // added to, not overwritten
  internal::SortedGaps(pooled).Accumulate(stratum, labels, out);
  for (Eigen::Index b = 0; b < labels.cols(); ++b) {
    double sum[3] = {0, 0, 0};
    for (Eigen::Index i = 0; i < labels.rows(); ++i) {
      for (Eigen::Index j = 0; j < labels.rows(); ++j) {
        sum[labels(i, b) + labels(j, b)] +=
            std::abs(pooled[static_cast<std::size_t>(i)] - pooled[static_cast<std::size_t>(j)]);
      }
    }
    EXPECT_NEAR(out(0, b), 1 + sum[1] / (21 * 16) - sum[0] / (21 * 21) - sum[2] / (16 * 16), 1e-13);
  }
}

TEST(EnergyDistanceTest, ShiftsScalesAndSwaps) {
  const Values x = Uniform(40, 1), y = Uniform(25, 2);
  Values moved_x, moved_y;
  for (const double v : x) moved_x.push_back(5 - 3 * v);
  for (const double v : y) moved_y.push_back(5 - 3 * v);
  const EnergyDistanceOptions options{.permutation = {.permutations = 499}};
  const auto plain = EnergyDistance(x, y, options), moved = EnergyDistance(moved_x, moved_y, options),
             swapped = EnergyDistance(y, x, options);
  ASSERT_TRUE(plain.ok() && moved.ok() && swapped.ok());
  EXPECT_NEAR(moved->statistic, 3 * plain->statistic, 1e-13);
  EXPECT_NEAR(moved->effect, plain->effect, 1e-13);
  EXPECT_EQ(moved->p_value, plain->p_value);
  EXPECT_NEAR(swapped->statistic, plain->statistic, 1e-14);
  EXPECT_NEAR(swapped->effect, plain->effect, 1e-14);
}

TEST(EnergyDistanceTest, EqualValuesGiveOneAndDisjointConstantsTheFullEffect) {
  const auto equal = EnergyDistance(Values{2, 2, 2}, Values{2, 2});
  ASSERT_TRUE(equal.ok());
  EXPECT_EQ(equal->statistic, 0);
  EXPECT_EQ(equal->p_value, 1);
  EXPECT_EQ(equal->effect, 0);
  const auto disjoint = EnergyDistance(Values{2, 2, 2}, Values{7, 7, 7});
  ASSERT_TRUE(disjoint.ok());
  EXPECT_NEAR(disjoint->statistic, 10, 1e-14);
  EXPECT_NEAR(disjoint->effect, 1, 1e-15);
  EXPECT_NEAR(disjoint->p_value, 0.1, 1e-15);
}

TEST(EnergyDistanceTest, OneSeedGivesOnePValueForEveryThreadCount) {
  const Values x = Uniform(30, 1), y = Uniform(30, 2);
  const auto one = EnergyDistance(x, y, {.permutation = {.permutations = 999, .threads = 1}});
  const auto three = EnergyDistance(x, y, {.permutation = {.permutations = 999, .threads = 3}});
  ASSERT_TRUE(one.ok() && three.ok());
  EXPECT_EQ(one->p_value, three->p_value);
}

TEST(EnergyDistanceTest, BadInput) {
  const Values good = {1, 2}, far = {-1.5e308, 1.5e308};
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  struct Case {
    Values reference, observed;
    std::int64_t permutations;
    const char* message;
  };
  const Case cases[] = {{{}, good, 99, "reference"},
                        {good, {}, 99, "observed"},
                        {{nan}, good, 99, "reference[0] is NaN"},
                        {good, {1, inf}, 99, "observed[1] is infinite"},
                        {good, far, 99, "overflows"},
                        {good, good, 0, "permutations"}};
  for (const Case& c : cases) {
    const auto result =
        EnergyDistance(c.reference, c.observed, {.permutation = {.permutations = c.permutations}});
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(c.message));
  }
}

TEST(MultivariateEnergyDistanceTest, AgreesWithItsDefinition) {
  ASSERT_GE(Golden()["multivariate_energy"].size(), 6u);
  for (const Json& item : Golden()["multivariate_energy"]) {
    const Eigen::MatrixXd x = ToMatrix(item["reference"]), y = ToMatrix(item["observed"]);
    const auto result = MultivariateEnergyDistance(x, y, {.permutation = {.permutations = 999}});
    ASSERT_TRUE(result.ok()) << result.status();
    const double energy = item["energy"];
    EXPECT_NEAR(result->statistic, energy, kTolerance * (1 + energy));
    EXPECT_NEAR(result->effect, item["coefficient"].get<double>(), kTolerance);
    if (item.contains("enumerated")) {
      EXPECT_EQ(result->calibration, Calibration::kExact);
      EXPECT_NEAR(result->p_value, item["enumerated"].get<double>(), 1e-12);
    }
  }
}

TEST(MultivariateEnergyDistanceTest, OneColumnIsTheOneDimensionalTest) {
  const Values x = Uniform(30, 5), y = Uniform(20, 6);
  const EnergyDistanceOptions options{.permutation = {.permutations = 499}};
  const auto one = EnergyDistance(x, y, options);
  const auto many = MultivariateEnergyDistance(Eigen::Map<const Eigen::VectorXd>(x.data(), 30),
                                               Eigen::Map<const Eigen::VectorXd>(y.data(), 20), options);
  ASSERT_TRUE(one.ok() && many.ok());
  EXPECT_NEAR(one->statistic, many->statistic, 1e-13);
  EXPECT_NEAR(one->effect, many->effect, 1e-13);
  EXPECT_EQ(one->p_value, many->p_value);
}

TEST(MultivariateEnergyDistanceTest, RotationsAndExtremeScalesKeepThePValue) {
  Eigen::MatrixXd x(12, 2), y(9, 2);
  CounterRng rng(8, 0);
  for (double& v : x.reshaped()) v = rng.Uniform();
  for (double& v : y.reshaped()) v = rng.Uniform() + 0.2;
  Eigen::Matrix2d rotation;
  rotation << 0.6, -0.8, 0.8, 0.6;
  const EnergyDistanceOptions options{.permutation = {.permutations = 499}};
  const auto plain = MultivariateEnergyDistance(x, y, options);
  ASSERT_TRUE(plain.ok());
  for (const double scale : {1.0, 1e-200, 1e200}) {
    const auto moved = MultivariateEnergyDistance(scale * (x * rotation), scale * (y * rotation), options);
    ASSERT_TRUE(moved.ok()) << moved.status();
    EXPECT_NEAR(moved->statistic / scale, plain->statistic, 1e-12);
    EXPECT_EQ(moved->p_value, plain->p_value);
  }
}

TEST(MultivariateEnergyDistanceTest, EqualPointsGiveOne) {
  const Eigen::MatrixXd x = Eigen::MatrixXd::Constant(3, 2, 0.1), y = Eigen::MatrixXd::Constant(4, 2, 0.1);
  const auto result = MultivariateEnergyDistance(x, y);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->statistic, 0);
  EXPECT_EQ(result->p_value, 1);
  EXPECT_EQ(result->effect, 0);
}

TEST(MultivariateEnergyDistanceTest, BadInput) {
  const Eigen::MatrixXd good = Eigen::MatrixXd::Random(3, 2), wide = Eigen::MatrixXd::Random(3, 3),
                        none(0, 2), flat(3, 0), tall = Eigen::MatrixXd::Zero(16'384, 2);
  Eigen::MatrixXd bad = good, far = good;
  bad(2, 1) = std::numeric_limits<double>::quiet_NaN();
  far(0, 0) = 1.5e308;
  far(1, 0) = -1.5e308;
  struct Case {
    const Eigen::MatrixXd& reference;
    const Eigen::MatrixXd& observed;
    std::int64_t permutations;
    const char* message;
  };
  const Case cases[] = {{none, good, 99, "reference is 0 x 2"},
                        {good, flat, 99, "observed is 3 x 0"},
                        {good, wide, 99, "columns"},
                        {bad, good, 99, "reference(2, 1) is NaN"},
                        {tall, good, 99, "subsample"},
                        {good, far, 99, "overflows"},
                        {good, good, 0, "permutations"}};
  for (const Case& c : cases) {
    const auto result = MultivariateEnergyDistance(c.reference, c.observed,
                                                   {.permutation = {.permutations = c.permutations}});
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(c.message));
  }
}

TEST(EnergyDistanceTest, StopsEarlyAtTheAskedNumberOfRelabelings) {
  const Values x = UniformSample(20, 1, 0), y = UniformSample(25, 2, 0), far = UniformSample(25, 2, 9);
  ExpectStopsEarly([&](bool different, const PermutationOptions& options) {
    return EnergyDistance(x, different ? far : y, {.permutation = options});
  });
}

TEST(MultivariateEnergyDistanceTest, StopsEarlyAtTheAskedNumberOfRelabelings) {
  const Values x = UniformSample(40, 1, 0), y = UniformSample(50, 2, 0), far = UniformSample(50, 2, 9);
  ExpectStopsEarly([&](bool different, const PermutationOptions& options) {
    return MultivariateEnergyDistance(Eigen::Map<const Eigen::MatrixXd>(x.data(), 20, 2),
                                      Eigen::Map<const Eigen::MatrixXd>((different ? far : y).data(), 25, 2),
                                      {.permutation = options});
  });
}

}  // namespace
}  // namespace pinchbeck::stats
