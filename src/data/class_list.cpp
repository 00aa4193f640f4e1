#include "class_list.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>
#include <unordered_map>

#include "layout.h"
#include "read_alike.h"
#include "text_file.h"
#include "winnow/core/error.h"
#include "winnow/core/printable.h"

namespace winnow::data {

namespace {

struct Row {
  std::vector<std::string> skipped;
  std::string name;
  std::size_t line;
};

std::vector<Row> rows_of(const Manifest& manifest, const Path& file) {
  std::int64_t skip = number_option(manifest, "name_skip", 0);
  std::vector<Row> rows;
  Lines lines(file);
  for (std::string line; lines.next(line);) {
    line.erase(0, line.find_first_not_of(" \t"));
    Row row{{}, "", lines.number()};
    for (std::int64_t k = 0; k < skip; ++k) {
      std::size_t blank = line.find_first_of(" \t");
      if (blank == std::string::npos)
        lines.fail(fmt::format("expected {} columns before the class name, got '{}'", skip, printable(line, 60)));
      row.skipped.push_back(line.substr(0, blank));
      line = line.substr(line.find_first_not_of(" \t", blank));
    }
    row.name = class_name_of(manifest, line);
    if (manifest.classes.empty())
      if (std::string fault = fault_of_name(row.name); !fault.empty()) lines.fail("the class name " + fault);
    rows.push_back(std::move(row));
  }
  if (rows.empty()) throw DataError(fmt::format("{}: no class names: the file is empty", file.string()));
  return rows;
}

// Digits alone, as ids of classes are written; 007 is 7.
std::optional<std::int64_t> number_in(const std::string& text) {
  std::int64_t value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos || code != std::errc())
    return std::nullopt;
  return value;
}

// "1:", "+1", "0x1", "0.5", "#1", "-": what may stand before a number taken off, a digit follows. WordNet's n01440764
// is a name.
bool looks_like_number(const std::string& text) {
  std::size_t at = text.find_first_not_of("+-.,:;#('\"[");
  return at != std::string::npos && text[at] >= '0' && text[at] <= '9';
}

// The skipped column that holds the classes' numbers, if one does. DataError where some ids look like numbers and not
// all are: taken for names, they would leave the order of the lines to decide.
std::optional<std::size_t> number_column(const std::vector<Row>& rows, const Path& file) {
  for (std::size_t column = 0; !rows.empty() && column < rows[0].skipped.size(); ++column)
    if (std::all_of(rows.begin(), rows.end(),
                    [&](const Row& row) { return number_in(row.skipped[column]).has_value(); }))
      return column;
  for (std::size_t column = 0; !rows.empty() && column < rows[0].skipped.size(); ++column) {
    auto like =
        std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return looks_like_number(row.skipped[column]); });
    if (like == rows.end()) continue;
    auto other =
        std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return !number_in(row.skipped[column]); });
    throw DataError(fmt::format(
        "{}:{}: the class id '{}' is no number{}: write all ids in digits alone, or all as names", file.string(),
        other->line, printable(other->skipped[column]),
        like == other ? "" : fmt::format(", that of line {} is ('{}')", like->line, printable(like->skipped[column]))));
  }
  return std::nullopt;
}

// The first column distinguishes classes, whatever it holds; so does the column of their numbers.
void require_unique_ids(const std::vector<Row>& rows, std::size_t column, const Path& file) {
  std::unordered_map<std::string, std::size_t> seen;
  for (const Row& row : rows) {
    std::optional<std::int64_t> number = number_in(row.skipped[column]);
    auto [first, fresh] = seen.try_emplace(number ? std::to_string(*number) : row.skipped[column], row.line);
    if (!fresh)
      throw DataError(fmt::format("{}:{}: the class id '{}' is there twice (first in line {})", file.string(), row.line,
                                  printable(row.skipped[column]), first->second));
  }
}

void order_by_number(std::vector<Row>& rows, std::size_t column, std::optional<std::int64_t> first, const Path& file) {
  auto number = [&](const Row& row) { return *number_in(row.skipped[column]); };
  std::stable_sort(rows.begin(), rows.end(), [&](const Row& a, const Row& b) { return number(a) < number(b); });
  std::int64_t begin = first.value_or(std::clamp<std::int64_t>(number(rows[0]), 0, 1));
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (auto wanted = begin + static_cast<std::int64_t>(i); number(rows[i]) != wanted)
      throw DataError(fmt::format("{}:{}: the class id {} where {} follows: the ids of {} classes are {}..{}{}",
                                  file.string(), rows[i].line, number(rows[i]), wanted, rows.size(), begin,
                                  begin + static_cast<std::int64_t>(rows.size()) - 1,
                                  first ? " here, as the labels begin (options.first_label)" : ""));
}

}  // namespace

ClassList read_class_list(const Manifest& manifest, const Path& root, std::optional<std::int64_t> first) {
  ClassList list;
  auto file = manifest.files.find("class_names");
  if (file == manifest.files.end()) return list;
  list.file = root / file->second;
  std::vector<Row> rows = rows_of(manifest, list.file);
  if (!rows.empty() && !rows[0].skipped.empty()) require_unique_ids(rows, 0, list.file);
  if (auto column = number_column(rows, list.file)) {
    require_unique_ids(rows, *column, list.file);
    order_by_number(rows, *column, first, list.file);
  }
  for (Row& row : rows) {
    list.names.push_back(std::move(row.name));
    list.lines.push_back(row.line);
  }
  return list;
}

void require_unique_names(const ClassList& list, const Manifest& manifest) {
  std::unordered_map<std::string, std::size_t> seen;
  for (std::size_t c = 0; c < list.names.size(); ++c) {
    auto [first, fresh] = seen.try_emplace(list.names[c], c);
    if (fresh) continue;
    if (list.lines.empty())
      throw DataError(fmt::format("{}: classes {} and {} are both called '{}', and labels are given by name",
                                  manifest.source, first->second, c, printable(list.names[c])));
    auto [early, late] = std::minmax(list.lines[first->second], list.lines[c]);
    throw DataError(fmt::format("{}:{}: the class '{}' is there twice (first in line {}), and labels are given by name",
                                list.file.string(), late, printable(list.names[c]), early));
  }
}

std::vector<std::string> notes_on_classes(const std::vector<std::string>& names,
                                          const std::vector<std::int64_t>& training_labels) {
  constexpr std::size_t kShown = 5;
  std::vector<std::string> notes;
  std::map<std::string, std::vector<std::size_t>> by_name, by_text;
  std::vector<bool> has_image(names.size());
  for (std::size_t c = 0; c < names.size(); ++c)
    by_name[names[c]].push_back(c), by_text[read_alike(names[c])].push_back(c);
  for (std::int64_t label : training_labels) has_image.at(static_cast<std::size_t>(label)) = true;
  for (const auto& [name, classes] : by_name)
    if (classes.size() > 1)
      notes.push_back(fmt::format("classes {} are all called '{}': their texts are the same", fmt::join(classes, ", "),
                                  printable(name)));
  for (const auto& [text, classes] : by_text) {
    auto differs = [&](std::size_t c) { return names[c] != names[classes[0]]; };
    if (std::none_of(classes.begin(), classes.end(), differs)) continue;
    std::vector<std::string> called;
    for (std::size_t c : classes) called.push_back(fmt::format("{} ('{}')", c, printable(names[c])));
    notes.push_back(fmt::format(
        "classes {} read alike in a prompt: their texts are the same, or differ in case and marks that no reader sees",
        fmt::join(called, ", ")));
  }
  std::vector<std::string> without;
  for (std::size_t c = 0; c < names.size(); ++c)
    if (!has_image[c]) without.push_back(fmt::format("{} ({})", printable(names[c]), c));
  if (without.empty()) return notes;
  std::size_t all = without.size();
  if (all > kShown) without.resize(kShown);
  notes.push_back(fmt::format("{} of {} classes {} no training image: {}{}", all, names.size(),
                              all == 1 ? "has" : "have", fmt::join(without, ", "),
                              all > kShown ? fmt::format(" and {} others", all - kShown) : ""));
  return notes;
}

}  // namespace winnow::data
