// What IdentifyLibrary keeps of its fingerprints.
#ifndef PINCHBECK_SRC_AUDIT_IDENTIFY_LIBRARY_H_
#define PINCHBECK_SRC_AUDIT_IDENTIFY_LIBRARY_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/audit/identify.h"
#include "src/signal/model_index.h"

namespace pinchbeck {

struct IdentifyLibrary::Data {
  struct Model {
    std::string name;
    SampleSet pooled;
    // Honest servings, where there are several.
    std::vector<std::pair<std::string, SampleSet>> variants;
    std::map<std::string, double> spread;
  };
  std::vector<Model> models;
  SignalPlan plan;
  std::vector<std::string> warnings;
  internal::ModelIndex index{{}};
};

}  // namespace pinchbeck

#endif  // PINCHBECK_SRC_AUDIT_IDENTIFY_LIBRARY_H_
