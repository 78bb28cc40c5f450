#include "src/signal/answer_space.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace pinchbeck::internal {
namespace {

constexpr std::int64_t kMostGridCells = 64;
// Answers are numbers if this share of them is: a refusal or a number in words now and then changes nothing.
constexpr double kNumberShare = 0.95;
// The range holds all but this share at each end...
constexpr double kTrimmed = 0.005;
// ... and is extended to the extremes where that adds at most this part of it.
constexpr double kExtension = 0.1;
// Beyond this, range arithmetic could overflow; longer numbers are taken for words.
constexpr std::int64_t kLargest = std::int64_t{1} << 52;

int LastDigit(std::int64_t number) {
  return static_cast<int>((number % kLastDigits + kLastDigits) % kLastDigits);
}

std::int64_t FloorDivide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Numbers of [low, high] that end in `digit` (as residues, for negative ones).
std::int64_t CountEnding(std::int64_t low, std::int64_t high, int digit) {
  return FloorDivide(high - digit, kLastDigits) - FloorDivide(low - 1 - digit, kLastDigits);
}

std::int64_t AnswersOf(const AnswerCounts& counts) {
  std::int64_t total = 0;
  for (const auto& entry : counts) total += entry.second;
  return total;
}

}  // namespace

std::optional<std::int64_t> WholeNumber(std::string_view answer) {
  std::int64_t value = 0;
  const char* end = answer.data() + answer.size();
  const auto parsed = std::from_chars(answer.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value > kLargest || value < -kLargest) {
    return std::nullopt;
  }
  return value;
}

AnswerSpace::AnswerSpace(const std::vector<const AnswerCounts*>& models, bool digits) : digits_(digits) {
  FitRange(models);
  std::size_t words = 0;
  for (const AnswerCounts* counts : models) {
    for (const auto& entry : *counts) {
      const auto id = static_cast<std::uint32_t>(places_.size());
      if (!ids_.emplace(entry.first, id).second) continue;
      places_.push_back(Locate(entry.first));
      places_.back().id = id;
      words += places_.back().number ? 0 : 1;
    }
  }
  const double numbers = grid_size_.empty() ? 0 : static_cast<double>(high_ - low_ + 1);
  uniform_ = 1 / (numbers + static_cast<double>(words) + 1);
}

void AnswerSpace::FitRange(const std::vector<const AnswerCounts*>& models) {
  std::vector<std::pair<std::int64_t, double>> numbers;
  double all = 0, whole = 0;
  for (const AnswerCounts* counts : models) {
    const auto total = static_cast<double>(AnswersOf(*counts));
    if (total <= 0) continue;
    all += 1;
    for (const auto& [answer, count] : *counts) {
      const auto number = WholeNumber(answer);
      if (!number) continue;
      numbers.emplace_back(*number, static_cast<double>(count) / total);
      whole += numbers.back().second;
    }
  }
  std::sort(numbers.begin(), numbers.end());
  if (numbers.empty() || whole < kNumberShare * all || numbers.front().first == numbers.back().first) return;
  double below = 0;
  low_ = numbers.front().first;
  high_ = numbers.back().first;
  std::int64_t low = low_, high = high_;
  bool found_low = false, found_high = false;
  for (const auto& [number, share] : numbers) {
    below += share;
    if (!found_low && below > kTrimmed * whole) {
      low = number;
      found_low = true;
    }
    if (!found_high && below >= (1 - kTrimmed) * whole) {
      high = number;
      found_high = true;
    }
  }
  const double allowed = kExtension * static_cast<double>(high - low + 1);
  if (static_cast<double>(low - low_) > allowed) low_ = low;
  if (static_cast<double>(high_ - high) > allowed) high_ = high;
  const std::int64_t range = high_ - low_ + 1, cells = std::min(kMostGridCells, range);
  for (std::int64_t cell = 0; cell < cells; ++cell) {
    // Split so that sizes differ by at most one and no product overflows.
    const std::int64_t whole_cells = range / cells, rest = range % cells;
    const std::int64_t begin = low_ + cell * whole_cells + std::min(cell, rest);
    const std::int64_t end = begin + whole_cells + (cell < rest ? 1 : 0);
    grid_size_.push_back(static_cast<double>(end - begin));
    std::array<double, kLastDigits> ending{};
    for (int digit = 0; digit < kLastDigits; ++digit) {
      ending[static_cast<std::size_t>(digit)] = static_cast<double>(CountEnding(begin, end - 1, digit));
    }
    endings_.push_back(ending);
  }
}

AnswerSpace::Place AnswerSpace::Locate(const std::string& answer) const {
  Place place;
  const auto number = grid_size_.empty() ? std::nullopt : WholeNumber(answer);
  if (!number) return place;
  place.number = true;
  place.digit = LastDigit(*number);
  // Numbers beyond the range go to its ends.
  const std::int64_t range = high_ - low_ + 1, cells = grid_cells();
  const std::int64_t offset = std::clamp(*number, low_, high_) - low_;
  const std::int64_t whole_cells = range / cells, rest = range % cells;
  const std::int64_t in_large = rest * (whole_cells + 1);
  place.grid = static_cast<int>(offset < in_large ? offset / (whole_cells + 1)
                                                  : rest + (offset - in_large) / whole_cells);
  return place;
}

AnswerSpace::Place AnswerSpace::Find(const std::string& answer) const {
  const auto found = ids_.find(answer);
  return found == ids_.end() ? Locate(answer) : places_[found->second];
}

}  // namespace pinchbeck::internal
