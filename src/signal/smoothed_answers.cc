#include "src/signal/smoothed_answers.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace pinchbeck::internal {
namespace {

constexpr std::array<int, 4> kBandwidths = {2, 4, 8, 16};
constexpr int kIterations = 30;
// Pseudo-count of each component, which keeps every weight above zero.
constexpr double kWeightPrior = 0.05;
// The own answers never weigh less than this, so that the prior stays finite.
constexpr double kLeastOwn = 0.02;

// Triangle of half-width h around a grid cell, cut at the ends of the range and scaled so that it adds up to
// one.
struct Triangle {
  int begin = 0;
  std::vector<double> weights;
  double centre = 0;
};

Triangle TriangleAt(int cell, int half_width, int cells) {
  Triangle triangle;
  triangle.begin = std::max(0, cell - half_width + 1);
  const int end = std::min(cells, cell + half_width);
  double total = 0;
  for (int g = triangle.begin; g < end; ++g) {
    triangle.weights.push_back(half_width - std::abs(g - cell));
    total += triangle.weights.back();
  }
  for (double& weight : triangle.weights) weight /= total;
  triangle.centre = half_width / total;
  return triangle;
}

// One bandwidth: smoothed counts by grid cell, what a cell gives itself, and the scale of the digit version.
struct Kernel {
  Eigen::ArrayXd smoothed, self;
  double scale = 1;
};

struct Numbers {
  double count = 0;
  Eigen::ArrayXd by_cell;
  std::array<double, kLastDigits> by_digit{};
};

Numbers CountNumbers(const AnswerSpace& space, const CountedAnswers& counts) {
  Numbers numbers;
  numbers.by_cell = Eigen::ArrayXd::Zero(space.grid_cells());
  for (const auto& [id, count] : counts) {
    const AnswerSpace::Place& place = space.at(id);
    if (!place.number) continue;
    const auto answers = static_cast<double>(count);
    numbers.count += answers;
    numbers.by_cell(place.grid) += answers;
    numbers.by_digit[static_cast<std::size_t>(place.digit)] += answers;
  }
  return numbers;
}

// Relative frequency of a last digit, mean near one; one pseudo-answer a digit.
double DigitFactor(double with_digit, double all) {
  return (with_digit + 1) / (all + kLastDigits) * kLastDigits;
}

Kernel SmoothGrid(const AnswerSpace& space, const Numbers& numbers, int half_width) {
  const int cells = space.grid_cells();
  Kernel kernel{Eigen::ArrayXd::Zero(cells), Eigen::ArrayXd::Zero(cells), 0};
  for (int g = 0; g < cells; ++g) {
    const Triangle triangle = TriangleAt(g, half_width, cells);
    kernel.self(g) = triangle.centre;
    if (numbers.by_cell(g) == 0) continue;
    for (std::size_t i = 0; i < triangle.weights.size(); ++i) {
      kernel.smoothed(triangle.begin + static_cast<int>(i)) += triangle.weights[i] * numbers.by_cell(g);
    }
  }
  for (int g = 0; g < cells; ++g) {
    double mean_factor = 0;
    for (int digit = 0; digit < kLastDigits; ++digit) {
      mean_factor += DigitFactor(numbers.by_digit[static_cast<std::size_t>(digit)], numbers.count) *
                     space.ending(g, digit) / space.grid_size(g);
    }
    kernel.scale += kernel.smoothed(g) / numbers.count * mean_factor;
  }
  return kernel;
}

// Rows of predictions of each distinct answer from all other answers: own, library, uniform, then two of each
// kernel.
Eigen::MatrixXd LeaveOneOut(const AnswerSpace& space, const CountedAnswers& counts, double answers,
                            std::span<const double> library_shares, const Numbers& numbers,
                            const std::vector<Kernel>& kernels) {
  Eigen::MatrixXd rows = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(3 + 2 * kernels.size()),
                                               static_cast<Eigen::Index>(counts.size()));
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto [id, count] = counts[i];
    const auto column = static_cast<Eigen::Index>(i);
    if (answers > 1) rows(0, column) = static_cast<double>(count - 1) / (answers - 1);
    if (!library_shares.empty()) rows(1, column) = library_shares[id];
    rows(2, column) = space.uniform();
    const AnswerSpace::Place& place = space.at(id);
    if (!place.number || numbers.count < 2) continue;
    // Words take no part in the kernels: of all answers, this share are numbers.
    const double share = (numbers.count - 1) / (answers - 1);
    for (std::size_t h = 0; h < kernels.size(); ++h) {
      const auto row = static_cast<Eigen::Index>(3 + 2 * h);
      const double others = kernels[h].smoothed(place.grid) - kernels[h].self(place.grid);
      rows(row, column) = share * others / ((numbers.count - 1) * space.grid_size(place.grid));
      if (!space.digits()) continue;
      const double factor =
          DigitFactor(numbers.by_digit[static_cast<std::size_t>(place.digit)] - 1, numbers.count - 1);
      rows(row + 1, column) = rows(row, column) * factor / kernels[h].scale;
    }
  }
  return rows;
}

Eigen::VectorXd FitWeights(const Eigen::MatrixXd& rows, const CountedAnswers& counts, double answers) {
  const auto present = (rows.array() > 0).rowwise().any().eval();
  Eigen::VectorXd weights = present.cast<double>();
  weights /= weights.sum();
  Eigen::VectorXd answered(rows.cols());
  for (Eigen::Index i = 0; i < rows.cols(); ++i) {
    answered(i) = static_cast<double>(counts[static_cast<std::size_t>(i)].second);
  }
  const Eigen::VectorXd prior = kWeightPrior * present.cast<double>();
  const double total = answers + prior.sum();
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    // The uniform row is positive everywhere, so no prediction is zero.
    const Eigen::VectorXd ratio = answered.array() / (rows.transpose() * weights).array();
    weights = (weights.array() * (rows * ratio).array() + prior.array()) / total;
  }
  return weights;
}

}  // namespace

double SmoothedAnswers::Base(const AnswerSpace& space, const AnswerSpace::Place& place,
                             double library_share) const {
  double base = library * library_share + uniform * space.uniform();
  if (place.number) {
    base += plain(place.grid) + by_digit(place.grid) * digits[static_cast<std::size_t>(place.digit)];
  }
  return base;
}

SmoothedAnswers SmoothAnswers(const AnswerSpace& space, const CountedAnswers& counts,
                              std::span<const double> library_shares) {
  SmoothedAnswers smoothed;
  for (const auto& entry : counts) smoothed.answers += static_cast<double>(entry.second);
  const Numbers numbers = CountNumbers(space, counts);
  std::vector<Kernel> kernels;
  if (numbers.count >= 2) {
    for (const int half_width : kBandwidths) kernels.push_back(SmoothGrid(space, numbers, half_width));
  }
  const Eigen::VectorXd weights =
      FitWeights(LeaveOneOut(space, counts, smoothed.answers, library_shares, numbers, kernels), counts,
                 smoothed.answers);
  // The own counts get their floor from the other components in proportion.
  smoothed.own = std::max(weights(0), kLeastOwn);
  const double rest = (1 - smoothed.own) / (1 - weights(0));
  smoothed.library = rest * weights(1);
  smoothed.uniform = rest * weights(2);
  smoothed.plain = smoothed.by_digit = Eigen::ArrayXd::Zero(space.grid_cells());
  for (std::size_t h = 0; h < kernels.size(); ++h) {
    const auto row = static_cast<Eigen::Index>(3 + 2 * h);
    smoothed.plain += rest * weights(row) / smoothed.answers * kernels[h].smoothed;
    smoothed.by_digit +=
        rest * weights(row + 1) / (smoothed.answers * kernels[h].scale) * kernels[h].smoothed;
  }
  for (int g = 0; g < space.grid_cells(); ++g) {
    smoothed.plain(g) /= space.grid_size(g);
    smoothed.by_digit(g) /= space.grid_size(g);
  }
  for (int digit = 0; digit < kLastDigits; ++digit) {
    const auto i = static_cast<std::size_t>(digit);
    smoothed.digits[i] = DigitFactor(numbers.by_digit[i], numbers.count);
  }
  return smoothed;
}

}  // namespace pinchbeck::internal
