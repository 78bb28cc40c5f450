#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

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
  if (!IsRate(m)) return Number(m.value, m.value < 99.5 ? 1 : 0);
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

// The README's lines for a row that measures false accusations only.
std::string AccusationLines(const Row& row) {
  std::string lines;
  for (const Measurement& m : row.measurements) {
    if (m.metric != "false-accusation rate" || !m.false_alarms) continue;
    if (lines.empty()) lines = "\n" + row.title + " (level " + Short(row.alpha) + "):\n\n";
    lines += "- " + m.contestant + ", " + std::to_string(m.pairs) + " comparisons: " + Alarms(m) + "\n";
  }
  return lines;
}

// One table of the README: a line a contestant, or one for each of its metrics, and a column an x, or one for
// each metric where there is a single x.
class ReadmeTable {
 public:
  // `power`: measurements of power only, else all others.
  ReadmeTable(const Row& row, bool power) : row_(row) {
    for (const Measurement& m : row.measurements) {
      if ((m.metric.find("power") != std::string::npos) == power) shown_.push_back(&m);
    }
    std::vector<std::string> metrics;
    for (const Measurement* m : shown_) {
      AddNew(Short(m->x), xs_);
      AddNew(m->metric, metrics);
    }
    by_metric_ = xs_.size() == 1 && metrics.size() > 1;
    for (const Measurement* m : shown_) {
      AddNew(LineOf(*m, power), lines_);
      AddNew(ColumnOf(*m), columns_);
      if (cells_.count({LineOf(*m, power), ColumnOf(*m)}) == 0) cells_[{LineOf(*m, power), ColumnOf(*m)}] = m;
    }
  }

  [[nodiscard]] bool empty() const { return shown_.empty(); }

  [[nodiscard]] std::string Text() const {
    std::int64_t pairs = 0;
    for (const Measurement* m : shown_) pairs = std::max(pairs, m->pairs);
    std::string text = "\n" + row_.title + " (level " + Short(row_.alpha) + ", " + Counted(pairs, "pair") +
                       ", " + Counted(shown_[0]->draws_per_pair, "draw") + " each):\n\n| " + Corner();
    std::string rule = "|---";
    for (const std::string& column : columns_) {
      text += " | " + column;
      rule += "|---";
    }
    text += " | largest false-alarm rate [95 %] |\n" + rule + "|---|\n";
    for (const std::string& line : lines_) text += Line(line);
    return text;
  }

 private:
  static void AddNew(const std::string& name, std::vector<std::string>& names) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  static std::string Counted(std::int64_t count, const std::string& what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
  }
  [[nodiscard]] std::string LineOf(const Measurement& m, bool power) const {
    return power || by_metric_ ? m.contestant : m.contestant + ": " + m.metric;
  }
  [[nodiscard]] std::string ColumnOf(const Measurement& m) const {
    return by_metric_ ? m.metric : Short(m.x);
  }
  [[nodiscard]] std::string Corner() const {
    return by_metric_ ? Short(shown_[0]->x) + " " + row_.x_name : row_.x_name;
  }
  [[nodiscard]] std::string Line(const std::string& line) const {
    std::string text = "| " + line;
    const Measurement* worst = nullptr;
    for (const std::string& column : columns_) {
      const auto found = cells_.find({line, column});
      if (found == cells_.end()) {
        text += " | -";
        continue;
      }
      const Measurement& m = *found->second;
      text += " | " + (m.valid ? Value(m) : std::string("void"));
      const bool larger =
          m.false_alarms && (worst == nullptr || m.false_alarms->rate > worst->false_alarms->rate);
      if (larger) worst = &m;
    }
    return text + " | " + (worst == nullptr ? std::string("-") : Alarms(*worst)) + " |\n";
  }

  const Row& row_;
  std::vector<const Measurement*> shown_;
  std::vector<std::string> xs_, lines_, columns_;
  bool by_metric_ = false;
  std::map<std::pair<std::string, std::string>, const Measurement*> cells_;
};

std::string ReadmeSection(const Row& row) {
  const ReadmeTable power(row, true);
  if (!power.empty()) return power.Text();
  const std::string accusations = AccusationLines(row);
  if (!accusations.empty()) return accusations;
  const ReadmeTable others(row, false);
  return others.empty() ? "" : others.Text();
}

}  // namespace

std::string ToMarkdown(const std::vector<Row>& rows) {
  std::string text = "# Accuracy\n";
  for (const Row& row : rows) {
    text += "\n## " + row.title + "\n\nRow `" + row.id + "`, recordings `" + row.source + "`, level " +
            Short(row.alpha) + ", " + Number(row.wall_s, 1) + " s (" + Number(row.cpu_s, 1) +
            " s of processor time).\n\n";
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
  for (const Row& row : rows) text += ReadmeSection(row);
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
