#include "src/signal/length_density.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <map>
#include <numeric>
#include <string>
#include <utility>

namespace pinchbeck::internal {
namespace {

constexpr std::array<double, 3> kWidths = {0.03, 0.1, 0.3};
// Exact repeats and one kernel for each width are a cell's own, then come shape and background.
constexpr Eigen::Index kOwn = 1 + static_cast<Eigen::Index>(kWidths.size());
constexpr Eigen::Index kShape = kOwn, kBackground = kOwn + 1, kComponents = kOwn + 2;
using Components = Eigen::Array<double, kComponents, 1>;

constexpr double kSqrtTwoPi = 2.5066282746310002;
// No density is below this: logarithms stay finite.
constexpr double kTiny = 1e-300;
// Cut answers that a cell is taken to have seen elsewhere.
constexpr double kCapPrior = 2;

struct Normal {
  double mean = 0, deviation = 1;
  [[nodiscard]] double Density(double x) const {
    const double z = (x - mean) / deviation;
    return std::exp(-0.5 * z * z) / (deviation * kSqrtTwoPi);
  }
};

// The distinct lengths of one cell with their numbers.
struct CellLengths {
  std::vector<double> values, logs, counts;
  double uncapped = 0, capped = 0;
  // What kernels stand on: the logarithms, or their bins where there are many.
  bool binned = false;
  std::vector<double> centres, weights;
};

// Cells with more distinct lengths than this use bins, much narrower than the narrowest kernel: the time
// stays linear in the number of lengths. Bins depend on the length alone.
constexpr std::size_t kMostCentres = 256;
constexpr double kBinWidth = 0.01;

double CentreOf(const CellLengths& cell, double log) {
  return cell.binned ? kBinWidth * std::round(log / kBinWidth) : log;
}

void SetCentres(CellLengths& cell) {
  cell.binned = cell.values.size() > kMostCentres;
  for (std::size_t k = 0; k < cell.logs.size(); ++k) {
    const double centre = CentreOf(cell, cell.logs[k]);
    if (!cell.centres.empty() && cell.centres.back() == centre) {
      cell.weights.back() += cell.counts[k];
      continue;
    }
    cell.centres.push_back(centre);
    cell.weights.push_back(cell.counts[k]);
  }
}

CellLengths Distinct(std::vector<double> lengths) {
  std::sort(lengths.begin(), lengths.end());
  CellLengths cell;
  for (const double length : lengths) {
    if (length == kCappedLength) {
      cell.capped += 1;
      continue;
    }
    cell.uncapped += 1;
    if (!cell.values.empty() && cell.values.back() == length) {
      cell.counts.back() += 1;
      continue;
    }
    cell.values.push_back(length);
    cell.logs.push_back(std::log1p(length));
    cell.counts.push_back(1);
  }
  SetCentres(cell);
  return cell;
}

CellLengths Distinct(const std::vector<OutputLength>& lengths) {
  std::vector<double> values;
  for (const OutputLength& length : lengths) values.push_back(length.capped ? kCappedLength : length.length);
  return Distinct(std::move(values));
}

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// What is fitted once for all cells.
struct LengthModel {
  // Weights where the cell has lengths of its own, and where it has none.
  Components with_own = Components::Zero(), without_own = Components::Zero();
  Normal background;
  double cap_share = 0;
};

// `leave_out`: 1 where the length itself is in `own` and must not predict itself, else 0.
Components At(double length, const CellLengths& own, double leave_out, const Normal& shape,
              const Normal& background) {
  Components result = Components::Zero();
  const double log = std::log1p(length), others = own.uncapped - leave_out;
  if (others > 0.5) {
    const auto found = std::lower_bound(own.values.begin(), own.values.end(), length);
    if (found != own.values.end() && *found == length)
      result(0) = (own.counts[static_cast<std::size_t>(found - own.values.begin())] - leave_out) / others;
    constexpr double kReach = 8 * kWidths.back();
    const double itself = CentreOf(own, log);
    const auto first = std::lower_bound(own.centres.begin(), own.centres.end(), log - kReach);
    for (auto k = static_cast<std::size_t>(first - own.centres.begin());
         k < own.centres.size() && own.centres[k] <= log + kReach; ++k) {
      const double count = own.weights[k] - (own.centres[k] == itself ? leave_out : 0);
      const double gap = log - own.centres[k];
      for (std::size_t h = 0; h < kWidths.size(); ++h) {
        const double z = gap / kWidths[h];
        if (std::abs(z) > 8) continue;
        result(1 + static_cast<Eigen::Index>(h)) += count * std::exp(-0.5 * z * z) / kWidths[h];
      }
    }
    result.segment(1, kOwn - 1) /= others * kSqrtTwoPi * (1 + length);
  }
  result(kShape) = shape.Density(log) / (1 + length);
  result(kBackground) = background.Density(log) / (1 + length);
  return result;
}

// Mixture weights of largest likelihood. Half a count for each component keeps all of them in play.
class WeightFit {
 public:
  void Add(const Components& densities, double count) {
    densities_.push_back(densities.max(kTiny));
    counts_.push_back(count);
  }
  [[nodiscard]] Components Weights(bool own) const {
    constexpr int kSteps = 60;
    constexpr double kPrior = 0.5;
    Components allowed = Components::Ones();
    if (!own) allowed.head(kOwn).setZero();
    Components weights = allowed / allowed.sum();
    for (int step = 0; step < kSteps; ++step) {
      Components next = kPrior * allowed;
      for (std::size_t i = 0; i < densities_.size(); ++i) {
        const Components part = weights * densities_[i];
        next += counts_[i] * part / part.sum();
      }
      weights = next / next.sum();
    }
    return weights;
  }

 private:
  std::vector<Components> densities_;
  std::vector<double> counts_;
};

// Fits weights and the share of cut answers to cells, each length predicted from the others.
void Fit(const std::vector<CellLengths>& cells, const std::vector<Normal>& shapes, LengthModel& model) {
  WeightFit with_own, without_own;
  double capped = 0, answers = 0;
  for (std::size_t s = 0; s < cells.size(); ++s) {
    const CellLengths& cell = cells[s];
    capped += cell.capped;
    answers += cell.capped + cell.uncapped;
    for (std::size_t k = 0; k < cell.values.size(); ++k) {
      const Components densities = At(cell.values[k], cell, 1, shapes[s], model.background);
      if (cell.uncapped > 1.5) with_own.Add(densities, cell.counts[k]);
      without_own.Add(densities, cell.counts[k]);
    }
  }
  model.cap_share = (capped + 0.5) / (answers + 1);
  model.with_own = with_own.Weights(true);
  model.without_own = without_own.Weights(false);
}

double LogAt(const LengthModel& model, double length, const CellLengths& own, double leave_out,
             const Normal& shape) {
  const bool cut = length == kCappedLength;
  const double capped = own.capped - (cut ? leave_out : 0);
  const double cap_share =
      (capped + kCapPrior * model.cap_share) / (own.capped + own.uncapped - leave_out + kCapPrior);
  if (cut) return std::log(cap_share);
  const Components& weights = own.uncapped - leave_out > 0.5 ? model.with_own : model.without_own;
  const double density = (weights * At(length, own, leave_out, shape, model.background)).sum();
  return std::log1p(-cap_share) + std::log(std::max(kTiny, density));
}

// Log-probabilities of a cell's items, each distinct length once.
Eigen::VectorXd LogsOfItems(const LengthCell& cell, const LengthModel& model, const CellLengths& own,
                            double leave_out, const Normal& shape) {
  std::map<double, double> by_length;
  Eigen::VectorXd logs(static_cast<Eigen::Index>(cell.lengths.size()));
  for (std::size_t i = 0; i < cell.lengths.size(); ++i) {
    const auto [it, added] = by_length.emplace(cell.lengths[i], 0);
    if (added) it->second = LogAt(model, cell.lengths[i], own, leave_out, shape);
    logs(static_cast<Eigen::Index>(i)) = it->second;
  }
  return logs;
}

// Wider than all that was seen, and never narrow.
Normal Background(const std::vector<double>& logs) {
  const double mean = Mean(logs);
  double squares = 0;
  for (const double log : logs) squares += (log - mean) * (log - mean);
  return {mean, 0.5 + 2 * std::sqrt(squares / static_cast<double>(logs.size()))};
}

std::vector<double> AllLogs(const std::vector<LengthCell>& cells) {
  std::vector<double> logs;
  for (const LengthCell& cell : cells) logs.insert(logs.end(), cell.logs.begin(), cell.logs.end());
  return logs;
}

// An alternative's log lengths as a linear function of the cells' centres.
struct Line {
  double centre = 0, level = 0, slope = 1, deviation = 0.5;
  [[nodiscard]] Normal At(double cell_centre) const {
    return {level + slope * (cell_centre - centre), deviation};
  }
};

Line FitLine(const std::vector<CellLengths>& cells, const std::vector<double>& centres) {
  Line line;
  double count = 0, centre = 0, level = 0, sxx = 0, sxy = 0;
  const auto each = [&](auto visit) {
    for (std::size_t s = 0; s < cells.size(); ++s) {
      for (std::size_t k = 0; k < cells[s].logs.size(); ++k)
        visit(centres[s], cells[s].logs[k], cells[s].counts[k]);
    }
  };
  each([&](double x, double y, double n) {
    count += n;
    centre += n * x;
    level += n * y;
  });
  if (count <= 0) return line;
  line.centre = centre / count;
  line.level = level / count;
  each([&](double x, double y, double n) {
    sxx += n * (x - line.centre) * (x - line.centre);
    sxy += n * (x - line.centre) * (y - line.level);
  });
  // Few cells say nothing about a slope.
  if (cells.size() >= 5 && sxx > 1e-6 * count) line.slope = std::clamp(sxy / sxx, 0.0, 2.0);
  double squares = 0;
  each([&](double x, double y, double n) {
    const double residual = y - line.At(x).mean;
    squares += n * residual * residual;
  });
  constexpr double kLeastLengths = 3, kLeastDeviation = 0.05;
  if (count >= kLeastLengths) line.deviation = std::max(kLeastDeviation, std::sqrt(squares / (count - 1)));
  return line;
}

}  // namespace

ItemLogs PooledLengthLogs(const std::vector<LengthCell>& cells) {
  std::vector<CellLengths> own;
  std::vector<Normal> shapes;
  double squares = 0, freedom = 0;
  for (const LengthCell& cell : cells) {
    own.push_back(Distinct(cell.lengths));
    const double centre = Mean(cell.logs);
    shapes.push_back({centre, 1});
    for (const double log : cell.logs) squares += (log - centre) * (log - centre);
    freedom += static_cast<double>(cell.logs.size() - 1);
  }
  constexpr double kLeastDeviation = 0.05;
  for (Normal& shape : shapes) shape.deviation = std::max(kLeastDeviation, std::sqrt(squares / freedom));
  LengthModel model;
  model.background = Background(AllLogs(cells));
  Fit(own, shapes, model);
  ItemLogs logs;
  for (std::size_t s = 0; s < cells.size(); ++s)
    logs.push_back(LogsOfItems(cells[s], model, own[s], 1, shapes[s]));
  return logs;
}

std::optional<ItemLogs> AlternativeLengthLogs(const SampleSet& reference, const SampleSet& alternative,
                                              const std::vector<LengthCell>& cells) {
  std::map<std::string, double> centre_of;
  for (const LengthCell& cell : cells) centre_of[cell.probe] = Mean(cell.logs);
  std::vector<CellLengths> own;
  std::vector<double> centres, logs = AllLogs(cells);
  std::map<std::string, std::size_t> position;
  for (const auto& [id, probe] : alternative.probes) {
    if (probe.lengths.empty()) continue;
    auto centre = centre_of.find(id);
    if (centre == centre_of.end()) {
      const auto it = reference.probes.find(id);
      if (it == reference.probes.end() || it->second.lengths.empty()) continue;
      std::vector<double> values;
      for (const OutputLength& length : it->second.lengths)
        values.push_back(std::log1p(std::max(0.0, length.length)));
      centre = centre_of.emplace(id, Mean(values)).first;
    }
    position.emplace(id, own.size());
    own.push_back(Distinct(probe.lengths));
    centres.push_back(centre->second);
    logs.insert(logs.end(), own.back().logs.begin(), own.back().logs.end());
  }
  if (own.empty()) return std::nullopt;
  const Line line = FitLine(own, centres);
  std::vector<Normal> shapes;
  for (const double centre : centres) shapes.push_back(line.At(centre));
  LengthModel model;
  model.background = Background(logs);
  Fit(own, shapes, model);
  ItemLogs result;
  const CellLengths none;
  for (const LengthCell& cell : cells) {
    const auto it = position.find(cell.probe);
    const CellLengths& stored = it == position.end() ? none : own[it->second];
    result.push_back(LogsOfItems(cell, model, stored, 0, line.At(centre_of.at(cell.probe))));
  }
  return result;
}

}  // namespace pinchbeck::internal
