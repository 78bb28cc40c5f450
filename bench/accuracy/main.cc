// Measures how well models are told apart on recorded answers, beside published ways to do it.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "bench/accuracy/output.h"
#include "bench/accuracy/resume.h"
#include "bench/accuracy/row.h"
#include "pinchbeck/internal/status_macros.h"

namespace pinchbeck::accuracy {
namespace {

constexpr int kSkipped = 77;

struct Flags {
  RowContext context;
  std::string source_dir = PINCHBECK_SOURCE_DIR;
  std::string output;
  std::string rows;
  // This program's file.
  std::string program;
  bool list = false, update_readme = false, record = false, resume = false;
};

std::string CommittedFile(const Flags& flags, const std::string& name) {
  return flags.source_dir + "/bench/accuracy/" + name;
}

// Processor time of all threads so far.
double ProcessSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

absl::StatusOr<Row> MeasureOne(const RegisteredRow& registered, const RowContext& context) {
  const auto start = std::chrono::steady_clock::now();
  const double cpu_start = ProcessSeconds();
  PINCHBECK_ASSIGN_OR_RETURN(Row row, registered.measure(context));
  row.id = std::string(registered.id);
  row.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  row.cpu_s = ProcessSeconds() - cpu_start;
  return row;
}

absl::StatusOr<std::vector<Row>> MeasureAll(const Flags& flags) {
  std::vector<Row> rows;
  const std::regex pattern(flags.rows);
  const std::string key = RunKey(flags.context, flags.program);
  for (const RegisteredRow& registered : Rows()) {
    const std::string id(registered.id);
    if (!flags.rows.empty() && !std::regex_search(id, pattern)) continue;
    if (flags.resume) {
      if (std::optional<Row> kept = KeptRow(flags.output, key, id)) {
        std::cerr << id << ": kept from an earlier run\n";
        rows.push_back(*std::move(kept));
        continue;
      }
    }
    std::cerr << id << ": measuring\n";
    absl::StatusOr<Row> row = MeasureOne(registered, flags.context);
    if (absl::IsNotFound(row.status())) {
      std::cerr << id << ": skipped, " << row.status().message() << "\n";
      continue;
    }
    if (!row.ok()) return absl::Status(row.status().code(), id + ": " + std::string(row.status().message()));
    std::fprintf(stderr, "%s: %.1f s, %.1f s of processor time\n", id.c_str(), row->wall_s, row->cpu_s);
    PINCHBECK_RETURN_IF_ERROR(KeepRow(flags.output, key, *row));
    rows.push_back(*std::move(row));
  }
  return rows;
}

absl::Status WriteOutput(const Flags& flags, const std::vector<Row>& rows) {
  std::error_code error;
  std::filesystem::create_directories(flags.output, error);
  PINCHBECK_RETURN_IF_ERROR(WriteFile(flags.output + "/accuracy.json", ToJson(rows, flags.context, true)));
  PINCHBECK_RETURN_IF_ERROR(WriteFile(flags.output + "/accuracy.md", ToMarkdown(rows)));
  for (const Plot& plot : ToPlots(rows)) {
    PINCHBECK_RETURN_IF_ERROR(WriteFile(flags.output + "/" + plot.file, plot.svg));
  }
  if (flags.record) {
    PINCHBECK_RETURN_IF_ERROR(
        WriteFile(CommittedFile(flags, "recorded_quick.json"), ToJson(rows, flags.context, false)));
  }
  if (flags.update_readme) {
    for (const char* page : {"/README.md", "/README.zh-CN.md"}) {
      PINCHBECK_RETURN_IF_ERROR(ReplaceBetweenMarkers(flags.source_dir + page, ToReadmeTable(rows)));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<int> Run(Flags& flags) {
  if (flags.list) {
    for (const RegisteredRow& row : Rows()) std::cout << row.id << "\n";
    return 0;
  }
  if (!std::filesystem::is_directory(flags.context.data)) {
    std::cerr << "no recordings at " << flags.context.data << "; give their folder with --data\n";
    return kSkipped;
  }
  PINCHBECK_ASSIGN_OR_RETURN(flags.context.split,
                             DataSplit::Load(CommittedFile(flags, "development_half.txt")));
  PINCHBECK_ASSIGN_OR_RETURN(std::vector<Row> rows, MeasureAll(flags));
  if (rows.empty()) {
    std::cerr << "no row was measured\n";
    return flags.rows.empty() ? kSkipped : 2;
  }
  PINCHBECK_RETURN_IF_ERROR(SetGoals(CommittedFile(flags, "goals.json"), rows));
  PINCHBECK_RETURN_IF_ERROR(WriteOutput(flags, rows));
  std::cout << ToMarkdown(rows);
  if (!flags.context.quick || flags.context.draws != 0 || flags.record) return 0;
  PINCHBECK_ASSIGN_OR_RETURN(const auto messages,
                             CompareWithRecorded(CommittedFile(flags, "recorded_quick.json"), rows));
  for (const std::string& message : messages) std::cerr << "worse than recorded: " << message << "\n";
  return messages.empty() ? 0 : 1;
}

int Main(int argc, char** argv) {
  Flags flags;
  flags.context.data = flags.source_dir + "/../shared/data";
  flags.output = "accuracy";
  flags.program = argv[0];
  flags.context.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  CLI::App app{"How well models are told apart, measured on recordings"};
  app.add_option("--data", flags.context.data, "folder of the recordings, one folder a source");
  app.add_option("--output", flags.output, "folder for accuracy.json, accuracy.md and the plots");
  app.add_option("--rows", flags.rows, "only rows whose name matches this regular expression");
  app.add_option("--seed", flags.context.seed, "seed of every random draw");
  app.add_option("--threads", flags.context.threads, "threads; results do not depend on them")
      ->check(CLI::PositiveNumber);
  app.add_option("--permutations", flags.context.permutations, "relabelings of permutation tests")
      ->check(CLI::Range(99, 1000000));
  app.add_option("--draws", flags.context.draws, "draws a pair instead of each row's own number")
      ->check(CLI::PositiveNumber);
  app.add_flag("--quick", flags.context.quick,
               "few draws and sizes, compared with bench/accuracy/recorded_quick.json; exit 1 if worse");
  app.add_flag("--resume", flags.resume,
               "take over rows that this program has finished with the same options in this output folder");
  app.add_flag("--record", flags.record, "write that file instead of comparing with it");
  app.add_flag("--update-readme", flags.update_readme, "replace the tables in README.md and README.zh-CN.md");
  app.add_flag("--list", flags.list, "list the rows and stop");
  CLI11_PARSE(app, argc, argv);
  if (flags.record && (!flags.context.quick || flags.context.draws != 0 || !flags.rows.empty())) {
    std::cerr << "--record needs a quick run of all rows\n";
    return 2;
  }
  if (flags.update_readme && flags.context.quick) {
    std::cerr << "--update-readme does not take a quick run: its sizes are not those of the goals\n";
    return 2;
  }
  const absl::StatusOr<int> result = Run(flags);
  if (result.ok()) return *result;
  std::cerr << "accuracy: " << result.status().message() << "\n";
  return 2;
}

}  // namespace
}  // namespace pinchbeck::accuracy

int main(int argc, char** argv) { return pinchbeck::accuracy::Main(argc, argv); }
