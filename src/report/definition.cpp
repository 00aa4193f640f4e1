#include "winnow/report/definition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "winnow/core/error.h"

namespace winnow::report {

namespace {

using sweep::Item;
using sweep::Place;

class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  std::vector<Definition> read(const Item& root) {
    known(root, {"table"});
    std::vector<Definition> result;
    for (const auto& [key, item] : root.entries) {
      if (item.kind != Item::Kind::array || item.items.empty()) fail(item, key, "expected tables [[table]]");
      for (const Item& table : item.items) result.push_back(definition(table));
    }
    if (result.empty()) throw UsageError(fmt::format("{}: no [[table]]", file_));
    for (std::size_t i = 0; i < result.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (result[i].name == result[j].name)
          throw UsageError(fmt::format("{}: a second table '{}'", result[i].place.text(), result[i].name));
    return result;
  }

 private:
  [[noreturn]] void fail(const Item& item, const std::string& key, const std::string& what) const {
    throw UsageError(fmt::format("{}: {}: {}", Place{file_, item.line}.text(), key, what));
  }
  void known(const Item& table, const std::vector<std::string>& keys) const {
    if (table.kind != Item::Kind::table)
      throw UsageError(fmt::format("{}: expected a table", Place{file_, table.line}.text()));
    for (const auto& [key, item] : table.entries)
      if (std::find(keys.begin(), keys.end(), key) == keys.end())
        throw UsageError(fmt::format("{}: unknown key '{}'{}: known are {}", Place{file_, item.line}.text(), key,
                                     did_you_mean(key, keys), fmt::join(keys, ", ")));
  }
  std::string text(const Item& item, const std::string& key) const {
    if (item.kind != Item::Kind::scalar || !item.scalar.is_string()) fail(item, key, "expected a text");
    return item.scalar.get<std::string>();
  }
  double number(const Item& item, const std::string& key) const {
    if (item.kind != Item::Kind::scalar || !item.scalar.is_number()) fail(item, key, "expected a number");
    return item.scalar.get<double>();
  }
  std::int64_t count(const Item& item, const std::string& key, std::int64_t least, std::int64_t most) const {
    if (item.kind != Item::Kind::scalar || !item.scalar.is_number_integer() ||
        item.scalar.get<std::int64_t>() < least || item.scalar.get<std::int64_t>() > most)
      fail(item, key, fmt::format("expected a whole number from {} to {}", least, most));
    return item.scalar.get<std::int64_t>();
  }
  std::vector<std::string> texts(const Item& item, const std::string& key) const {
    if (item.kind != Item::Kind::array) fail(item, key, "expected an array of texts");
    std::vector<std::string> result;
    for (const Item& entry : item.items) result.push_back(text(entry, key));
    return result;
  }
  // As the report writes values of axes.
  std::string shown(const Item& item, const std::string& key) const {
    if (item.kind != Item::Kind::scalar) fail(item, key, "expected a value");
    return item.scalar.is_string() ? item.scalar.get<std::string>() : item.scalar.dump();
  }

  Definition definition(const Item& table) const {
    known(table, {"name", "title", "sweeps", "where", "rows", "columns", "labels", "metric", "rule", "digits", "beside",
                  "average", "published"});
    Definition result;
    result.place = {file_, table.line};
    const Item* beside = nullptr;
    for (const auto& [key, item] : table.entries) {
      if (key == "name") result.name = text(item, key);
      else if (key == "title") result.title = text(item, key);
      else if (key == "sweeps") result.sweeps = texts(item, key);
      else if (key == "where") add(result.where, item, "");
      else if (key == "rows") result.rows = texts(item, key);
      else if (key == "columns") result.columns = texts(item, key);
      else if (key == "metric") result.metric = named(text(item, key), result.metric);
      else if (key == "rule") result.metric.rule = rule(item, key);
      else if (key == "digits") result.metric.digits = static_cast<int>(count(item, key, 0, 12));
      else if (key == "beside") beside = &item;
      else if (key == "average") result.average = texts(item, key);
      else if (key == "labels") {
        if (item.kind != Item::Kind::table)
          fail(item, key, "expected a table of values and their names, like { cc = \"average loss\" }");
        for (const auto& [value, label] : item.entries) result.labels[value] = text(label, value);
      } else if (key == "published") {
        if (item.kind != Item::Kind::array) fail(item, key, "expected tables [[table.published]]");
        for (const Item& entry : item.items) references(entry, result.published);
      }
    }
    if (result.name.empty()) throw UsageError(fmt::format("{}: a table needs a name", result.place.text()));
    if (beside) result.beside = second(*beside, result.metric);
    if (!beside)
      for (const Definition::Reference& reference : result.published)
        if (reference.beside)
          throw UsageError(fmt::format("{}: the table has no second number (`beside`) that this could be of",
                                       reference.place.text()));
    return result;
  }

  // { metric = "detect.selection_recall" } or { rule = "last" }: what it does not say is the table's.
  Metric second(const Item& table, const Metric& first) const {
    known(table, {"metric", "rule"});
    Metric metric = first;
    for (const auto& [key, item] : table.entries)
      if (key == "metric") metric = named(text(item, key), metric);
      else metric.rule = rule(item, key);
    if (metric.stage == first.stage && metric.column() == first.column())
      fail(table, "beside", "the second number is the first one: give it a metric or a rule of its own");
    return metric;
  }
  Rule rule(const Item& item, const std::string& key) const {
    try {
      return parse_rule(text(item, key));
    } catch (const UsageError& error) {
      fail(item, key, error.what());
    }
  }

  // { method = "cc", labels = { rate = [0.1, 0.7] } }: nested tables are dotted keys, as in a sweep.
  void add(Definition::Where& where, const Item& table, const std::string& prefix) const {
    if (table.kind != Item::Kind::table) fail(table, "where", "expected a table of values");
    for (const auto& [key, item] : table.entries) {
      std::string name = prefix + key;
      if (item.kind == Item::Kind::table) {
        add(where, item, name + ".");
      } else if (item.kind == Item::Kind::array) {
        for (const Item& value : item.items) where[name].push_back(shown(value, name));
        if (item.items.empty()) fail(item, name, "no value to compare with");
      } else {
        where[name].push_back(shown(item, name));
      }
    }
  }

  static Metric named(const std::string& text, const Metric& other) {
    Metric metric = Metric::named(text, other.rule);
    metric.digits = other.digits;
    return metric;
  }

  std::optional<double> value(const Item& item, const std::string& key) const {
    if (item.kind == Item::Kind::scalar && item.scalar == "not available") return std::nullopt;
    if (item.kind != Item::Kind::scalar || !item.scalar.is_number() || !std::isfinite(item.scalar.get<double>()))
      fail(item, key, "expected a number or \"not available\"");
    return item.scalar.get<double>();
  }

  // One number and its cell; or a line of a printed table: `over` an axis, `values` in the order of its values there.
  void references(const Item& table, std::vector<Definition::Reference>& into) const {
    known(table, {"where", "over", "value", "values", "beside", "deviation", "deviations", "n", "source"});
    Definition::Reference common;
    common.place = {file_, table.line};
    Definition::Where over;
    std::vector<std::optional<double>> values, deviations, beside;
    bool one = false, line = false;
    for (const auto& [key, item] : table.entries) {
      auto each = [&](std::vector<std::optional<double>>& list) {
        if (item.kind != Item::Kind::array) fail(item, key, "expected an array of numbers");
        for (const Item& entry : item.items) list.push_back(value(entry, key));
      };
      if (key == "where") add(common.where, item, "");
      else if (key == "over") add(over, item, "");
      else if (key == "source") common.published.source = text(item, key);
      else if (key == "n") common.published.n = static_cast<std::size_t>(count(item, key, 1, 1'000'000));
      else if (key == "deviation") common.published.deviation = number(item, key);
      else if (key == "value") one = true, common.published.value = value(item, key);
      else if (key == "values") line = true, each(values);
      else if (key == "beside" && item.kind == Item::Kind::array) each(beside);
      else if (key == "beside") common.beside = value(item, key);
      else if (key == "deviations") each(deviations);
    }
    auto refuse = [&](const std::string& what) { throw UsageError(fmt::format("{}: {}", common.place.text(), what)); };
    if (one == line)
      refuse("a published number needs a value, or \"not available\"; a line of them `over` and `values`");
    if (line != (over.size() == 1) || (one && !(deviations.empty() && beside.empty())) ||
        (line && (common.published.deviation || common.beside)))
      refuse("`value`, `deviation` and a number `beside` are for one cell, lists of them go `over` one axis");
    if (common.published.source.empty()) refuse("a published number needs a source");
    if (common.where.empty() && one) refuse("a published number needs `where`: the cell it belongs to");
    if (one) check_deviation(common), into.push_back(common);
    if (one) return;
    const auto& [axis, at] = *over.begin();
    auto also = [&](const auto& list, const char* what) {
      return list.empty() ? "" : fmt::format(" and {} {}", list.size(), what);
    };
    auto fits = [&](const auto& list) { return list.empty() || list.size() == at.size(); };
    if (values.size() != at.size() || !fits(deviations) || !fits(beside))
      refuse(fmt::format("{} values{}{} for {} values of {}", values.size(), also(beside, "beside them"),
                         also(deviations, "deviations"), at.size(), axis));
    for (std::size_t i = 0; i < at.size(); ++i) {
      Definition::Reference reference = common;
      reference.where[axis] = {at[i]};
      reference.published.value = values[i];
      if (!deviations.empty()) reference.published.deviation = deviations[i];
      if (!beside.empty()) reference.beside = beside[i];
      check_deviation(reference);
      into.push_back(std::move(reference));
    }
  }
  static void check_deviation(const Definition::Reference& reference) {
    if (auto deviation = reference.published.deviation; deviation && !(*deviation >= 0 && std::isfinite(*deviation)))
      throw UsageError(fmt::format("{}: a deviation is a number from 0", reference.place.text()));
  }

  std::string file_;
};

}  // namespace

std::vector<Definition> read_definitions(const Path& path) {
  return Reader(path.string()).read(sweep::parse_toml(read_file(path), path.string()));
}

}  // namespace winnow::report
