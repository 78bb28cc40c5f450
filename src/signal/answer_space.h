// The answers that a set of models is known to give to one probe, and where whole numbers among them lie.
#ifndef PINCHBECK_SRC_SIGNAL_ANSWER_SPACE_H_
#define PINCHBECK_SRC_SIGNAL_ANSWER_SPACE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace pinchbeck::internal {

using AnswerCounts = std::map<std::string, std::int64_t>;

// The answer as a whole number, if it is nothing else.
[[nodiscard]] std::optional<std::int64_t> WholeNumber(std::string_view answer);

inline constexpr int kLastDigits = 10;

// Dictionary of answers. Where nearly all of them are whole numbers, their range is cut into at most 64 cells
// of equal width, so that neighbouring numbers can lend each other weight.
class AnswerSpace {
 public:
  // What is known about one answer. `number` is false for words, and for all answers of a cell of words.
  struct Place {
    std::optional<std::uint32_t> id;
    bool number = false;
    int grid = 0;
    int digit = 0;
  };

  // Each model counts alike, however many answers it has. `digits`: last digits may differ in weight.
  AnswerSpace(const std::vector<const AnswerCounts*>& models, bool digits);

  [[nodiscard]] Place Find(const std::string& answer) const;
  [[nodiscard]] const Place& at(std::uint32_t id) const { return places_[id]; }
  [[nodiscard]] std::size_t size() const { return places_.size(); }
  // Number of grid cells; 0 where answers are not numbers.
  [[nodiscard]] int grid_cells() const { return static_cast<int>(grid_size_.size()); }
  // Whole numbers in a grid cell, and how many of them end in a digit.
  [[nodiscard]] double grid_size(int cell) const { return grid_size_[static_cast<std::size_t>(cell)]; }
  [[nodiscard]] double ending(int cell, int digit) const {
    return endings_[static_cast<std::size_t>(cell)][static_cast<std::size_t>(digit)];
  }
  [[nodiscard]] bool digits() const { return digits_; }
  // Probability of each answer if all possible ones are equally likely: the numbers of the range, or the
  // known answers and one more.
  [[nodiscard]] double uniform() const { return uniform_; }

 private:
  void FitRange(const std::vector<const AnswerCounts*>& models);
  [[nodiscard]] Place Locate(const std::string& answer) const;

  std::unordered_map<std::string, std::uint32_t> ids_;
  std::vector<Place> places_;
  bool digits_ = false;
  std::int64_t low_ = 0, high_ = 0;
  std::vector<double> grid_size_;
  std::vector<std::array<double, kLastDigits>> endings_;
  double uniform_ = 0;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_SIGNAL_ANSWER_SPACE_H_
