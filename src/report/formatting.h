// Words that several renderers share.
#pragma once

#include <string>
#include <vector>

#include "winnow/report/table.h"

namespace winnow::report {

std::string number(const Metric&, double value);  // "87.31" for a share in percent
// "87.31 ± 0.42", "87.31", "missing"; "" where nothing is planned. With a second number "99.51 / 97.77". `marked` adds
// to a text what its mark looks like.
using Marked = std::string (*)(std::string text, Mark);
std::string mean_text(
    const Table&, const Cell&, Marked marked = [](std::string text, Mark) { return text; });
std::string count_text(const Cell&);  // "3/3"; "" where nothing is planned
std::string published_text(const Table&,
                           const Cell&);  // "88.20, -0.89 ± 0.31": the published value, and the difference to it; of
                                          // two numbers both: "99.51 / 97.77, +0.10 / -0.20"
std::string label(const Table&, const std::string& value);  // a header's value human-readable, on one line
std::string title(const Table&);                            // "ambiguity: Does it hold?"
std::string metric_text(const Metric&);                     // "selection_f1 of stage detect in %, last epoch"

// What a row's or a column's header says on one of its axes; all of it of a row, "detect-train, rolt", and of a column,
// "labels.rate 0.1, adapt linear-probe".
std::string row_label(const Table&, std::size_t row, std::size_t axis);
std::string column_label(const Table&, std::size_t column, std::size_t axis);
std::string row_title(const Table&, std::size_t row);
std::string column_title(const Table&, std::size_t column);

// What the numbers are: metric, rule, samples, what is missing.
std::vector<std::string> legend(const Table&);

std::string markdown_cell(std::string text);  // with what would end the cell escaped

std::size_t columns_of(const std::string& utf8);  // on a terminal, for text of single-width characters

}  // namespace winnow::report
