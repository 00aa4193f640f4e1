#include "grammar.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "winnow/core/error.h"
#include "winnow/core/json_text.h"

namespace winnow::sweep {

namespace {

class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  SweepFile read(const Item& root, const std::vector<std::string>& sets);

 private:
  Place place(const Item& item) const { return {file_, item.line}; }
  [[noreturn]] void refuse(const Item& at, const std::string& message) const {
    throw UsageError(fmt::format("{}: {}", place(at).text(), message));
  }

  std::string text(const Item& item, const std::string& what) const;
  const Item& table(const Item& item, const std::string& what) const;
  const std::vector<Item>& tables(const Item& item, const std::string& what) const;

  Written written(const std::string& key, const Item& item);
  void settings(const Item& table, const std::string& prefix, const std::string& where, std::vector<Written>& into);
  void grid_entries(const Item& table, const std::string& prefix, const std::string& where, Grid& grid);
  Grid grid(const Item& item, const std::string& where);
  std::vector<Condition> conditions(const Item& table, const std::string& where) const;
  void conditions(const Item& table, const std::string& prefix, std::vector<Condition>& into) const;
  Spread spread_of(const Item& item, const std::string& where) const;
  Claim claim_of(const Item& item, const std::string& where) const;
  Override override_of(const Item& item, const std::string& where);
  void refuse_twice(const Grid& grid, const std::string& where) const;

  std::string file_;
  std::size_t next_id_ = 0;
};

std::string Reader::text(const Item& item, const std::string& what) const {
  if (!item.scalar.is_string()) refuse(item, what + " must be a text");
  return item.scalar.get<std::string>();
}

const Item& Reader::table(const Item& item, const std::string& what) const {
  if (item.kind != Item::Kind::table) refuse(item, what + " must be a table");
  return item;
}

const std::vector<Item>& Reader::tables(const Item& item, const std::string& what) const {
  bool good = item.kind == Item::Kind::array;
  for (const Item& element : item.items) good = good && element.kind == Item::Kind::table;
  if (!good) refuse(item, fmt::format("{0} must be an array of tables, [[{0}]]", what));
  return item.items;
}

Written Reader::written(const std::string& key, const Item& item) {
  return {key, item.json(), place(item), next_id_++};
}

// Settings where no axis may stand: [base], `set` of an override, one value of an axis.
void Reader::settings(const Item& table, const std::string& prefix, const std::string& where,
                      std::vector<Written>& into) {
  for (const auto& [name, item] : table.entries) {
    std::string key = prefix + name;
    if (item.kind == Item::Kind::table) {
      settings(item, key + ".", where, into);
      continue;
    }
    for (const Item& element : item.items)
      if (element.kind != Item::Kind::scalar)
        refuse(item, fmt::format("{}: {} is an array of values: an axis belongs in a [[grid]]", where, key));
    for (const Written& other : into)
      if (other.key == key)
        refuse(item, fmt::format("{}: {} is set twice (also in line {})", where, key, other.place.line));
    into.push_back(written(key, item));
  }
}

void Reader::grid_entries(const Item& table, const std::string& prefix, const std::string& where, Grid& grid) {
  for (const auto& [name, item] : table.entries) {
    std::string key = prefix + name;
    if (item.kind == Item::Kind::table) {
      grid_entries(item, key + ".", where, grid);
    } else if (item.kind == Item::Kind::scalar) {
      grid.fixed.push_back(written(key, item));
    } else {
      if (item.items.empty())
        refuse(item, fmt::format("{}: {} has no values, so the grid has no experiments", where, key));
      Axis axis{key, place(item), {}};
      for (const Item& element : item.items) {
        Row row;
        if (element.kind == Item::Kind::table) settings(element, key == "zip" ? "" : key + ".", where, row);
        else if (key == "zip") refuse(element, fmt::format("{}: zip is an array of tables", where));
        else row.push_back(written(key, element));
        axis.rows.push_back(std::move(row));
      }
      grid.axes.push_back(std::move(axis));
    }
  }
}

// Keys of different axes, or of an axis and a fixed setting, must differ: which one should win?
void Reader::refuse_twice(const Grid& grid, const std::string& where) const {
  std::map<std::string, std::pair<const void*, Place>> seen;
  auto see = [&](const std::string& key, const void* owner, const Place& at) {
    auto [found, fresh] = seen.try_emplace(key, owner, at);
    if (!fresh && found->second.first != owner)
      throw UsageError(
          fmt::format("{}: {}: {} is set twice (also in line {})", at.text(), where, key, found->second.second.line));
  };
  for (const Written& setting : grid.fixed) see(setting.key, &setting, setting.place);
  for (const Axis& axis : grid.axes)
    for (const Row& row : axis.rows)
      for (const Written& setting : row) see(setting.key, &axis, setting.place);
}

Grid Reader::grid(const Item& item, const std::string& where) {
  if (item.entries.empty()) refuse(item, where + " is empty: give it at least one setting");
  Grid grid{place(item), {}, {}};
  grid_entries(item, "", where, grid);
  refuse_twice(grid, where);
  return grid;
}

void Reader::conditions(const Item& table, const std::string& prefix, std::vector<Condition>& into) const {
  for (const auto& [name, item] : table.entries) {
    if (item.kind == Item::Kind::table) {
      conditions(item, prefix + name + ".", into);
      continue;
    }
    Condition condition{prefix + name, {}, place(item)};
    if (item.kind == Item::Kind::scalar) condition.any.push_back(item.scalar);
    for (const Item& element : item.items) condition.any.push_back(element.json());
    into.push_back(std::move(condition));
  }
}

std::vector<Condition> Reader::conditions(const Item& table, const std::string& where) const {
  std::vector<Condition> result;
  conditions(table, "", result);
  if (result.empty()) refuse(table, where + " has no condition, so it would match every experiment");
  return result;
}

Override Reader::override_of(const Item& item, const std::string& where) {
  Override result{place(item), {}, {}};
  for (const auto& [key, entry] : item.entries) {
    if (key == "when") result.when = conditions(table(entry, "when"), where);
    else if (key == "set") settings(table(entry, "set"), "", where, result.set);
    else
      refuse(entry,
             fmt::format("{}: unknown entry '{}': an override has when = {{...}} and set = {{...}}", where, key));
  }
  if (result.when.empty()) refuse(item, where + " has no condition, so it would match every experiment: use [base]");
  if (result.set.empty()) refuse(item, where + " sets nothing");
  return result;
}

Spread Reader::spread_of(const Item& item, const std::string& where) const {
  Spread result;
  result.place = place(item);
  for (const auto& [key, entry] : item.entries) {
    if (key == "over") result.over = text(entry, "over");
    else if (key == "where") result.where = conditions(table(entry, "where"), where);
    else
      refuse(entry, fmt::format("{}: unknown entry '{}'{}: a spread has over = \"an axis\" and where = {{...}}", where,
                                key, did_you_mean(key, {"over", "where"})));
  }
  if (result.over.empty()) refuse(item, where + " spreads over nothing: it needs over = \"an axis\"");
  return result;
}

Claim Reader::claim_of(const Item& item, const std::string& where) const {
  Claim claim;
  claim.place = place(item);
  auto number = [&](const Item& entry, const std::string& key, double low, double high) {
    double value = entry.scalar.is_number() ? entry.scalar.get<double>() : std::nan("");
    if (!(value >= low && value <= high))
      refuse(entry, fmt::format("{}: {}: expected a number in [{:g}, {:g}], got {}", where, key, low, high,
                                brief(entry.json())));
    return value == 0 ? 0.0 : value;  // never -0
  };
  const std::vector<std::string> keys = {"statement", "better", "worse",  "spread", "below",
                                         "at_most",   "where",  "metric", "effect", "alpha"};
  for (const auto& [key, entry] : item.entries) {
    if (key == "statement") claim.statement = text(entry, "statement");
    else if (key == "better") claim.better = conditions(table(entry, "better"), where);
    else if (key == "worse") claim.worse = conditions(table(entry, "worse"), where);
    else if (key == "spread") claim.spread = spread_of(table(entry, "spread"), where);
    else if (key == "below") claim.below = spread_of(table(entry, "below"), where);
    else if (key == "at_most") claim.at_most = number(entry, key, 0, 1e9);
    else if (key == "where") claim.where = conditions(table(entry, "where"), where);
    else if (key == "metric") claim.metric = text(entry, "metric");
    else if (key == "effect") claim.effect = number(entry, key, -1e9, 1e9);
    else if (key == "alpha") claim.alpha = number(entry, key, 1e-6, 0.5);
    else
      refuse(entry, fmt::format("{}: unknown entry '{}'{}: a claim has {}", where, key, did_you_mean(key, keys),
                                fmt::join(keys, ", ")));
  }
  if (claim.statement.empty()) refuse(item, where + " states nothing: it needs statement = \"...\"");
  bool pair = !claim.better.empty() || !claim.worse.empty(), bound = claim.at_most.has_value(),
       spreads = claim.below.has_value();
  bool whole =
      claim.spread ? !pair && bound != spreads : !claim.better.empty() && !claim.worse.empty() && !bound && !spreads;
  if (!whole)
    refuse(item, where + " compares nothing: it needs better and worse, or spread and at_most, or spread and below");
  auto same = [](const std::vector<Condition>& one, const std::vector<Condition>& other) {
    return one.size() == other.size() && std::all_of(one.begin(), one.end(), [&](const Condition& a) {
             return std::any_of(other.begin(), other.end(),
                                [&](const Condition& b) { return a.key == b.key && a.any == b.any; });
           });
  };
  if (!claim.better.empty() && same(claim.better, claim.worse))
    refuse(item, where + " compares experiments with themselves: better and worse are the same");
  if (bound && claim.effect != 0) refuse(item, where + ": at_most is the threshold itself: leave effect out");
  return claim;
}

SweepFile Reader::read(const Item& root, const std::vector<std::string>& sets) {
  SweepFile sweep;
  sweep.name = std::filesystem::path(file_).stem();
  auto numbered = [](std::string_view what, std::size_t n) { return fmt::format("{} {}", what, n); };
  for (const auto& [key, item] : root.entries) {
    if (key == "name") {
      sweep.name = text(item, "name");
    } else if (key == "question") {
      sweep.question = text(item, "question");
    } else if (key == "base") {
      settings(table(item, "base"), "", "base", sweep.base);
    } else if (key == "grid") {
      for (const Item& entry : tables(item, "grid"))
        sweep.grids.push_back(grid(entry, numbered("grid", sweep.grids.size() + 1)));
    } else if (key == "override") {
      for (const Item& entry : tables(item, "override"))
        sweep.overrides.push_back(override_of(entry, numbered("override", sweep.overrides.size() + 1)));
    } else if (key == "exclude") {
      for (const Item& entry : tables(item, "exclude"))
        sweep.excludes.push_back({place(entry), conditions(entry, numbered("exclude", sweep.excludes.size() + 1))});
    } else if (key == "claim") {
      for (const Item& entry : tables(item, "claim"))
        sweep.claims.push_back(claim_of(entry, numbered("claim", sweep.claims.size() + 1)));
    } else {
      refuse(item,
             fmt::format("unknown entry '{}'{}: a sweep has name, question, [base], [[grid]], [[override]], "
                         "[[exclude]], [[claim]]; "
                         "settings stand in [base] or a [[grid]]",
                         key, did_you_mean(key, {"name", "question", "base", "grid", "override", "exclude", "claim"})));
    }
  }
  if (sweep.grids.empty()) sweep.grids.push_back(Grid{{file_, 0}, {}, {}});
  auto plain = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_' || c == '.'; };
  if (sweep.name.empty() || sweep.name[0] == '.' || !std::all_of(sweep.name.begin(), sweep.name.end(), plain))
    throw UsageError(
        fmt::format("{}: the sweep's name '{}' must consist of letters, digits, '-', '_' and '.': folders are "
                    "called after it",
                    file_, sweep.name));
  constexpr std::size_t kLongest = 100;
  if (sweep.name.size() > kLongest)
    throw UsageError(
        fmt::format("{}: the sweep's name has {} letters: folders are called after it, at most {} are allowed", file_,
                    sweep.name.size(), kLongest));
  for (const std::string& set : sets) {
    std::size_t equal = set.find('=');
    if (equal == 0 || equal == std::string::npos) throw UsageError(fmt::format("--set {}: expected KEY=VALUE", set));
    Place at{"--set " + set, 0};
    Value value = parse_toml_value(std::string_view(set).substr(equal + 1), at.file);
    std::string key = set.substr(0, equal);
    for (auto& [name, leaf] :
         value.is_object() ? flatten(value, key + ".") : std::map<std::string, Value>{{key, value}})
      sweep.sets.push_back({name, leaf, at, next_id_++});
  }
  sweep.written = next_id_;
  return sweep;
}

}  // namespace

std::vector<const Written*> SweepFile::all() const {
  std::vector<const Written*> result;
  auto add = [&](const std::vector<Written>& settings) {
    for (const Written& setting : settings) result.push_back(&setting);
  };
  add(base);
  for (const Grid& grid : grids) {
    add(grid.fixed);
    for (const Axis& axis : grid.axes)
      for (const Row& row : axis.rows) add(row);
  }
  for (const Override& entry : overrides) add(entry.set);
  add(sets);
  std::sort(result.begin(), result.end(), [](const Written* a, const Written* b) { return a->id < b->id; });
  return result;
}

SweepFile parse_sweep(std::string_view text, const std::string& file, const std::vector<std::string>& sets) {
  return Reader(file).read(parse_toml(text, file), sets);
}

}  // namespace winnow::sweep
