// The statistics of one comparison of short answers under relabelings, shared by all contestants that need
// any, and built from counts: reading texts again would take longer than the statistics.
#ifndef PINCHBECK_BENCH_ACCURACY_CHOICE_TABLE_H_
#define PINCHBECK_BENCH_ACCURACY_CHOICE_TABLE_H_

#include <Eigen/Core>
#include <cstdint>
#include <span>
#include <utility>

#include "absl/status/statusor.h"
#include "bench/accuracy/choice_data.h"
#include "src/signal/choice_statistics.h"

namespace pinchbeck::accuracy {

class ChoiceTable {
 public:
  // Errors: those of EvaluateCountRelabelings().
  [[nodiscard]] static absl::StatusOr<ChoiceTable> Make(const ChoiceData& data, const Counts& reference,
                                                        const Counts& observed,
                                                        std::span<const Counts* const> alternatives,
                                                        std::int64_t permutations, std::uint64_t seed);

  // To the last bit the p-value that EvaluateChoice() gives with the same options, if only these of the
  // alternatives are stored.
  [[nodiscard]] double PValue(std::span<const std::size_t> alternatives) const;
  // p-value of the Jensen-Shannon divergence alone.
  [[nodiscard]] double JensenShannonPValue() const;
  // p-value of the unbiased maximum mean discrepancy with the kernel that is 1 for equal answers.
  [[nodiscard]] double MmdPValue() const;

 private:
  ChoiceTable(internal::ChoiceStatistics statistics, const Eigen::MatrixXd& values)
      : statistics_(std::move(statistics)),
        ours_(values.topRows(values.rows() - 1)),
        mmd_(values.bottomRows(1)) {}

  internal::ChoiceStatistics statistics_;
  Eigen::MatrixXd ours_;
  Eigen::RowVectorXd mmd_;
};

}  // namespace pinchbeck::accuracy

#endif  // PINCHBECK_BENCH_ACCURACY_CHOICE_TABLE_H_
