// The labels of a table, each a number or a class name. Which of the two is decided once for a whole column: a number
// may be a name, too.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "class_list.h"

namespace winnow::data {

struct LabelEntry {
  std::string text;
  bool number = false;       // written as a number (JSON), so it is no name
  std::size_t position = 0;  // for `where`
};

struct LabelColumn {
  std::string name;                               // for messages: the file
  std::function<std::string(std::size_t)> where;  // an entry's place: FILE:LINE
  std::vector<LabelEntry> entries;
};

// The labels of each of a data set's columns (its splits). Every column is either numbers (from `first` on) or names;
// what could be both is what the other column is. DataError naming the entries for one that is neither, for numbers and
// names in one column, and for what remains ambiguous.
std::vector<std::vector<std::int64_t>> labels_of(const std::vector<LabelColumn>&, const ClassList&, const Manifest&,
                                                 std::int64_t first);

}  // namespace winnow::data
