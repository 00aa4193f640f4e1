// A table as text. Renderers decide nothing: what is best, missing or incomplete stands in the table.
#pragma once

#include <string>

#include "winnow/report/table.h"

namespace winnow::report {

// Columns that do not fit into `width` go below. `colour` sets best and second best in bold and underlined as well.
std::string render_terminal(const Table&, int width, bool colour);
std::string render_markdown(const Table&);
std::string render_latex(const Table&);  // wants \usepackage{booktabs}
std::string render_csv(const Table&);    // one row per experiment, so that readers can recompute the statistics
std::string render_json(const Table&);

}  // namespace winnow::report
