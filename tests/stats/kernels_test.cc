#include "pinchbeck/stats/kernels.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/internal/simd.h"
#include "pinchbeck/stats/counter_rng.h"

namespace pinchbeck::stats {
namespace {

using Json = nlohmann::json;
using pinchbeck::internal::SimdPath;
using ::testing::HasSubstr;
using Views = std::vector<std::string_view>;
using IdViews = std::vector<std::span<const std::int32_t>>;

// A sum of a few hundred products in another order.
constexpr double kTolerance = 1e-12;
constexpr SimdPath kPaths[] = {SimdPath::kPortable, SimdPath::kAvx2, SimdPath::kAvx512};

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

// A text case of the golden file in both forms.
struct Texts {
  explicit Texts(const Json& rows) {
    for (const Json& row : rows) {
      ids.push_back(row.get<std::vector<std::int32_t>>());
      texts.emplace_back();
      for (const std::int32_t id : ids.back()) texts.back().push_back(static_cast<char>(id));
      // Ids may be large and negative; equality is what counts. Modulo 2^32, so that every id fits.
      for (std::int32_t& id : ids.back()) {
        id = static_cast<std::int32_t>(static_cast<std::uint32_t>(id) * 16'777'259u - 5u);
      }
    }
  }
  [[nodiscard]] Views views() const { return {texts.begin(), texts.end()}; }
  [[nodiscard]] IdViews id_views() const { return {ids.begin(), ids.end()}; }
  std::vector<std::string> texts;
  std::vector<std::vector<std::int32_t>> ids;
};

TEST(HammingGramTest, MatchesItsDefinitionOnEveryPath) {
  for (const Json& item : Golden()["texts"]) {
    const Texts texts(item["bytes"]);
    const Views views = texts.views();
    const IdViews ids = texts.id_views();
    const std::size_t limit = item["limit"];
    const Eigen::MatrixXd expected = ToMatrix(item["hamming"]);
    EXPECT_EQ(HammingGram(views, limit).value(), expected);
    EXPECT_EQ(HammingGram(ids, limit).value(), expected);
    for (const SimdPath path : kPaths) {
      if (!pinchbeck::internal::SupportsSimdPath(path)) continue;
      EXPECT_EQ(internal::HammingGramOn<std::uint8_t>(path, views, limit, "texts").value(), expected);
      EXPECT_EQ(internal::HammingGramOn<std::int32_t>(path, ids, limit, "ids").value(), expected);
    }
  }
}

// Many items, so that there are several blocks of rows, and lengths around every boundary.
TEST(HammingGramTest, PathsAgreeOnRandomTexts) {
  std::vector<std::string> texts(150);
  CounterRng rng(11, 0);
  for (std::string& text : texts) {
    text.resize(rng.Below(2100));
    for (char& c : text) c = static_cast<char>(rng.Below(3));
  }
  const Views views(texts.begin(), texts.end());
  for (const std::size_t limit : {std::size_t{1}, std::size_t{64}, std::size_t{1000}, std::size_t{5000}}) {
    const Eigen::MatrixXd portable =
        internal::HammingGramOn<std::uint8_t>(SimdPath::kPortable, views, limit, "texts").value();
    EXPECT_EQ(portable, portable.transpose());
    for (const SimdPath path : kPaths) {
      if (!pinchbeck::internal::SupportsSimdPath(path)) continue;
      EXPECT_EQ(internal::HammingGramOn<std::uint8_t>(path, views, limit, "texts").value(), portable);
    }
    for (std::size_t i = 0; i < texts.size(); i += 37) {
      for (std::size_t j = 0; j < texts.size(); j += 11) {
        int equal = 0;
        for (std::size_t p = 0; p < std::min({limit, texts[i].size(), texts[j].size()}); ++p) {
          equal += texts[i][p] == texts[j][p] ? 1 : 0;
        }
        EXPECT_EQ(portable(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)), equal);
      }
    }
  }
}

TEST(MistakesOfPublishedToolsTest, PaddingThatMatchesPaddingIsNoAgreement) {
  const std::string zeros(5, '\0');
  const Views texts = {"", "", "ab", "abcd", std::string_view(zeros)};
  const Eigen::MatrixXd gram = HammingGram(texts, 1000).value();
  EXPECT_EQ(gram(0, 1), 0) << "two empty texts agree nowhere";
  EXPECT_EQ(gram(0, 0), 0);
  EXPECT_EQ(gram(2, 3), 2) << "not 998: what is behind both ends agrees with nothing";
  EXPECT_EQ(gram(0, 4), 0) << "the end of a text is not a zero byte";
  EXPECT_EQ(gram(4, 4), 5);
  const std::vector<std::int32_t> short_ids = {7}, long_ids = {7, 0, 0};
  const IdViews ids = {short_ids, long_ids, {}};
  const Eigen::MatrixXd id_gram = HammingGram(ids, 8).value();
  EXPECT_EQ(id_gram(0, 1), 1);
  EXPECT_EQ(id_gram(0, 2), 0);
  EXPECT_EQ(id_gram(1, 1), 3);
}

TEST(SharedPrefixGramTest, MatchesItsDefinition) {
  for (const Json& item : Golden()["texts"]) {
    const Texts texts(item["bytes"]);
    const Eigen::MatrixXd expected = ToMatrix(item["shared_prefix"]);
    EXPECT_EQ(SharedPrefixGram(texts.views()).value(), expected);
    EXPECT_EQ(SharedPrefixGram(texts.id_views()).value(), expected);
  }
}

TEST(SpectrumGramTest, MatchesNumPy) {
  int compared = 0;
  for (const Json& item : Golden()["texts"]) {
    if (!item.contains("spectrum")) continue;
    ++compared;
    const Eigen::MatrixXd gram = SpectrumGram(Texts(item["bytes"]).views()).value();
    EXPECT_LT((gram - ToMatrix(item["spectrum"])).cwiseAbs().maxCoeff(), kTolerance);
    EXPECT_LT((gram.diagonal().array() - 1).abs().maxCoeff(), kTolerance);
  }
  EXPECT_GE(compared, 3);
}

TEST(SpectrumGramTest, CodePointsMatchNumPy) {
  const Json& item = Golden()["code_points"];
  std::vector<std::u32string> texts;
  for (const Json& codes : item["codes"]) {
    texts.emplace_back();
    for (const Json& code : codes) texts.back().push_back(static_cast<char32_t>(code.get<std::uint32_t>()));
  }
  const std::vector<std::u32string_view> views(texts.begin(), texts.end());
  const Eigen::MatrixXd gram = SpectrumGram(views).value();
  EXPECT_LT((gram - ToMatrix(item["spectrum"])).cwiseAbs().maxCoeff(), kTolerance);
}

TEST(SpectrumGramTest, CountsGiveTheSameAsTexts) {
  // Between boundary marks: "aab" has __a _aa aab ab_ b__, "ba" has __b _ba ba_ a__, and "aaaa" has __a _aa
  // a__, aaa twice, aa_.
  const std::vector<GramCount> aab = {{1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}},
                               ba = {{6, 1}, {7, 1}, {8, 1}, {9, 1}},
                               aaaa = {{1, 1}, {2, 1}, {9, 1}, {10, 2}, {11, 1}}, none;
  const std::vector<std::span<const GramCount>> counts = {aab, ba, aaaa, none};
  const Eigen::MatrixXd gram = SpectrumGram(counts).value();
  const Eigen::MatrixXd texts = SpectrumGram(Views{"aab", "ba", "aaaa"}).value();
  EXPECT_NEAR(gram(0, 2), 2 / std::sqrt(5.0 * 6.0), kTolerance);
  EXPECT_LT((gram.topLeftCorner(3, 3) - texts).cwiseAbs().maxCoeff(), kTolerance);
  EXPECT_NEAR(gram(2, 2), 1, kTolerance);
  EXPECT_EQ(gram(3, 0), 0);
  EXPECT_EQ(gram(3, 3), 0);
}

TEST(LinearGramTest, SparseVectorsAreDenseOnesWithZeros) {
  const std::vector<std::vector<SparseValue>> items = {{{3, 1}, {900'000, -2}}, {{3, 0.5}}, {}};
  Eigen::MatrixXd features(3, 2);
  features << 1, -2, 0.5, 0, 0, 0;
  EXPECT_EQ(LinearGram(items).value(), LinearGram(features).value());
}

TEST(LinearGramTest, IsTheInnerProduct) {
  Eigen::MatrixXd features(3, 2);
  features << 1, 2, -1, 0.5, 0, 3;
  Eigen::MatrixXd expected(3, 3);
  expected << 5, 0, 6, 0, 1.25, 1.5, 6, 1.5, 9;
  EXPECT_EQ(LinearGram(features).value(), expected);
}

TEST(KernelMisuseTest, IsRefused) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  Eigen::MatrixXd with_nan = Eigen::MatrixXd::Ones(3, 2), huge = Eigen::MatrixXd::Constant(2, 2, 1e200);
  with_nan(1, 0) = kNan;
  const std::u32string beyond = {U'a', static_cast<char32_t>(0x110000)};
  const std::vector<std::u32string_view> code_points = {beyond};
  const Views many(16'385), one = {"a"};
  using Counts = std::vector<GramCount>;
  using Sparse = std::vector<std::vector<SparseValue>>;
  const Counts unsorted = {{2, 1}, {1, 1}}, zero = {{2, 0}};
  using CountViews = std::vector<std::span<const GramCount>>;
  struct Case {
    absl::Status status;
    const char* message;
  };
  const Case cases[] = {
      {SpectrumGram(CountViews()).status(), "counts has 0 items"},
      {SpectrumGram(CountViews{unsorted}).status(), "counts[0][1] has a 3-gram out of order"},
      {SpectrumGram(CountViews{zero}).status(), "counts[0][0] has count 0"},
      {LinearGram(Sparse()).status(), "items has 0 items"},
      {LinearGram(Sparse{{{1, 1}, {1, 2}}}).status(), "items[0][1] has a feature out of order"},
      {LinearGram(Sparse{{{1, kNan}}}).status(), "items[0][0] is not finite"},
      {LinearGram(Sparse{{{1, 1e200}}}).status(), "overflow"},
      {HammingGram(Views(), 10).status(), "texts has 0 items"},
      {HammingGram(many, 10).status(), "texts has 16385 items"},
      {HammingGram(one, 0).status(), "length_limit is 0"},
      {HammingGram(IdViews(), 10).status(), "ids has 0 items"},
      {SharedPrefixGram(Views()).status(), "texts has 0 items"},
      {SharedPrefixGram(IdViews()).status(), "ids has 0 items"},
      {SpectrumGram(Views()).status(), "texts has 0 items"},
      {SpectrumGram(code_points).status(), "texts[0][1] is 1114112"},
      {LinearGram(Eigen::MatrixXd(0, 2)).status(), "features has 0 items"},
      {LinearGram(Eigen::MatrixXd(2, 0)).status(), "features has no column"},
      {LinearGram(with_nan).status(), "features(1, 0) is NaN"},
      {LinearGram(huge).status(), "overflow"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(c.status.code(), absl::StatusCode::kInvalidArgument) << c.message;
    EXPECT_THAT(std::string(c.status.message()), HasSubstr(c.message));
  }
}

}  // namespace
}  // namespace pinchbeck::stats
