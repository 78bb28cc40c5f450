#include "src/audit/identify_library.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <utility>

namespace pinchbeck {
namespace {

constexpr std::size_t kLengthSources = 3;

// How the fingerprints read one probe.
struct Votes {
  ProbePlan wanted;
  int normalised = 0, raw = 0;
  std::array<int, kLengthSources> sources{};
};

void AddVote(const ProbePlan& plan, Votes& votes) {
  votes.wanted.choice |= plan.choice;
  votes.wanted.logprob |= plan.logprob;
  votes.wanted.token_length |= plan.token_length;
  votes.wanted.reasoning |= plan.reasoning;
  votes.wanted.text |= plan.text;
  if (plan.choice) ++(plan.normalise_choice ? votes.normalised : votes.raw);
  if (plan.token_length) ++votes.sources[static_cast<std::size_t>(plan.length_source)];
}

SignalPlan DecidePlan(const std::vector<Fingerprint>& fingerprints) {
  std::map<std::string, Votes> votes;
  for (const Fingerprint& fingerprint : fingerprints) {
    for (const auto& [probe, plan] : fingerprint.plan) AddVote(plan, votes[probe]);
  }
  SignalPlan plan;
  for (const auto& [probe, vote] : votes) {
    ProbePlan decided = vote.wanted;
    decided.normalise_choice = vote.normalised > vote.raw;
    const auto most = std::max_element(vote.sources.begin(), vote.sources.end());
    decided.length_source = static_cast<LengthSource>(most - vote.sources.begin());
    plan.emplace(probe, decided);
  }
  return plan;
}

// Removes data that were read by another rule; true if there were any.
bool RemoveOtherReadings(const SignalPlan& own, const SignalPlan& decided, SampleSet& sample) {
  bool removed = false;
  for (auto& [probe, data] : sample.probes) {
    const auto mine = own.find(probe), wanted = decided.find(probe);
    if (mine == own.end() || wanted == decided.end()) continue;
    if (mine->second.normalise_choice != wanted->second.normalise_choice && !data.choices.empty()) {
      data.choices.clear();
      removed = true;
    }
    if (mine->second.length_source != wanted->second.length_source && !data.lengths.empty()) {
      data.lengths.clear();
      removed = true;
    }
  }
  return removed;
}

}  // namespace

absl::StatusOr<IdentifyLibrary> IdentifyLibrary::Make(std::vector<Fingerprint> fingerprints) {
  if (fingerprints.empty()) {
    return absl::InvalidArgumentError("the library holds no fingerprint; make some with `pinchbeck enroll`");
  }
  auto data = std::make_shared<Data>();
  data->plan = DecidePlan(fingerprints);
  for (Fingerprint& fingerprint : fingerprints) {
    Data::Model model;
    model.name = fingerprint.model;
    model.spread = std::move(fingerprint.variant_spread);
    model.variants = fingerprint.Variants();
    if (model.variants.size() == 1) {
      model.pooled = std::move(model.variants.front().second);
      model.variants.clear();
    } else {
      model.pooled = fingerprint.Pooled();
    }
    bool removed = RemoveOtherReadings(fingerprint.plan, data->plan, model.pooled);
    for (auto& variant : model.variants) {
      removed |= RemoveOtherReadings(fingerprint.plan, data->plan, variant.second);
    }
    if (removed) {
      data->warnings.push_back("fingerprint \"" + model.name +
                               "\" reads some answers differently from most others; these were left out");
    }
    data->models.push_back(std::move(model));
    fingerprint = Fingerprint();
  }
  std::vector<const SampleSet*> samples;
  for (const Data::Model& model : data->models) samples.push_back(&model.pooled);
  data->index = internal::ModelIndex(samples);
  return IdentifyLibrary(std::move(data));
}

const SignalPlan& IdentifyLibrary::plan() const { return data_->plan; }
std::size_t IdentifyLibrary::size() const { return data_->models.size(); }
const std::vector<std::string>& IdentifyLibrary::warnings() const { return data_->warnings; }

}  // namespace pinchbeck
