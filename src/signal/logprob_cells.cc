#include "src/signal/logprob_cells.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace pinchbeck::internal {
namespace {

// Columns of a kind compared per probe; the most likely tokens carry the signal.
constexpr std::size_t kMaxTokens = 64;
constexpr std::size_t kEnoughCells = 8;

// An answer with the table that its token numbers refer to.
struct Item {
  const FirstTokenLogprobs* logprobs = nullptr;
  const std::vector<std::string>* tokens = nullptr;
  [[nodiscard]] const std::string& token(std::uint32_t number) const { return (*tokens)[number]; }
};
using Items = std::vector<Item>;

enum class Use { kListed, kPath, kSampled };

bool Fits(const FirstTokenLogprobs& item, Use use) {
  switch (use) {
    case Use::kListed:
      return item.has_alternatives;
    case Use::kPath:
      return !item.has_alternatives && item.path.size() >= 2;
    case Use::kSampled:
      return !item.has_alternatives && !item.entries.empty();
  }
  return false;
}

Items Select(const ProbeSample& sample, Use use) {
  Items items;
  for (const FirstTokenLogprobs& item : sample.logprobs) {
    if (Fits(item, use)) items.push_back({&item, &sample.tokens});
  }
  return items;
}

// The keys with the largest values, at most `count`; equal values by name, so that no side comes first.
std::vector<std::string> Largest(const std::map<std::string_view, double>& values, std::size_t count) {
  std::vector<std::pair<double, std::string_view>> order;
  for (const auto& [name, value] : values) order.emplace_back(-value, name);
  std::sort(order.begin(), order.end());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(count, order.size()); ++i) names.emplace_back(order[i].second);
  return names;
}

std::map<std::string_view, Eigen::Index> IndexOf(const std::vector<std::string>& names) {
  std::map<std::string_view, Eigen::Index> index;
  for (std::size_t i = 0; i < names.size(); ++i) index.emplace(names[i], static_cast<Eigen::Index>(i));
  return index;
}

// A server that reports fewer entries than the other is not thereby different.
std::size_t SharedDepth(const Items& items) {
  std::size_t depth = kMaxTopLogprobs;
  for (const Item& item : items) depth = std::min(depth, item.logprobs->entries.size());
  return depth;
}

void FillListed(const Items& items, LogprobCell& cell) {
  const std::size_t depth = cell.depth = SharedDepth(items);
  // By how much each token exceeds the smallest value of the answers that list it: the order of its mean.
  std::map<std::string_view, double> excess;
  for (const Item& item : items) {
    const auto& entries = item.logprobs->entries;
    for (std::size_t e = 0; e < depth; ++e)
      excess[item.token(entries[e].first)] += entries[e].second - entries[depth - 1].second;
  }
  cell.tokens = Largest(excess, kMaxTokens);
  const auto index = IndexOf(cell.tokens);
  cell.listed.resize(cell.stratum.size(), static_cast<Eigen::Index>(cell.tokens.size()));
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    const auto& entries = items[i].logprobs->entries;
    cell.listed.row(row).setConstant(entries[depth - 1].second);
    for (std::size_t e = 0; e < depth; ++e) {
      const auto found = index.find(items[i].token(entries[e].first));
      if (found != index.end()) cell.listed(row, found->second) = entries[e].second;
    }
  }
}

// At every position the token that most of the answers that came this far go on with; equal numbers by name.
// Ends where fewer than two answers agree.
std::vector<std::string> CommonPath(Items items) {
  std::vector<std::string> path;
  while (path.size() < kMaxPathTokens) {
    const std::size_t position = path.size();
    std::map<std::string_view, double> votes;
    for (const Item& item : items) {
      const auto& taken = item.logprobs->path;
      if (taken.size() > position) ++votes[item.token(taken[position].first)];
    }
    const std::vector<std::string> first = Largest(votes, 1);
    if (first.empty() || votes[first[0]] < 2) break;
    std::erase_if(items, [&](const Item& item) {
      const auto& taken = item.logprobs->path;
      return taken.size() <= position || item.token(taken[position].first) != first[0];
    });
    path.push_back(first[0]);
  }
  return path;
}

// Calls add(position, value) along the path from the first position on, up to and with the item's first
// divergence.
template <class Add>
void WalkPath(const std::vector<std::string>& path, const Item& item, Add add) {
  const auto& taken = item.logprobs->path;
  for (std::size_t t = 0; t < std::min(path.size(), taken.size()); ++t) {
    add(t, taken[t].second);
    if (item.token(taken[t].first) != path[t]) return;
  }
}

void ResizePartial(Eigen::Index columns, LogprobCell& cell) {
  cell.partial = cell.known = Eigen::MatrixXd::Zero(cell.stratum.size(), columns);
}

void FillPath(const Items& items, std::size_t first_position, LogprobCell& cell) {
  cell.path = CommonPath(items);
  cell.first_position = std::min(first_position, cell.path.size());
  ResizePartial(static_cast<Eigen::Index>(cell.path.size() - cell.first_position), cell);
  for (std::size_t i = 0; i < items.size(); ++i) {
    WalkPath(cell.path, items[i], [&](std::size_t position, double value) {
      if (position < cell.first_position) return;
      const auto row = static_cast<Eigen::Index>(i);
      const auto column = static_cast<Eigen::Index>(position - cell.first_position);
      cell.partial(row, column) = value;
      cell.known(row, column) = 1;
    });
  }
}

void FillSampled(const Items& items, LogprobCell& cell) {
  std::map<std::string_view, double> counts;
  for (const Item& item : items) ++counts[item.token(item.logprobs->entries[0].first)];
  cell.sampled_tokens = Largest(counts, kMaxTokens);
  const auto index = IndexOf(cell.sampled_tokens);
  ResizePartial(static_cast<Eigen::Index>(cell.sampled_tokens.size()), cell);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto& [number, value] = items[i].logprobs->entries[0];
    const auto found = index.find(items[i].token(number));
    if (found == index.end()) continue;
    cell.partial(static_cast<Eigen::Index>(i), found->second) = value;
    cell.known(static_cast<Eigen::Index>(i), found->second) = 1;
  }
}

std::optional<LogprobCell> MakeCell(const std::string& probe, const ProbeSample& reference,
                                    const ProbeSample& observed, Use use) {
  Items items = Select(reference, use);
  const Items other = Select(observed, use);
  if (items.empty() || other.empty()) return std::nullopt;
  LogprobCell cell;
  cell.probe = probe;
  cell.stratum = {static_cast<std::int64_t>(items.size()), static_cast<std::int64_t>(other.size())};
  cell.reference_left_out = static_cast<std::int64_t>(reference.logprobs.size() - items.size());
  cell.observed_left_out = static_cast<std::int64_t>(observed.logprobs.size() - other.size());
  if (use == Use::kListed) cell.reference_depth = SharedDepth(items);
  items.insert(items.end(), other.begin(), other.end());
  for (const Item& item : items) cell.sessions.push_back(item.logprobs->session);
  ResizePartial(0, cell);
  cell.listed.resize(cell.stratum.size(), 0);
  if (use == Use::kListed) FillListed(items, cell);
  // The first position is in the lists.
  if (use != Use::kSampled) FillPath(items, use == Use::kListed ? 1 : 0, cell);
  if (use == Use::kSampled) FillSampled(items, cell);
  if (cell.columns() == 0) return std::nullopt;
  return cell;
}

void AddCells(const SampleSet& reference, const SampleSet& observed, bool every_time,
              std::vector<LogprobCell>& cells) {
  for (const auto& entry : reference.probes) {
    // Plain names: a lambda below uses one of them.
    const std::string& id = entry.first;
    const ProbeSample& probe = entry.second;
    const auto it = observed.probes.find(id);
    if (it == observed.probes.end()) continue;
    std::optional<LogprobCell> cell;
    if (every_time) {
      cell = MakeCell(id, probe, it->second, Use::kListed);
      if (!cell) cell = MakeCell(id, probe, it->second, Use::kPath);
    } else if (std::none_of(cells.begin(), cells.end(), [&](const auto& c) { return c.probe == id; })) {
      cell = MakeCell(id, probe, it->second, Use::kSampled);
    }
    if (cell) cells.push_back(*std::move(cell));
  }
}

ColumnMeans Empty(Eigen::Index columns) {
  return {Eigen::RowVectorXd::Zero(columns), Eigen::RowVectorXd::Zero(columns)};
}

void Add(double value, Eigen::Index column, ColumnMeans& means) {
  means.sum(column) += value;
  ++means.count(column);
}

void AddListed(const std::map<std::string_view, Eigen::Index>& index, std::size_t depth, const Item& item,
               ColumnMeans& means) {
  const auto& entries = item.logprobs->entries;
  depth = std::min(depth, entries.size());
  Eigen::RowVectorXd values = Eigen::RowVectorXd::Constant(means.sum.size(), entries[depth - 1].second);
  for (std::size_t e = 0; e < depth; ++e) {
    const auto found = index.find(item.token(entries[e].first));
    if (found != index.end()) values(found->second) = entries[e].second;
  }
  means.sum += values;
  means.count.array() += 1;
}

}  // namespace

std::vector<LogprobCell> BuildLogprobCells(const SampleSet& reference, const SampleSet& observed) {
  std::vector<LogprobCell> cells;
  AddCells(reference, observed, true, cells);
  if (cells.size() < kEnoughCells) AddCells(reference, observed, false, cells);
  return cells;
}

CellMeans MeansInCell(const LogprobCell& cell, const ProbeSample& model) {
  CellMeans means{Empty(cell.listed.cols()), Empty(cell.partial.cols())};
  const auto tokens = IndexOf(cell.tokens), sampled = IndexOf(cell.sampled_tokens);
  for (const FirstTokenLogprobs& logprobs : model.logprobs) {
    const Item item{&logprobs, &model.tokens};
    if (!tokens.empty() && logprobs.has_alternatives) AddListed(tokens, cell.depth, item, means.listed);
    WalkPath(cell.path, item, [&](std::size_t position, double value) {
      if (position < cell.first_position) return;
      Add(value, static_cast<Eigen::Index>(position - cell.first_position), means.partial);
    });
    if (sampled.empty()) continue;
    for (const auto& [number, value] : logprobs.entries) {
      const auto found = sampled.find(item.token(number));
      if (found != sampled.end()) Add(value, found->second, means.partial);
    }
  }
  return means;
}

}  // namespace pinchbeck::internal
