// Texts: maximum mean discrepancy of a character 3-gram kernel and a style vector, under shared relabelings.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "pinchbeck/signal/evidence.h"
#include "pinchbeck/stats/kernel_statistics.h"
#include "pinchbeck/stats/permutation.h"
#include "src/signal/effect.h"

namespace pinchbeck {
namespace {

// docs/design/0004-effect-gates.md
constexpr internal::GateFloors kGateFloors = {.sampled = 0.02, .low_temperature = 0.25};
// The effect over pairs is that of the mean text, which moves less than texts of one probe do.
constexpr double kPairedGateFloor = 0.02;
// Without stored alternatives power is judged against this multiple of the gate.
constexpr double kDefaultEffectPerGate = 1.5;
// Texts used of each side of a probe; the Gram matrix grows with the square.
constexpr std::size_t kMaxTextsPerSide = 400;
// Probes with one answer on each side that are compared as pairs.
constexpr std::size_t kMaxPairs = 512;
// Rows of the permutation table: kernel statistic, then one mean difference per style feature, then pair
// labels.
constexpr Eigen::Index kStyleRow = 1;
constexpr Eigen::Index kPairRow = kStyleRow + static_cast<Eigen::Index>(kStyleFeatures);

using Texts = std::vector<const TextFeatures*>;

// Spectrum kernel: inner product of square-root counts of hashed 3-grams, scaled to unit length.
double Spectrum(const TextFeatures& a, const TextFeatures& b) {
  double sum = 0;
  auto i = a.trigrams.begin(), j = b.trigrams.begin();
  while (i != a.trigrams.end() && j != b.trigrams.end()) {
    if (i->first < j->first) {
      ++i;
    } else if (j->first < i->first) {
      ++j;
    } else {
      sum += std::sqrt(static_cast<double>(i->second) * static_cast<double>(j->second));
      ++i;
      ++j;
    }
  }
  return sum;
}

double Mass(const TextFeatures& text) {
  double sum = 0;
  for (const auto& [bucket, count] : text.trigrams) sum += count;
  return sum;
}

double Kernel(const TextFeatures& a, const TextFeatures& b) {
  const double mass = Mass(a) * Mass(b);
  return mass > 0 ? Spectrum(a, b) / std::sqrt(mass) : 0;
}

// The first texts in order of recording would all come from one stretch of time; spread the choice evenly
// instead.
Texts Spread(const std::vector<TextFeatures>& texts) {
  Texts chosen;
  const std::size_t count = std::min(texts.size(), kMaxTextsPerSide);
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(&texts[i * texts.size() / count]);
  return chosen;
}

struct TextCell {
  stats::Stratum stratum;
  Texts items;
  Eigen::MatrixXd gram;
  Eigen::MatrixXd style;
  double weight = 0;
  double gate_floor = 0;
  // Index among the pairs, or -1 for a probe with more answers.
  Eigen::Index pair = -1;
};

Eigen::MatrixXd GramMatrix(const Texts& items) {
  const auto n = static_cast<Eigen::Index>(items.size());
  // Square roots and masses once, not once per pair.
  struct Scaled {
    std::vector<std::pair<std::uint32_t, float>> entries;
  };
  std::vector<Scaled> scaled(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    const double mass = Mass(*items[i]);
    scaled[i].entries.reserve(items[i]->trigrams.size());
    for (const auto& [bucket, count] : items[i]->trigrams) {
      scaled[i].entries.emplace_back(bucket, static_cast<float>(std::sqrt(count / mass)));
    }
  }
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(n, n);
  for (Eigen::Index r = 0; r < n; ++r) {
    for (Eigen::Index c = r + 1; c < n; ++c) {
      const auto& a = scaled[static_cast<std::size_t>(r)].entries;
      const auto& b = scaled[static_cast<std::size_t>(c)].entries;
      double sum = 0;
      for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
        const std::uint32_t left = a[i].first, right = b[j].first;
        if (left == right) sum += static_cast<double>(a[i].second) * static_cast<double>(b[j].second);
        i += left <= right;
        j += right <= left;
      }
      gram(r, c) = gram(c, r) = sum;
    }
  }
  return gram;
}

TextCell BuildCell(const ProbeSample& reference, const ProbeSample& observed) {
  TextCell cell;
  const Texts x = Spread(reference.texts), y = Spread(observed.texts);
  cell.stratum = {static_cast<std::int64_t>(x.size()), static_cast<std::int64_t>(y.size())};
  cell.items = x;
  cell.items.insert(cell.items.end(), y.begin(), y.end());
  cell.style.resize(cell.stratum.size(), static_cast<Eigen::Index>(kStyleFeatures));
  for (std::size_t i = 0; i < cell.items.size(); ++i) {
    for (std::size_t f = 0; f < kStyleFeatures; ++f) {
      cell.style(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(f)) = cell.items[i]->style[f];
    }
  }
  cell.weight = internal::StratumWeight(static_cast<double>(x.size()), static_cast<double>(y.size()));
  cell.gate_floor = kGateFloors.At(reference.conditions);
  return cell;
}

// <f(x_i) - f(y_i), f(x_j) - f(y_j)> over pairs i, j with a zero diagonal.
Eigen::MatrixXd PairGram(const std::vector<const TextCell*>& pairs) {
  const auto k = static_cast<Eigen::Index>(pairs.size());
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(k, k);
  for (Eigen::Index i = 0; i < k; ++i) {
    const Texts& a = pairs[static_cast<std::size_t>(i)]->items;
    for (Eigen::Index j = i + 1; j < k; ++j) {
      const Texts& b = pairs[static_cast<std::size_t>(j)]->items;
      gram(i, j) = gram(j, i) =
          Kernel(*a[0], *b[0]) + Kernel(*a[1], *b[1]) - Kernel(*a[0], *b[1]) - Kernel(*a[1], *b[0]);
    }
  }
  return gram;
}

// Statistic of the pairs under every relabeling: sum over i != j of s_i s_j G_ij / (k (k - 1)).
Eigen::RowVectorXd PairStatistic(const Eigen::MatrixXd& gram,
                                 const Eigen::Ref<const Eigen::MatrixXd>& signs) {
  const double k = static_cast<double>(gram.rows());
  Eigen::RowVectorXd result(signs.cols());
  constexpr Eigen::Index kBlock = 512;
  for (Eigen::Index begin = 0; begin < signs.cols(); begin += kBlock) {
    const Eigen::Index width = std::min(kBlock, signs.cols() - begin);
    const auto block = signs.middleCols(begin, width);
    result.segment(begin, width) = block.cwiseProduct(gram * block).colwise().sum() / (k * (k - 1));
  }
  return result;
}

// Sum and maximum over features of the squared studentised mean differences.
Eigen::MatrixXd StyleStatistics(const Eigen::Ref<const Eigen::MatrixXd>& differences) {
  Eigen::MatrixXd result = Eigen::MatrixXd::Zero(2, differences.cols());
  for (Eigen::Index f = 0; f < differences.rows(); ++f) {
    const Eigen::RowVectorXd squared = stats::Studentise(differences.row(f)).cwiseAbs2();
    result.row(0) += squared;
    result.row(1) = result.row(1).cwiseMax(squared);
  }
  return result;
}

std::vector<TextCell> BuildCells(const SampleSet& reference, const SampleSet& observed) {
  std::vector<TextCell> cells;
  Eigen::Index pairs = 0;
  for (const auto& [id, probe] : reference.probes) {
    const auto it = observed.probes.find(id);
    if (probe.texts.empty() || it == observed.probes.end() || it->second.texts.empty()) continue;
    TextCell cell = BuildCell(probe, it->second);
    if (cell.stratum.size() == 2) {
      if (static_cast<std::size_t>(pairs) == kMaxPairs) continue;
      cell.pair = pairs++;
    } else {
      cell.gram = GramMatrix(cell.items);
    }
    cells.push_back(std::move(cell));
  }
  double total = 0;
  for (const TextCell& cell : cells) total += cell.weight;
  for (TextCell& cell : cells) cell.weight /= total;
  return cells;
}

// Kernel effect of each probe under the observed labeling, for the standard error.
std::vector<double> ProbeEffects(const std::vector<TextCell>& cells, std::vector<double>& weights) {
  std::vector<double> effects;
  for (const TextCell& cell : cells) {
    // Without pairs inside one side the statistic is not centred and says nothing about spread.
    if (cell.pair >= 0 || cell.stratum.n_reference < 2 || cell.stratum.n_observed < 2) continue;
    stats::LabelMatrix labels = stats::LabelMatrix::Zero(cell.stratum.size(), 1);
    labels.bottomRows(cell.stratum.n_observed).setOnes();
    Eigen::RowVectorXd value = Eigen::RowVectorXd::Zero(1);
    stats::AccumulateMmd(cell.gram, cell.stratum, 1.0, labels, value);
    effects.push_back(value(0));
    weights.push_back(cell.weight);
  }
  return effects;
}

}  // namespace

SignalEvidence EvaluateText(const SampleSet& reference, const SampleSet& observed,
                            const SignalOptions& options) {
  SignalEvidence evidence;
  evidence.signal = "text";
  evidence.effect_unit = "MMD^2";
  const std::vector<TextCell> cells = BuildCells(reference, observed);
  if (cells.empty()) {
    evidence.reason = "no probe with texts on both sides";
    return evidence;
  }
  std::vector<stats::Stratum> strata;
  std::vector<const TextCell*> pairs;
  for (const TextCell& cell : cells) {
    strata.push_back(cell.stratum);
    if (cell.pair >= 0) pairs.push_back(&cell);
    evidence.n_reference += cell.stratum.n_reference;
    evidence.n_observed += cell.stratum.n_observed;
  }
  const auto table = stats::EvaluateRelabelings(
      strata, static_cast<int>(kPairRow) + static_cast<int>(pairs.size()),
      [&](std::size_t s, const stats::LabelMatrix& labels, Eigen::Ref<Eigen::MatrixXd> out) {
        const TextCell& cell = cells[s];
        stats::AccumulateMeanDifference(cell.style, cell.stratum, cell.weight, labels,
                                        out.middleRows(kStyleRow, static_cast<Eigen::Index>(kStyleFeatures)));
        if (cell.pair >= 0) {
          out.row(kPairRow + cell.pair) = labels.row(1).cast<double>().array() * 2 - 1;
          return;
        }
        Eigen::RowVectorXd kernel = Eigen::RowVectorXd::Zero(out.cols());
        stats::AccumulateMmd(cell.gram, cell.stratum, cell.weight, labels, kernel);
        out.row(0) += kernel;
      },
      {.permutations = options.permutations,
       .seed = stats::MixSeed(options.seed, 4),
       .threads = options.threads});
  if (!table.ok()) {
    evidence.reason = std::string(table.status().message());
    return evidence;
  }
  Eigen::MatrixXd rows(4, table->values.cols());
  rows.row(0) = table->values.row(0);
  rows.middleRows(1, 2) =
      StyleStatistics(table->values.middleRows(kStyleRow, static_cast<Eigen::Index>(kStyleFeatures)));
  rows.row(3).setZero();
  if (pairs.size() >= 2) {
    rows.row(3) =
        PairStatistic(PairGram(pairs), table->values.bottomRows(static_cast<Eigen::Index>(pairs.size())));
  }
  const Eigen::RowVectorXd combined = stats::StudentisedMaximum(rows);
  evidence.measurable = true;
  evidence.probes = static_cast<std::int64_t>(cells.size());
  evidence.statistic = combined(0);
  evidence.p_value = stats::PermutationPValue(combined);
  // The effect is the kernel's: within probes where there are several answers, else over pairs.
  const bool paired = pairs.size() == cells.size();
  double gate = 0;
  for (const TextCell& cell : cells) gate += cell.weight * cell.gate_floor;
  if (paired) gate = kPairedGateFloor;
  evidence.effect_gate = internal::EffectGate(gate, options);
  evidence.default_effect = kDefaultEffectPerGate * gate;
  const Eigen::RowVectorXd effect_row = paired ? rows.row(3) : rows.row(0);
  std::vector<double> weights;
  const std::vector<double> effects = ProbeEffects(cells, weights);
  const double error = effects.size() > 1 ? internal::MeanOverProbes(effects, weights).standard_error : 0;
  internal::SetEffect(effect_row(0) - effect_row.mean(), error, effect_row, options, evidence);
  // One answer on a side has no spread within the probe: the kernel's null says little about what it could
  // find.
  if (!paired && effects.empty()) evidence.detectable_effect.reset();
  if (evidence.detectable_effect && *evidence.detectable_effect > evidence.default_effect) {
    // The noise of a squared distance shrinks like the sample.
    evidence.size_factor = *evidence.detectable_effect / evidence.default_effect;
  }
  evidence.method = std::string("3-gram kernel and style vector, studentised maximum") +
                    (paired ? ", one answer a probe compared as pairs" : "") +
                    (table->exact ? ", all relabelings" : ", permutation within probes");
  return evidence;
}

}  // namespace pinchbeck
