// A table for a paper: booktabs, and nothing else beyond plain LaTeX.
#include <fmt/format.h>

#include "formatting.h"
#include "winnow/core/printable.h"
#include "winnow/report/render.h"

namespace winnow::report {

namespace {

std::string escaped(const std::string& text) {
  std::string result;
  for (char c : text) {
    switch (c) {
      case '&':
      case '%':
      case '$':
      case '#':
      case '_':
      case '{':
      case '}': result += '\\', result += c; break;
      case '~': result += "\\textasciitilde{}"; break;
      case '^': result += "\\textasciicircum{}"; break;
      case '\\': result += "\\textbackslash{}"; break;
      case '<': result += "\\textless{}"; break;
      case '>': result += "\\textgreater{}"; break;
      case '[':
      case ']':
      case '*': result += '{', result += c, result += '}'; break;  // behind \\ they would be its arguments
      default: result += c;
    }
  }
  for (const auto& [sign, command] : {std::pair<std::string, const char*>{"±", "$\\pm$"}, {"≥", "$\\geq$"}})
    for (std::size_t at = 0; (at = result.find(sign, at)) != std::string::npos;)
      result.replace(at, sign.size(), command);
  return result;
}

std::string cell_text(const Table& table, const Cell& cell) {
  if (cell.planned == 0) return "--";
  std::string text = mean_text(table, cell, [](std::string own, Mark mark) {
    own = escaped(own);
    return mark == Mark::best ? "\\textbf{" + own + "}" : mark == Mark::second ? "\\underline{" + own + "}" : own;
  });
  if (cell.done() < cell.planned) text += fmt::format(" ({})", count_text(cell));
  if (std::string published = published_text(table, cell); !published.empty())
    text += " {\\small [" + escaped(published) + "]}";
  return text;
}

}  // namespace

std::string render_latex(const Table& table) {
  std::string text = "% \\usepackage{booktabs}\n\\begin{table}\n\\centering\n";
  text += fmt::format("\\begin{{tabular}}{{{}{}}}\n\\toprule\n", std::string(table.row_axes.size(), 'l'),
                      std::string(table.columns.size(), 'r'));
  for (std::size_t axis = 0; axis < table.row_axes.size(); ++axis)
    text += (axis ? " & " : "") + escaped(table.row_axes[axis]);
  for (std::size_t c = 0; c < table.columns.size(); ++c) text += " & " + escaped(column_title(table, c));
  text += " \\\\\n\\midrule\n";
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    for (std::size_t axis = 0; axis < table.rows[r].size(); ++axis)
      text += (axis ? " & " : "") + escaped(row_label(table, r, axis));
    for (const Cell& cell : table.cells[r]) text += " & " + cell_text(table, cell);
    text += " \\\\\n";
  }
  text += "\\bottomrule\n\\end{tabular}\n\\caption{";
  text += escaped(printable(table.question.empty() ? table.name : table.question));
  for (const std::string& line : legend(table)) text += " " + escaped(line) + ".";
  return text + " Bold: best of a column; underlined: second best.}\n\\end{table}\n";
}

}  // namespace winnow::report
