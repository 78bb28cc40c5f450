#include <fstream>

#include "absl/status/status.h"
#include "bench/accuracy/row.h"

namespace pinchbeck::accuracy {

absl::StatusOr<DataSplit> DataSplit::Load(const std::string& path) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(path + ": cannot be read");
  std::set<std::string> development;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line[0] == '#') continue;
    if (line.find('/') == std::string::npos || line.find(' ') != std::string::npos) {
      return absl::InvalidArgumentError(path + ":" + std::to_string(number) + ": \"" + line +
                                        "\" is not SOURCE/NAME");
    }
    development.insert(line);
  }
  return DataSplit(std::move(development));
}

const std::vector<RegisteredRow>& Rows() {
  static const std::vector<RegisteredRow>* const kRows = new std::vector<RegisteredRow>{
      {"number-power", MeasureNumberPower},         {"number-verdict", MeasureNumberVerdict},
      {"number-mixture", MeasureNumberMixture},     {"number-long-mixture", MeasureNumberLongMixture},
      {"number-identify", MeasureNumberIdentify},   {"code-length", MeasureCodeLength},
      {"text-siblings", MeasureTextSiblings},       {"quantization", MeasureQuantization},
      {"honest-servings", MeasureHonestServings},   {"served-latency", MeasureServedLatency},
      {"monitor-redirect", MeasureMonitorRedirect},
  };
  return *kRows;
}

}  // namespace pinchbeck::accuracy
