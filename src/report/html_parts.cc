#include "src/report/html_parts.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "pinchbeck/version.h"
#include "src/report/safe_text.h"
#include "src/report/style.h"
#include "src/report/svg.h"
#include "src/report/words.h"

namespace pinchbeck::internal {
namespace {

std::string Css(std::string_view css) { return css.empty() ? "" : " class=\"" + std::string(css) + "\""; }

// The marks of the chips, in a box of 12 by 12, drawn in the colour of the words.
std::string Mark(std::string_view css) {
  std::string path;
  if (css == "consistent") {
    path = "M2 6.5 5 9.5 10 3";
  } else if (css == "differs") {
    path = "M2 4h8M2 8h8M8 1.5 4 10.5";  // The sign for "is not equal to".
  } else if (css == "not_measurable") {
    path = "M2.5 6h7";
  } else {
    path = "M3.5 4a2.5 2.5 0 1 1 3.6 2.2C6.3 6.6 6 7 6 8M6 10.4v.2";
  }
  return "<svg viewBox=\"0 0 12 12\" aria-hidden=\"true\" focusable=\"false\"><path d=\"" + path +
         "\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.8\" stroke-linecap=\"round\" "
         "stroke-linejoin=\"round\"/></svg>";
}

std::string Inputs(const std::vector<ReportInput>& inputs) {
  Table table("What was read", {{"input"}, {"bytes", true}, {"SHA-256"}});
  for (const ReportInput& input : inputs) {
    table.Row({Escape(input.role) + "<br><span class=\"small soft mono\">" + Name(input.path) + "</span>",
               input.sha256 ? CountText(static_cast<std::int64_t>(input.bytes)) : "-",
               input.sha256 ? "<span class=\"mono small\">" + Escape(*input.sha256) + "</span>"
                            : "none: not kept in a file, or changed since"});
  }
  return table.Html();
}

}  // namespace

std::string Document(std::string_view title, const std::string& html) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"" +
         ContentSecurityPolicy() +
         "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" "
         "content=\"no-referrer\">\n"
         "<title>" +
         EscapeClipped(title, 120) + "</title>\n<style>" + StyleSheet() + "</style>\n</head>\n<body>\n" +
         html + "</body>\n</html>\n";
}

std::string Section(std::string_view title, const std::string& html) {
  return html.empty() ? "" : "<section>\n<h2>" + Escape(title) + "</h2>\n" + html + "</section>\n";
}

std::string Paragraph(std::string_view text, std::string_view css) {
  return text.empty() ? "" : "<p" + Css(css) + ">" + EscapeClipped(text) + "</p>\n";
}

std::string List(const std::vector<std::string>& texts, std::string_view css) {
  if (texts.empty()) return "";
  std::string html = "<ul" + Css(css) + ">";
  for (const std::string& text : texts) html += "<li>" + EscapeClipped(text) + "</li>\n";
  return html + "</ul>\n";
}

std::string Panel(std::string_view title, const std::string& html) {
  return "<div class=\"panel\"><h3>" + Escape(title) + "</h3>\n" + html + "</div>\n";
}

std::string Chip(std::string_view css, std::string_view words) {
  return "<span class=\"chip " + std::string(css) + "\">" + Mark(css) + Escape(words) + "</span>";
}

std::string Fact(std::string_view term, std::string_view value, std::string_view small) {
  return "<div><dt>" + Escape(term) + "</dt><dd>" + EscapeClipped(value, kNameColumns) +
         (small.empty() ? "" : "<small>" + EscapeClipped(small, 160) + "</small>") + "</dd></div>";
}

Table::Table(std::string_view caption, std::vector<Column> columns)
    : caption_(caption), columns_(std::move(columns)) {}

void Table::Row(const std::vector<std::string>& html_cells) {
  rows_ += "<tr>";
  for (std::size_t i = 0; i < html_cells.size() && i < columns_.size(); ++i) {
    if (i == 0) {
      rows_ += "<th scope=\"row\">" + html_cells[i] + "</th>";
      continue;
    }
    rows_ += std::string("<td") + (columns_[i].number ? " class=\"num\"" : "") + " data-label=\"" +
             Escape(columns_[i].title) + "\"><span>" + html_cells[i] + "</span></td>";
  }
  rows_ += "</tr>\n";
}

std::string Table::Html() const {
  if (rows_.empty()) return "";
  std::string html =
      "<div class=\"scroll\"><table class=\"stack\"><caption>" + Escape(caption_) + "</caption><thead><tr>";
  for (const Column& column : columns_) {
    html += std::string("<th scope=\"col\"") + (column.number ? " class=\"num\">" : ">") +
            Escape(column.title) + "</th>";
  }
  return html + "</tr></thead><tbody>\n" + rows_ + "</tbody></table></div>\n";
}

std::string Reproduction(const ReportRun& run, std::uint64_t seed, std::int64_t permutations, double alpha) {
  std::string html;
  if (!run.command.empty()) html += "<pre><code>" + Escape(run.command) + "</code></pre>\n";
  html += Paragraph(run.caveat);
  html += "<dl class=\"numbers\">" + Fact("seed", std::to_string(seed)) +
          Fact("relabelings per test", CountText(permutations)) + Fact("level", NumberText(alpha)) +
          Fact("version", "pinchbeck " + std::string(kVersion)) + "</dl>\n";
  html += Inputs(run.inputs);
  html += Paragraph(
      "The same inputs, seed and version give the same p-values, on any number of threads. Compare the "
      "SHA-256 sums to be sure that nothing was exchanged.",
      "small soft");
  return Section("Repeat it", html);
}

std::string WarningsSection(const std::vector<std::string>& warnings) {
  return warnings.empty() ? "" : Section("Warnings", List(warnings));
}

std::string Footer() {
  return "<footer>Made by pinchbeck " + Escape(kVersion) +
         ". This file loads nothing and runs nothing. It shows short answers and tokens of the recordings; "
         "read it before you pass it on.</footer>\n";
}

}  // namespace pinchbeck::internal
