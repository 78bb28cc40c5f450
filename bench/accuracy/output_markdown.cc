#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>

#include "bench/accuracy/output.h"

namespace pinchbeck::accuracy {
namespace {

constexpr const char* kBegin = "<!-- accuracy: begin -->\n";
constexpr const char* kEnd = "<!-- accuracy: end -->\n";

std::string Number(double value, int digits) {
  char text[40];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string Short(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

std::string Percent(double share) { return Number(100 * share, share < 0.0995 ? 2 : 1) + " %"; }

bool IsRate(const Measurement& m) {
  return m.metric.find("power") != std::string::npos || m.metric.find("rate") != std::string::npos;
}

std::string Value(const Measurement& m) {
  if (!IsRate(m)) return Short(m.value);
  return m.metric == "equal error rate" ? Percent(m.value) : Number(m.value, 3);
}

std::string Alarms(const Measurement& m) {
  if (!m.false_alarms) return "-";
  return Percent(m.false_alarms->rate) + " [" + Percent(m.false_alarms->low) + ", " +
         Percent(m.false_alarms->high) + "]";
}

std::string Goal(const Measurement& m) {
  if (!m.goal) return "";
  const bool met = m.valid && (m.higher_is_better ? m.value >= *m.goal - 1e-9 : m.value <= *m.goal + 1e-9);
  return std::string(m.higher_is_better ? ">= " : "<= ") + Short(*m.goal) + (met ? ", met" : ", missed");
}

std::string Line(const Row&, const Measurement& m) {
  std::string line = "| " + m.contestant + " | " + m.metric + " | " + Short(m.x) + " | ";
  line += m.valid ? Value(m) : "void (" + Value(m) + ")";
  line += " | " + Number(m.standard_error, 3) + " | " + Number(m.monte_carlo_error, 3) + " | ";
  line += (m.reporting_half ? Number(*m.reporting_half, 3) : std::string("-")) + " | " + Alarms(m) + " | ";
  line += std::to_string(m.not_scoreable) + " | ";
  line += (m.seconds_per_verdict ? Number(1000 * *m.seconds_per_verdict, 2) : std::string("-")) + " | ";
  return line + Goal(m) + " |\n";
}

// The README's line for a row that measures false accusations only.
std::string AccusationLine(const Row& row) {
  for (const Measurement& m : row.measurements) {
    if (m.metric == "false-accusation rate" && m.false_alarms) {
      return "\n" + row.title + " (level " + Short(row.alpha) + ", " + std::to_string(m.pairs) +
             " comparisons): " + Alarms(m) + ".\n";
    }
  }
  return "";
}

// The README's rows: power of every contestant by x, one table a data set.
std::string PowerTable(const Row& row) {
  std::map<std::string, std::map<double, const Measurement*>> by_contestant;
  std::vector<std::string> order;
  std::vector<double> columns;
  for (const Measurement& m : row.measurements) {
    if (m.metric.find("power") == std::string::npos) continue;
    if (by_contestant.count(m.contestant) == 0) order.push_back(m.contestant);
    by_contestant[m.contestant][m.x] = &m;
    if (std::find(columns.begin(), columns.end(), m.x) == columns.end()) columns.push_back(m.x);
  }
  if (order.empty()) return AccusationLine(row);
  const Measurement& first = *by_contestant[order.front()].begin()->second;
  std::string text = "\n" + row.title + " (level " + Short(row.alpha) + ", " + std::to_string(first.pairs) +
                     " pairs, " + std::to_string(first.draws_per_pair) + " draws a pair):\n\n| " + row.x_name;
  std::string rule = "|---";
  for (const double x : columns) {
    text += " | " + Short(x);
    rule += "|---";
  }
  text += " | largest false-alarm rate [95 %] |\n" + rule + "|---|\n";
  for (const std::string& contestant : order) {
    text += "| " + contestant;
    const Measurement* worst = nullptr;
    for (const double x : columns) {
      const auto found = by_contestant[contestant].find(x);
      if (found == by_contestant[contestant].end()) {
        text += " | -";
        continue;
      }
      const Measurement& m = *found->second;
      text += " | " + (m.valid ? Number(m.value, 3) : std::string("void"));
      const bool larger =
          m.false_alarms && (worst == nullptr || m.false_alarms->rate > worst->false_alarms->rate);
      if (larger) worst = &m;
    }
    text += " | " + (worst == nullptr ? std::string("-") : Alarms(*worst)) + " |\n";
  }
  return text;
}

}  // namespace

std::string ToMarkdown(const std::vector<Row>& rows) {
  std::string text = "# Accuracy\n";
  for (const Row& row : rows) {
    text += "\n## " + row.title + "\n\nRow `" + row.id + "`, recordings `" + row.source + "`, level " +
            Short(row.alpha) + ", " + Number(row.wall_s, 1) + " s.\n\n";
    text += "| contestant | metric | " + row.x_name +
            " | value | error over pairs | Monte-Carlo error | reporting half | false alarms [95 %] | not "
            "scoreable | ms a verdict | goal |\n|---|---|---|---|---|---|---|---|---|---|---|\n";
    for (const Measurement& m : row.measurements) text += Line(row, m);
    if (!row.notes.empty()) text += "\n";
    for (const std::string& note : row.notes) text += "- " + note + "\n";
  }
  return text;
}

std::string ToReadmeTable(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) text += PowerTable(row);
  if (!text.empty()) text.erase(0, 1);
  return text;
}

absl::Status WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  return file ? absl::OkStatus() : absl::PermissionDeniedError(path + ": cannot be written");
}

absl::Status ReplaceBetweenMarkers(const std::string& path, const std::string& text) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(path + ": cannot be read");
  std::string content{std::istreambuf_iterator<char>(file), {}};
  file.close();
  const std::size_t begin = content.find(kBegin), end = content.find(kEnd);
  if (begin == std::string::npos || end == std::string::npos || end < begin) {
    return absl::FailedPreconditionError(path +
                                         ": the lines \"<!-- accuracy: begin -->\" and "
                                         "\"<!-- accuracy: end -->\" are not both there, in this order");
  }
  const std::size_t from = begin + std::string(kBegin).size();
  content.replace(from, end - from, text);
  return WriteFile(path, content);
}

}  // namespace pinchbeck::accuracy
