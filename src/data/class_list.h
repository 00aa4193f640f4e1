// The class names of a data set, from its text file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "winnow/data/dataset.h"

namespace winnow::data {

struct ClassList {
  Path file;                       // empty: the preset names none
  std::vector<std::string> names;  // by class
  std::vector<std::size_t> lines;  // where each stands in the file
};

// Of files.class_names: one name a line, behind options.name_skip columns. A column of numbers among those is the
// classes' numbers: names are joined with labels by it, in whatever order they stand. `first`: the number of class 0;
// nullopt: 0 or 1, whichever there is. DataError naming file and lines where an id is there twice, or the numbers are
// not those of classes.
ClassList read_class_list(const Manifest&, const Path& root, std::optional<std::int64_t> first);

// Where labels are given by name, no two classes may share one. DataError naming both lines (or the preset's entries).
void require_unique_names(const ClassList&, const Manifest&);

// For people: names that several classes share, and classes without a training image. Both are legal where labels are
// numbers.
std::vector<std::string> notes_on_classes(const std::vector<std::string>& names,
                                          const std::vector<std::int64_t>& training_labels);

}  // namespace winnow::data
