#include "src/signal/text_discriminant.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "pinchbeck/internal/parallel_for.h"

namespace pinchbeck::internal {
namespace {

// 3-gram buckets are folded to this many, so that the weights stay in the cache.
constexpr std::uint32_t kFolded = 1u << 16;
// Texts of each class that one discriminant is trained on, over all probes.
constexpr std::size_t kMaxTextsPerClass = 1000;
// The penalty: flat around this value on development data (docs/methods/text-discriminant.md).
constexpr double kPenalty = 2;
// Share of the style features in the squared length of the 3-grams.
constexpr double kStyleShare = 0.1;
constexpr std::size_t kFolds = 5;
constexpr std::size_t kMinTrainingCells = 2;

double Mass(const TextFeatures& text) {
  double mass = 0;
  for (const auto& [bucket, count] : text.trigrams) mass += count;
  return mass;
}

std::uint64_t ContentHash(const TextFeatures& text) {
  std::uint64_t hash = 14695981039346656037u;
  for (const auto& [bucket, count] : text.trigrams)
    hash = (hash ^ (std::uint64_t{bucket} << 32 | count)) * 1099511628211u;
  for (const double value : text.style) hash = (hash ^ std::bit_cast<std::uint64_t>(value)) * 1099511628211u;
  return hash;
}

// At most `count` of the texts, chosen by what they say: a choice by position would depend on which side a
// text came from.
Texts Limit(Texts texts, std::size_t count) {
  if (texts.size() <= count) return texts;
  std::vector<std::pair<std::uint64_t, const TextFeatures*>> hashed;
  for (const TextFeatures* text : texts) hashed.emplace_back(ContentHash(*text), text);
  std::stable_sort(hashed.begin(), hashed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  texts.clear();
  for (std::size_t i = 0; i < count; ++i) texts.push_back(hashed[i].second);
  return texts;
}

// Weights of 3-grams and of scaled style features.
struct Weights {
  explicit Weights(std::size_t columns) : trigrams(columns, 0.0) {}
  std::vector<double> trigrams;
  Eigen::VectorXd style = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(kStyleFeatures));

  [[nodiscard]] double SquaredNorm() const {
    double sum = style.squaredNorm();
    for (const double value : trigrams) sum += value * value;
    return sum;
  }
  // this = this * own + other * factor
  void Combine(double own, const Weights& other, double factor) {
    style = own * style + factor * other.style;
    for (std::size_t k = 0; k < trigrams.size(); ++k)
      trigrams[k] = own * trigrams[k] + factor * other.trigrams[k];
  }
};

// Centred rows of all training texts, kept sparse: the centre is subtracted after each product.
class TrainingRows {
 public:
  explicit TrainingRows(std::span<const TrainingCell> cells) {
    const std::size_t limit =
        std::max<std::size_t>(1, kMaxTextsPerClass / std::max<std::size_t>(1, cells.size()));
    offsets_.push_back(0);
    for (const TrainingCell& cell : cells) {
      const Texts claimed = Limit(cell.claimed, limit), alternative = Limit(cell.alternative, limit);
      if (claimed.empty() || alternative.empty()) continue;
      const auto n1 = static_cast<double>(claimed.size()), n2 = static_cast<double>(alternative.size());
      const double cell_weight = 2 * n1 * n2 / (n1 + n2);
      for (const TextFeatures* text : claimed) AddRow(*text, -1, cell_weight / n1, 0.5 / n1);
      for (const TextFeatures* text : alternative) AddRow(*text, 1, cell_weight / n2, 0.5 / n2);
      cell_ends_.push_back(row_weight_.size());
    }
    MakeStyle();
  }

  [[nodiscard]] std::size_t cells() const { return cell_ends_.size(); }
  // 3-gram columns are numbered by first appearance; the bucket of each, after folding.
  [[nodiscard]] const std::vector<std::uint32_t>& buckets() const { return buckets_; }
  // Mean squared length of a centred row; 0 where nothing varies.
  [[nodiscard]] double mean_square() const { return mean_square_; }
  [[nodiscard]] const Eigen::VectorXd& style_scale() const { return style_scale_; }

  // X' Omega X w + penalty w.
  [[nodiscard]] Weights NormalProduct(const Weights& w, double penalty) const {
    std::vector<double> rows = Forward(w);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] *= row_weight_[i];
    Weights result = Backward(std::move(rows));
    result.Combine(1, w, penalty);
    return result;
  }
  // X' Omega c.
  [[nodiscard]] Weights RightSide() const {
    std::vector<double> rows(row_weight_.size());
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = row_weight_[i] * label_[i];
    return Backward(std::move(rows));
  }

 private:
  void AddRow(const TextFeatures& text, double label, double weight, double share) {
    const double mass = Mass(text);
    for (const auto& [bucket, count] : text.trigrams) {
      std::uint32_t& column = column_of_[bucket % kFolded];
      if (column == kUnused) {
        column = static_cast<std::uint32_t>(buckets_.size());
        buckets_.push_back(bucket % kFolded);
      }
      columns_.push_back(column);
      values_.push_back(static_cast<float>(std::sqrt(count / mass)));
    }
    offsets_.push_back(columns_.size());
    label_.push_back(label);
    row_weight_.push_back(weight);
    centre_share_.push_back(share);
    texts_.push_back(&text);
  }

  // Calls visit(begin, end) for the rows of each cell.
  template <class Visit>
  void ForCells(Visit visit) const {
    std::size_t begin = 0;
    for (const std::size_t end : cell_ends_) {
      visit(begin, end);
      begin = end;
    }
  }

  // Centred style features, scaled to the same mean square each, together kStyleShare of the 3-grams'.
  void MakeStyle() {
    style_.resize(static_cast<Eigen::Index>(texts_.size()), static_cast<Eigen::Index>(kStyleFeatures));
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      for (std::size_t f = 0; f < kStyleFeatures; ++f)
        style_(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(f)) = texts_[i]->style[f];
    }
    const Eigen::Map<const Eigen::VectorXd> share(centre_share_.data(), style_.rows()),
        weight(row_weight_.data(), style_.rows());
    ForCells([&](std::size_t begin, std::size_t end) {
      const auto b = static_cast<Eigen::Index>(begin), n = static_cast<Eigen::Index>(end - begin);
      const Eigen::RowVectorXd centre = share.segment(b, n).transpose() * style_.middleRows(b, n);
      style_.middleRows(b, n).rowwise() -= centre;
    });
    const double total = weight.sum(), trigrams = total > 0 ? TrigramSquares() / total : 0;
    style_scale_ = Eigen::VectorXd::Zero(style_.cols());
    mean_square_ = trigrams;
    // Without any difference in 3-grams the style features alone set the scale.
    const double each = (trigrams > 0 ? kStyleShare * trigrams : 1) / static_cast<double>(kStyleFeatures);
    for (Eigen::Index f = 0; f < style_.cols(); ++f) {
      const double square = total > 0 ? style_.col(f).cwiseAbs2().dot(weight) / total : 0;
      if (!(square > 1e-18)) continue;
      style_scale_(f) = std::sqrt(each / square);
      mean_square_ += each;
    }
    style_ *= style_scale_.asDiagonal();
  }

  // Sum over rows of weight |f - centre|^2 of the 3-grams.
  [[nodiscard]] double TrigramSquares() const {
    std::vector<double> centre(buckets_.size(), 0.0);
    double sum = 0;
    ForCells([&](std::size_t begin, std::size_t end) {
      double weight = 0;
      for (std::size_t i = begin; i < end; ++i) {
        weight += row_weight_[i];
        for (std::size_t k = offsets_[i]; k < offsets_[i + 1]; ++k) {
          sum += row_weight_[i] * static_cast<double>(values_[k]) * static_cast<double>(values_[k]);
          centre[columns_[k]] += centre_share_[i] * static_cast<double>(values_[k]);
        }
      }
      double squares = 0;
      for (std::size_t k = offsets_[begin]; k < offsets_[end]; ++k) {
        squares += centre[columns_[k]] * centre[columns_[k]];
        centre[columns_[k]] = 0;
      }
      sum -= weight * squares;
    });
    // Rounding of values that all agree.
    return sum > 1e-6 * static_cast<double>(row_weight_.size()) ? sum : 0;
  }

  [[nodiscard]] std::vector<double> Forward(const Weights& w) const {
    std::vector<double> rows(row_weight_.size());
    const Eigen::VectorXd style = style_ * w.style;
    ForCells([&](std::size_t begin, std::size_t end) {
      double centre = 0;
      for (std::size_t i = begin; i < end; ++i) {
        double sum = 0;
        for (std::size_t k = offsets_[i]; k < offsets_[i + 1]; ++k)
          sum += static_cast<double>(values_[k]) * w.trigrams[columns_[k]];
        rows[i] = sum;
        centre += centre_share_[i] * sum;
      }
      for (std::size_t i = begin; i < end; ++i) rows[i] += style(static_cast<Eigen::Index>(i)) - centre;
    });
    return rows;
  }

  [[nodiscard]] Weights Backward(std::vector<double> rows) const {
    Weights result(buckets_.size());
    const Eigen::Map<const Eigen::VectorXd> style(rows.data(), static_cast<Eigen::Index>(rows.size()));
    result.style = style_.transpose() * style;
    ForCells([&](std::size_t begin, std::size_t end) {
      double total = 0;
      for (std::size_t i = begin; i < end; ++i) total += rows[i];
      for (std::size_t i = begin; i < end; ++i) {
        const double factor = rows[i] - centre_share_[i] * total;
        for (std::size_t k = offsets_[i]; k < offsets_[i + 1]; ++k)
          result.trigrams[columns_[k]] += factor * static_cast<double>(values_[k]);
      }
    });
    return result;
  }

  static constexpr std::uint32_t kUnused = std::numeric_limits<std::uint32_t>::max();

  std::vector<std::uint32_t> column_of_ = std::vector<std::uint32_t>(kFolded, kUnused), buckets_;
  std::vector<std::size_t> offsets_, cell_ends_;
  std::vector<std::uint32_t> columns_;
  std::vector<float> values_;
  // Share of each row in its cell's centre.
  std::vector<double> label_, row_weight_, centre_share_;
  std::vector<const TextFeatures*> texts_;
  Eigen::MatrixXd style_;
  Eigen::VectorXd style_scale_;
  double mean_square_ = 0;
};

// Conjugate gradients for (X' Omega X + penalty) w = X' Omega c.
Weights SolveRidge(const TrainingRows& rows, double penalty) {
  constexpr int kMaxIterations = 50;
  constexpr double kRelativeResidual = 1e-3;
  Weights w(rows.buckets().size()), residual = rows.RightSide(), direction = residual;
  double squares = residual.SquaredNorm();
  const double target = kRelativeResidual * kRelativeResidual * squares;
  for (int i = 0; i < kMaxIterations && squares > target; ++i) {
    const Weights product = rows.NormalProduct(direction, penalty);
    double curvature = product.style.dot(direction.style);
    for (std::size_t k = 0; k < product.trigrams.size(); ++k)
      curvature += product.trigrams[k] * direction.trigrams[k];
    const double step = squares / curvature;
    w.Combine(1, direction, step);
    residual.Combine(1, product, -step);
    const double next = residual.SquaredNorm();
    direction.Combine(next / squares, residual, 1);
    squares = next;
  }
  return w;
}

// Which discriminant scores a cell: all the same, or one a fold.
std::size_t FoldOf(std::size_t cell, std::size_t folds) { return cell % folds; }

}  // namespace

std::optional<TextDiscriminant> TextDiscriminant::Train(std::span<const TrainingCell> cells) {
  const TrainingRows rows(cells);
  if (rows.cells() < kMinTrainingCells || !(rows.mean_square() > 0)) return std::nullopt;
  const Weights weights = SolveRidge(rows, kPenalty * rows.mean_square());
  TextDiscriminant result;
  result.trigrams_.assign(kFolded, 0.0);
  for (std::size_t k = 0; k < weights.trigrams.size(); ++k)
    result.trigrams_[rows.buckets()[k]] = weights.trigrams[k];
  for (std::size_t f = 0; f < kStyleFeatures; ++f) {
    const auto i = static_cast<Eigen::Index>(f);
    result.style_[f] = weights.style(i) * rows.style_scale()(i);
  }
  return result;
}

double TextDiscriminant::Score(const TextFeatures& text) const {
  double sum = 0;
  for (const auto& [bucket, count] : text.trigrams) sum += std::sqrt(count) * trigrams_[bucket % kFolded];
  const double mass = Mass(text);
  double score = mass > 0 ? sum / std::sqrt(mass) : 0;
  for (std::size_t f = 0; f < kStyleFeatures; ++f) score += style_[f] * text.style[f];
  return score;
}

std::vector<TrainingCell> UntestedCells(const SampleSet& reference, const SampleSet& alternative,
                                        const std::set<std::string>& tested) {
  std::vector<TrainingCell> untested;
  for (const auto& [id, probe] : reference.probes) {
    const auto it = alternative.probes.find(id);
    if (tested.count(id) > 0 || it == alternative.probes.end()) continue;
    if (probe.texts.empty() || it->second.texts.empty()) continue;
    untested.push_back(
        {Spread(probe.texts, probe.texts.size()), Spread(it->second.texts, it->second.texts.size())});
  }
  return untested;
}

std::optional<Eigen::VectorXd> BoundedScores(std::span<const TextDiscriminant* const> discriminants,
                                             const std::vector<TextCell>& cells) {
  std::vector<double> scores;
  double squares = 0;
  for (std::size_t s = 0; s < cells.size(); ++s) {
    const std::size_t begin = scores.size();
    double mean = 0;
    for (const TextFeatures* item : cells[s].items) {
      scores.push_back(discriminants[FoldOf(s, discriminants.size())]->Score(*item));
      mean += scores.back() / static_cast<double>(cells[s].items.size());
    }
    for (std::size_t i = begin; i < scores.size(); ++i) {
      scores[i] -= mean;
      squares += scores[i] * scores[i];
    }
  }
  const double scale = std::sqrt(squares / static_cast<double>(scores.size()));
  if (!(scale > 0)) return std::nullopt;
  Eigen::VectorXd bounded(static_cast<Eigen::Index>(scores.size()));
  for (std::size_t i = 0; i < scores.size(); ++i)
    bounded(static_cast<Eigen::Index>(i)) = std::tanh(scores[i] / scale);
  return bounded;
}

std::optional<Eigen::VectorXd> DiscriminantScores(const SampleSet& reference, const SampleSet& alternative,
                                                  const std::vector<TextCell>& cells) {
  std::set<std::string> tested;
  for (const TextCell& cell : cells) tested.insert(cell.probe);
  const std::vector<TrainingCell> untested = UntestedCells(reference, alternative, tested);
  const std::size_t folds = untested.size() >= cells.size() ? 1 : std::min(kFolds, cells.size());
  std::vector<TextDiscriminant> discriminants;
  for (std::size_t fold = 0; fold < folds; ++fold) {
    std::vector<TrainingCell> training = untested;
    for (std::size_t s = 0; s < cells.size(); ++s) {
      if (folds == 1 || FoldOf(s, folds) == fold) continue;
      const auto it = alternative.probes.find(cells[s].probe);
      if (it == alternative.probes.end()) continue;
      training.push_back({cells[s].items, Spread(it->second.texts, it->second.texts.size())});
    }
    auto discriminant = TextDiscriminant::Train(training);
    if (!discriminant) return std::nullopt;
    discriminants.push_back(*std::move(discriminant));
  }
  std::vector<const TextDiscriminant*> each;
  for (const TextDiscriminant& discriminant : discriminants) each.push_back(&discriminant);
  return BoundedScores(each, cells);
}

Eigen::MatrixXd AllDiscriminantScores(const SampleSet& reference,
                                      const std::vector<const SampleSet*>& alternatives,
                                      const std::vector<TextCell>& cells, int threads) {
  std::vector<std::optional<Eigen::VectorXd>> found(alternatives.size());
  ParallelFor(static_cast<std::int64_t>(alternatives.size()), threads, [&](std::int64_t i) {
    const auto index = static_cast<std::size_t>(i);
    found[index] = DiscriminantScores(reference, *alternatives[index], cells);
  });
  Eigen::Index items = 0;
  for (const TextCell& cell : cells) items += static_cast<Eigen::Index>(cell.items.size());
  Eigen::MatrixXd scores(items, std::count_if(found.begin(), found.end(),
                                              [](const auto& column) { return column.has_value(); }));
  Eigen::Index column = 0;
  for (const auto& values : found) {
    if (values) scores.col(column++) = *values;
  }
  return scores;
}

}  // namespace pinchbeck::internal
