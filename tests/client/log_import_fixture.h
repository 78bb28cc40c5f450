// Imports of sample logs and of logs written by a test.
#ifndef PINCHBECK_TESTS_CLIENT_LOG_IMPORT_FIXTURE_H_
#define PINCHBECK_TESTS_CLIENT_LOG_IMPORT_FIXTURE_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "pinchbeck/client/log_import.h"

namespace pinchbeck {

struct Imported {
  std::vector<Exchange> exchanges;
  LogImportSummary summary;
};

// What the user of the sample's tools may say of them.
inline LogImportOptions Sure() {
  LogImportOptions options;
  options.parameters_complete = true;
  options.usage_reported = true;
  return options;
}

inline Imported ImportFiles(LogFormat format, const std::vector<std::string>& paths,
                            const LogImportOptions& options) {
  Imported imported;
  const auto summary = ImportLog(
      format, paths,
      [&](Exchange exchange) {
        imported.exchanges.push_back(std::move(exchange));
        return absl::OkStatus();
      },
      options);
  EXPECT_TRUE(summary.ok()) << summary.status();
  if (summary.ok()) imported.summary = *summary;
  // Every observation can be written and read, and holds no key that the log held.
  for (const Exchange& exchange : imported.exchanges) {
    Observation observation = exchange.observation;
    observation.probe = "p";
    const std::string line = SerializeObservation(observation);
    EXPECT_TRUE(ParseObservation(line).ok()) << line;
    EXPECT_EQ(line.find("sk-canary"), std::string::npos) << line;
  }
  return imported;
}

inline Imported ImportSample(LogFormat format, const std::string& name,
                             const LogImportOptions& options = Sure()) {
  return ImportFiles(format, {std::string(PINCHBECK_SOURCE_DIR) + "/tests/client/logs/" + name}, options);
}

// A file with this content.
inline std::string Written(const std::string& content) {
  const std::string path = std::filesystem::path(testing::TempDir()) / "pinchbeck-log-import.jsonl";
  std::ofstream(path) << content;
  return path;
}

inline Imported ImportText(LogFormat format, const std::string& content,
                           const LogImportOptions& options = Sure()) {
  return ImportFiles(format, {Written(content)}, options);
}

// A span of a chat with these further attributes.
inline std::string SpanWith(const std::string& id, const std::string& attributes,
                            const std::string& parent = "") {
  return R"({"traceId": "t", "spanId": ")" + id + R"(", "parentSpanId": ")" + parent +
         R"(", "attributes": {"gen_ai.operation.name": "chat", "gen_ai.request.temperature": 1,)"
         R"( "gen_ai.request.max_tokens": 4, "gen_ai.input.messages": [{"role": "user", "parts":)"
         R"( [{"type": "text", "content": "Pick."}]}], )" +
         attributes + "}}\n";
}

}  // namespace pinchbeck

#endif  // PINCHBECK_TESTS_CLIENT_LOG_IMPORT_FIXTURE_H_
