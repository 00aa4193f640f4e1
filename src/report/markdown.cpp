#include <fmt/format.h>

#include "formatting.h"
#include "winnow/core/printable.h"
#include "winnow/report/render.h"

namespace winnow::report {

namespace {

std::string cell_text(const Table& table, const Cell& cell) {
  if (cell.planned == 0) return "";
  std::string mean = mean_text(table, cell, [](std::string text, Mark mark) {
    return mark == Mark::best ? "**" + text + "**" : mark == Mark::second ? "<u>" + text + "</u>" : text;
  });
  std::string published = published_text(table, cell);
  return mean + " (" + count_text(cell) + ")" + (published.empty() ? "" : " [" + published + "]");
}

}  // namespace

std::string render_markdown(const Table& table) {
  std::string text = fmt::format("**{}**{}\n\n|", printable(table.name),
                                 table.question.empty() ? "" : ": " + printable(table.question));
  std::string rule = "|";
  for (const std::string& axis : table.row_axes) text += " " + markdown_cell(axis) + " |", rule += "---|";
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    text += " " + markdown_cell(column_title(table, c)) + " |";
    rule += "---:|";
  }
  text += "\n" + rule + "\n";
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    text += "|";
    for (std::size_t axis = 0; axis < table.rows[r].size(); ++axis)
      text += " " + markdown_cell(row_label(table, r, axis)) + " |";
    for (const Cell& cell : table.cells[r]) text += " " + cell_text(table, cell) + " |";
    text += "\n";
  }
  text += "\n";
  for (const std::string& line : legend(table)) text += line + ".  \n";
  return text + "Bold: best of a column; underlined: second best.\n";
}

}  // namespace winnow::report
