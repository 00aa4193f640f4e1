#include "winnow/report/definition.h"

#include <fmt/format.h>

#include <algorithm>

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
        if (result[i].name == result[j].name) throw UsageError(fmt::format("{}: a second table '{}'", result[i].place.text(), result[i].name));
    return result;
  }

 private:
  [[noreturn]] void fail(const Item& item, const std::string& key, const std::string& what) const {
    throw UsageError(fmt::format("{}: {}: {}", Place{file_, item.line}.text(), key, what));
  }
  void known(const Item& table, const std::vector<std::string>& keys) const {
    if (table.kind != Item::Kind::table) throw UsageError(fmt::format("{}: expected a table", Place{file_, table.line}.text()));
    for (const auto& [key, item] : table.entries)
      if (std::find(keys.begin(), keys.end(), key) == keys.end())
        throw UsageError(fmt::format("{}: unknown key '{}'{}: known are {}", Place{file_, item.line}.text(), key, did_you_mean(key, keys), fmt::join(keys, ", ")));
  }
  std::string text(const Item& item, const std::string& key) const {
    if (item.kind != Item::Kind::scalar || !item.scalar.is_string()) fail(item, key, "expected a text");
    return item.scalar.get<std::string>();
  }
  double number(const Item& item, const std::string& key) const {
    if (item.kind != Item::Kind::scalar || !item.scalar.is_number()) fail(item, key, "expected a number");
    return item.scalar.get<double>();
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
    known(table, {"name", "title", "where", "rows", "columns", "labels", "metric", "rule", "published"});
    Definition result;
    result.place = {file_, table.line};
    for (const auto& [key, item] : table.entries) {
      if (key == "name") result.name = text(item, key);
      else if (key == "title") result.title = text(item, key);
      else if (key == "where") add(result.where, item, "");
      else if (key == "rows") result.rows = texts(item, key);
      else if (key == "columns") result.columns = texts(item, key);
      else if (key == "metric") result.metric = Metric::named(text(item, key), result.metric.rule);
      else if (key == "rule") try {
          result.metric.rule = parse_rule(text(item, key));
        } catch (const UsageError& error) {
          fail(item, key, error.what());
        }
      else if (key == "labels")
        for (const auto& [value, label] : item.entries) result.labels[value] = text(label, value);
      else if (key == "published") {
        if (item.kind != Item::Kind::array) fail(item, key, "expected tables [[table.published]]");
        for (const Item& entry : item.items) result.published.push_back(reference(entry));
      }
    }
    if (result.name.empty()) throw UsageError(fmt::format("{}: a table needs a name", result.place.text()));
    return result;
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

  Definition::Reference reference(const Item& table) const {
    known(table, {"where", "value", "deviation", "n", "source"});
    Definition::Reference result;
    result.place = {file_, table.line};
    bool valued = false;
    for (const auto& [key, item] : table.entries) {
      if (key == "where") add(result.where, item, "");
      else if (key == "deviation") result.published.deviation = number(item, key);
      else if (key == "n") result.published.n = static_cast<std::size_t>(number(item, key));
      else if (key == "source") result.published.source = text(item, key);
      else if (key == "value") {
        valued = true;
        bool missing = item.kind == Item::Kind::scalar && item.scalar == "not available";
        if (!missing && !(item.kind == Item::Kind::scalar && item.scalar.is_number())) fail(item, key, "expected a number or \"not available\"");
        if (!missing) result.published.value = item.scalar.get<double>();
      }
    }
    if (!valued) throw UsageError(fmt::format("{}: a published number needs a value, or \"not available\"", result.place.text()));
    if (result.published.source.empty()) throw UsageError(fmt::format("{}: a published number needs a source", result.place.text()));
    if (result.where.empty()) throw UsageError(fmt::format("{}: a published number needs `where`: the cell it belongs to", result.place.text()));
    return result;
  }

  std::string file_;
};

}  // namespace

std::vector<Definition> read_definitions(const Path& path) { return Reader(path.string()).read(sweep::parse_toml(read_file(path), path.string())); }

}  // namespace winnow::report
