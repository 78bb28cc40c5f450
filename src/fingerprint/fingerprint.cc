#include "pinchbeck/fingerprint/fingerprint.h"

#include <algorithm>

namespace pinchbeck {

SampleSet Fingerprint::Pooled() const {
  std::vector<const SampleSet*> samples;
  for (const FingerprintPart& part : parts) samples.push_back(&part.sample);
  return MergeSamples(samples);
}

std::vector<std::pair<std::string, SampleSet>> Fingerprint::Variants() const {
  std::vector<std::string> names;
  for (const FingerprintPart& part : parts) {
    if (std::find(names.begin(), names.end(), part.variant) == names.end()) names.push_back(part.variant);
  }
  std::vector<std::pair<std::string, SampleSet>> variants;
  for (const std::string& name : names) {
    std::vector<const SampleSet*> samples;
    for (const FingerprintPart& part : parts) {
      if (part.variant == name) samples.push_back(&part.sample);
    }
    variants.emplace_back(name, MergeSamples(samples));
  }
  return variants;
}

std::optional<std::string> Fingerprint::FirstTime() const {
  std::optional<std::string> first;
  for (const FingerprintPart& part : parts) {
    if (part.first_time && (!first || *part.first_time < *first)) first = part.first_time;
  }
  return first;
}

std::optional<std::string> Fingerprint::LastTime() const {
  std::optional<std::string> last;
  for (const FingerprintPart& part : parts) {
    if (part.last_time && (!last || *part.last_time > *last)) last = part.last_time;
  }
  return last;
}

}  // namespace pinchbeck
