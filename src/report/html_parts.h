// Pieces that every HTML report is put together from.
#ifndef PINCHBECK_SRC_REPORT_HTML_PARTS_H_
#define PINCHBECK_SRC_REPORT_HTML_PARTS_H_

#include <string>
#include <string_view>
#include <vector>

#include "pinchbeck/audit/report.h"
#include "pinchbeck/report/report_run.h"

namespace pinchbeck::internal {

// Arguments named `html` are markup and go in as they are; all others are escaped here.

// The whole document around the body's markup.
[[nodiscard]] std::string Document(std::string_view title, const std::string& html);
[[nodiscard]] std::string Section(std::string_view title, const std::string& html);
[[nodiscard]] std::string Paragraph(std::string_view text, std::string_view css = "");
// A bulleted list; empty without items.
[[nodiscard]] std::string List(const std::vector<std::string>& texts, std::string_view css = "");
[[nodiscard]] std::string Panel(std::string_view title, const std::string& html);

// One of "consistent", "differs", "configuration_differs", "inconclusive", "not_measurable": a class of the
// style sheet, with a mark of its own form so that colour is not needed.
[[nodiscard]] std::string Chip(std::string_view css, std::string_view words);

// <div><dt>..</dt><dd>..</dd></div>, for a list of facts or numbers; `small` under the value, if any.
[[nodiscard]] std::string Fact(std::string_view term, std::string_view value, std::string_view small = "");

struct Column {
  std::string title;
  bool number = false;
};
// A table with a caption and column headers; the first cell of a row is its header. Cells are markup. Narrow
// screens show each row as a block with the columns' titles before the values.
class Table {
 public:
  Table(std::string_view caption, std::vector<Column> columns);
  void Row(const std::vector<std::string>& html_cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  // Empty without rows.
  [[nodiscard]] std::string Html() const;

 private:
  std::string caption_;
  std::vector<Column> columns_;
  std::string rows_;
};

// How to repeat the audit: the command, seed and relabelings, and the digests of what was read.
[[nodiscard]] std::string Reproduction(const ReportRun& run, std::uint64_t seed, std::int64_t permutations,
                                       double alpha);
[[nodiscard]] std::string WarningsSection(const std::vector<std::string>& warnings);
[[nodiscard]] std::string Footer();

}  // namespace pinchbeck::internal

#endif  // PINCHBECK_SRC_REPORT_HTML_PARTS_H_
