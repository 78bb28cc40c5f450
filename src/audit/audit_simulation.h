// Simulated audits from two fingerprints.
#ifndef PINCHBECK_SRC_AUDIT_AUDIT_SIMULATION_H_
#define PINCHBECK_SRC_AUDIT_AUDIT_SIMULATION_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/audit/plan.h"
#include "src/audit/decision.h"

namespace pinchbeck::internal {

// Signals that verify() counts, in the order of its report.
inline constexpr std::string_view kCountedSignals[] = {"choice", "logprob", "text", "token_length",
                                                       "reasoning"};
[[nodiscard]] bool HasSignal(const ProbeSample& sample, std::string_view signal);

// Splits every probe's counted answers at random; what is not split stays in `first`. One answer cannot be
// split: both halves then hold it.
void HalveSample(const SampleSet& whole, std::uint64_t seed, SampleSet& first, SampleSet& second);
// Takes the answers that could not be split out of one half.
void RemoveSingles(const SampleSet& whole, SampleSet& half);

// Which answers are asked for and looked at.
struct AuditDesign {
  std::vector<std::string> probes = {};
  // One of kCountedSignals, or empty for all.
  std::string signal = {};
  std::int64_t answers = 1;
  // Probes were chosen by looking at the substitute's answers: observed ones then come from the half that was
  // not looked at, and the stored alternative is the other half.
  bool chosen = false;
};

class AuditSimulator {
 public:
  AuditSimulator(const Fingerprint& claimed, const Fingerprint& substitute, const PlanOptions& options);

  // Probes that feed a counted signal on both sides.
  [[nodiscard]] const std::vector<std::string>& probes() const { return probes_; }
  // Counted signals that a probe feeds on both sides.
  [[nodiscard]] std::vector<std::string> SignalsOf(const std::string& probe) const;
  // Counted signals of the probes: what verify() shares alpha among.
  [[nodiscard]] std::vector<std::string> Family(const std::vector<std::string>& probes) const;
  // Stored answers to the probe, on the side that has fewer.
  [[nodiscard]] std::int64_t Stored(const std::string& probe) const;
  // More answers are asked for than can be drawn once each.
  [[nodiscard]] bool BeyondStored(const AuditDesign& design) const;

  // Does one simulated audit end in `differs`?
  [[nodiscard]] bool Differs(const AuditDesign& design, std::uint64_t seed) const;
  // Does it reject equality, whatever the effect gate says?
  [[nodiscard]] bool Rejects(const AuditDesign& design, std::uint64_t seed) const;
  // Most answers a probe that the stored ones can stand for: twice their number, of the best-stored probe.
  [[nodiscard]] std::int64_t MostAnswers(const std::vector<std::string>& probes) const;
  // Standard score of one signal in one probe: the normal quantile of its p-value of equality, bounded by the
  // number of relabelings.
  // Looks at one half of the substitute's answers only.
  [[nodiscard]] double StandardScore(const std::string& probe, const std::string& signal,
                                     std::int64_t answers, std::uint64_t seed) const;

 private:
  struct Trial {
    std::vector<SampleSet> references;
    SampleSet alternative, observed;
  };
  [[nodiscard]] VerifyOptions TestOptions(const AuditDesign& design, std::uint64_t seed) const;
  template <class Judge>
  [[nodiscard]] bool AgainstEveryReference(const AuditDesign& design, std::uint64_t seed, Judge judge) const;
  [[nodiscard]] Trial Simulate(const AuditDesign& design, std::uint64_t seed, bool pilot) const;
  [[nodiscard]] std::int64_t Drawable(const ProbeSample& pool, std::string_view signal, bool keep) const;

  const PlanOptions& options_;
  std::vector<SampleSet> variants_;
  SampleSet claimed_, substitute_;
  // The substitute's answers in two halves: probes are ranked by the first.
  SampleSet looked_at_, kept_back_;
  std::map<std::string, double> spread_;
  std::vector<std::string> probes_;
};

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_AUDIT_AUDIT_SIMULATION_H_
