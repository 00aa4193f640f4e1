#include <fmt/format.h>

#include <algorithm>

#include "formatting.h"
#include "winnow/report/render.h"

namespace winnow::report {

namespace {

constexpr std::size_t kGap = 3;

std::string padded(const std::string& text, std::size_t width) {
  std::size_t columns = columns_of(text);
  return columns < width ? text + std::string(width - columns, ' ') : text;
}

std::string signed_text(std::string text, Mark mark) {
  return (mark == Mark::best ? "*" : mark == Mark::second ? "+" : " ") + text;
}

// The column a cell stands in: its mean, padded so that counts stand below each other, and its count.
struct Column {
  std::size_t mean = 0, count = 0;  // widths
  std::size_t head = 0;
  std::size_t width() const { return std::max(head, mean + 2 + count); }
};

Column measure(const Table& table, std::size_t column) {
  Column result;
  for (std::size_t axis = 0; axis < table.columns[column].size(); ++axis)
    result.head = std::max(result.head, columns_of(column_label(table, column, axis)) + 1);
  for (const auto& row : table.cells) {
    result.mean = std::max(result.mean, columns_of(mean_text(table, row[column], signed_text)));
    std::string published = published_text(table, row[column]);
    result.count =
        std::max(result.count, count_text(row[column]).size() + (published.empty() ? 0 : columns_of(published) + 3));
  }
  return result;
}

std::string cell_text(const Table& table, const Cell& cell, const Column& column, bool colour) {
  std::string mean = cell.planned ? mean_text(table, cell, signed_text) : " ", text = padded(mean, column.mean);
  if (colour && !cell.beside && cell.mark == Mark::best) text = "\033[1m" + text + "\033[0m";
  if (colour && !cell.beside && cell.mark == Mark::second) text = "\033[4m" + text + "\033[0m";
  std::string after = count_text(cell);
  if (std::string published = published_text(table, cell); !published.empty()) after += " [" + published + "]";
  return text + "  " + padded(after, column.width() - column.mean - 2);
}

void strip_right(std::string& line) {
  line.erase(line.find_last_not_of(' ') + 1);
  line += '\n';
}

// The rows' headers and the columns [first, last).
std::string block(const Table& table, const std::vector<Column>& columns, std::size_t first, std::size_t last,
                  const std::vector<std::size_t>& heads, std::size_t left, bool colour) {
  std::string text;
  for (std::size_t axis = 0; axis < table.column_axes.size(); ++axis) {
    std::string line = padded(table.column_axes[axis], left);
    for (std::size_t c = first; c < last; ++c)
      line += std::string(kGap, ' ') + padded(" " + column_label(table, c, axis), columns[c].width());
    strip_right(line);
    text += line;
  }
  std::string names;
  for (std::size_t axis = 0; axis < heads.size(); ++axis)
    names += (axis ? "  " : "") + padded(table.row_axes[axis], heads[axis]);
  strip_right(names);
  text += names;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    std::string line;
    for (std::size_t axis = 0; axis < heads.size(); ++axis)
      line += (axis ? "  " : "") + padded(row_label(table, r, axis), heads[axis]);
    line = padded(line, left);
    for (std::size_t c = first; c < last; ++c)
      line += std::string(kGap, ' ') + cell_text(table, table.cells[r][c], columns[c], colour);
    strip_right(line);
    text += line;
  }
  return text;
}

}  // namespace

std::string render_terminal(const Table& table, int width, bool colour) {
  std::string text = title(table) + "\n";
  std::vector<std::size_t> heads;
  std::size_t left = 0;
  for (std::size_t axis = 0; axis < table.row_axes.size(); ++axis) {
    heads.push_back(columns_of(table.row_axes[axis]));
    for (std::size_t r = 0; r < table.rows.size(); ++r)
      heads.back() = std::max(heads.back(), columns_of(row_label(table, r, axis)));
    left += heads.back() + (axis ? 2 : 0);
  }
  for (const std::string& axis : table.column_axes) left = std::max(left, columns_of(axis));
  std::vector<Column> columns;
  for (std::size_t c = 0; c < table.columns.size(); ++c) columns.push_back(measure(table, c));
  for (std::size_t first = 0, last = 0; first < columns.size(); first = last) {
    std::size_t used = left;
    for (last = first; last < columns.size(); ++last) {
      used += kGap + columns[last].width();
      if (last > first && used > static_cast<std::size_t>(width)) break;
    }
    text += "\n" + block(table, columns, first, last, heads, left, colour);
  }
  text += "\n";
  for (const std::string& line : legend(table)) text += line + "\n";
  bool marked = false;
  for (const auto& row : table.cells)
    for (const Cell& cell : row)
      marked = marked || cell.mark != Mark::none || (cell.beside && cell.beside->mark != Mark::none);
  if (marked) text += "* best, + second best of a column\n";
  return text;
}

}  // namespace winnow::report
