#include "label_column.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "winnow/core/error.h"
#include "winnow/core/json_text.h"
#include "winnow/core/printable.h"

namespace winnow::data {

namespace {

enum class Meaning { numbers, names, both, neither };

bool is_number(const std::string& text) {
  return !text.empty() && text.size() <= 9 && text.find_first_not_of("0123456789") == std::string::npos;
}

class Reading {
 public:
  Reading(const ClassList& classes, std::int64_t first) : classes_(classes), first_(first) {
    for (std::size_t c = 0; c < classes.names.size(); ++c)
      by_name_.emplace(classes.names[c], static_cast<std::int64_t>(c));
    numbered_ = std::any_of(classes.names.begin(), classes.names.end(), is_number);
  }

  bool is_name(const LabelEntry& entry) const { return !entry.number && by_name_.count(entry.text); }
  bool names_are_numbers() const { return numbered_; }
  std::int64_t as_number(const LabelEntry& entry) const { return std::stoll(entry.text) - first_; }
  std::int64_t as_name(const LabelEntry& entry) const { return by_name_.at(entry.text); }

  Meaning of(const LabelColumn& column) const {
    bool numbers = true, in_range = true, names = true, typed = false, named = false;
    for (const LabelEntry& entry : column.entries) {
      bool number = is_number(entry.text);
      numbers = numbers && number;
      in_range = in_range && number && as_number(entry) >= 0 &&
                 as_number(entry) < static_cast<std::int64_t>(classes_.names.size());
      names = names && is_name(entry);
      typed = typed || entry.number;
      named = named || is_name(entry);
    }
    if (typed && named) return Meaning::neither;  // JSON's 1 and "1" in one column
    if (numbers && names) return in_range ? Meaning::both : Meaning::names;
    return numbers ? Meaning::numbers : names ? Meaning::names : Meaning::neither;
  }

  [[noreturn]] void refuse(const LabelColumn& column) const {
    const LabelEntry *number = nullptr, *name = nullptr;
    for (const LabelEntry& entry : column.entries) {
      if (!is_number(entry.text) && !is_name(entry))
        throw DataError(fmt::format(
            "{}: {} is neither a label nor a class name{}", column.where(entry.position), brief(entry.text),
            classes_.names.empty() ? ": no class names are known (classes or files.class_names of the preset)"
                                   : did_you_mean(entry.text, classes_.names)));
      if (!number && (entry.number || !is_name(entry))) number = &entry;
      if (!name && is_name(entry) && (!is_number(entry.text) || names_are_numbers())) name = &entry;
    }
    throw DataError(fmt::format("{}: the label \"{}\" is a class name, {} in {} is a number: one column holds either",
                                column.where(name->position), printable(name->text), number->text,
                                column.where(number->position)));
  }

  // Both readings of every entry are the same class.
  bool agree(const LabelColumn& column) const {
    return std::all_of(column.entries.begin(), column.entries.end(),
                       [&](const LabelEntry& entry) { return as_number(entry) == as_name(entry); });
  }

  [[noreturn]] void refuse_both(const LabelColumn& column) const {
    auto entry = std::find_if(column.entries.begin(), column.entries.end(),
                              [&](const LabelEntry& one) { return as_number(one) != as_name(one); });
    throw DataError(fmt::format(
        "{}: the label {} is the number of class '{}' and the name of class {}: no column says which is meant",
        column.where(entry->position), entry->text,
        printable(classes_.names[static_cast<std::size_t>(as_number(*entry))]), as_name(*entry)));
  }

 private:
  const ClassList& classes_;
  std::int64_t first_;
  std::unordered_map<std::string, std::int64_t> by_name_;
  bool numbered_ = false;
};

}  // namespace

std::vector<std::vector<std::int64_t>> labels_of(const std::vector<LabelColumn>& columns, const ClassList& classes,
                                                 const Manifest& manifest, std::int64_t first) {
  Reading reading(classes, first);
  std::vector<Meaning> meanings;
  for (const LabelColumn& column : columns) {
    meanings.push_back(column.entries.empty() ? Meaning::both : reading.of(column));
    if (meanings.back() == Meaning::neither) reading.refuse(column);
  }
  const LabelColumn* decided = nullptr;
  Meaning other = Meaning::both;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (meanings[i] == Meaning::both) continue;
    if (decided && meanings[i] != other && reading.names_are_numbers())
      throw DataError(
          fmt::format("{}: labels are {}, in {} they are {}: where class names are numbers both must be the same",
                      columns[i].name, meanings[i] == Meaning::names ? "class names" : "numbers", decided->name,
                      other == Meaning::names ? "class names" : "numbers"));
    decided = &columns[i];
    other = meanings[i];
  }
  std::vector<std::vector<std::int64_t>> result;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (meanings[i] == Meaning::both) {
      if (other == Meaning::both && !reading.agree(columns[i])) reading.refuse_both(columns[i]);
      meanings[i] = other == Meaning::names ? Meaning::names : Meaning::numbers;
    }
    if (meanings[i] == Meaning::names) require_unique_names(classes, manifest);
    std::vector<std::int64_t>& labels = result.emplace_back();
    for (const LabelEntry& entry : columns[i].entries)
      labels.push_back(meanings[i] == Meaning::names ? reading.as_name(entry) : reading.as_number(entry));
  }
  return result;
}

}  // namespace winnow::data
