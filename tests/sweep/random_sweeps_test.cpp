// Random sweeps against a naive reading of docs/design.md#3: the expansion is an ordered bijection with the product,
// zip, union, override and exclude of their definition, and every stage made the fast way is the one made the slow way.
#include <functional>
#include <random>

#include "fixture.h"

namespace winnow::sweep {
namespace {

using Row = std::map<std::string, Value>;

struct RandomOverride {
  Row when, set;
};
struct RandomGrid {
  std::vector<std::vector<Row>> axes;
};
struct RandomSweep {
  Row base;
  std::vector<RandomGrid> grids;
  std::vector<RandomOverride> overrides;
  std::vector<Row> excludes;
};

// Keys that exist for every experiment of `ce` with symmetric labels, with legal values. Two of them are typed as reals
// and drawn as integers, one is often equal to its default.
const std::map<std::string, std::vector<Value>> kPool = {
    {"seed", {0, 1, 2}},
    {"train.epochs", {1, 10, 3}},
    {"train.lr", {5e-4, 1, 0.25}},
    {"train.batch", {64, 32}},
    {"scale", {25, 3}},
    {"labels.rate", {0, 0.5, 1}},
    {"labels.seed", {0, 1}},
    {"labels.balanced", {true, false}},
    {"adapt", {"adaptformer", "linear-probe"}},
    {"data.samples", {0, 500, 5000}},
    {"train.weight_decay", {1e-5, 0.1}},
    {"data.seed", {0, "=seed"}},
};

class Maker {
 public:
  explicit Maker(unsigned seed) : engine_(seed) {}

  RandomSweep sweep() {
    RandomSweep result;
    result.base = some(4);
    for (int i = below(3) + 1; i > 0; --i) result.grids.push_back(grid());
    for (int i = below(3); i > 0; --i) result.overrides.push_back({without_references(some(2)), some(2)});
    for (int i = below(2); i > 0; --i) result.excludes.push_back(without_references(some(2)));
    return result;
  }

 private:
  int below(int n) { return std::uniform_int_distribution<int>(0, n - 1)(engine_); }
  std::string key() { return std::next(kPool.begin(), below(static_cast<int>(kPool.size())))->first; }
  Value value(const std::string& key) {
    return kPool.at(key)[static_cast<std::size_t>(below(static_cast<int>(kPool.at(key).size())))];
  }
  Row some(int most) {
    Row row;
    for (int i = below(most) + 1; i > 0; --i) {
      std::string k = key();
      row[k] = value(k);
    }
    return row;
  }
  static Row without_references(Row row) {
    for (auto& [k, v] : row)
      if (v == "=seed") v = 0;
    return row;
  }
  RandomGrid grid() {
    RandomGrid result;
    std::set<std::string> used;
    for (int i = below(4) + 1; i > 0; --i) {
      std::vector<std::string> keys;
      for (int n = below(3) + 1; n > 0; --n)
        if (std::string k = key(); used.insert(k).second) keys.push_back(k);
      if (keys.empty()) continue;
      std::vector<Row> axis;
      for (int n = below(3) + 1; n > 0; --n) {
        Row row;
        for (const std::string& k : keys)
          if (keys.size() == 1 || below(5) > 0) row[k] = value(k);
        axis.push_back(row);
      }
      result.axes.push_back(axis);
    }
    if (result.axes.empty()) result.axes = {{{{"seed", 0}}, {{"seed", 1}}}};
    return result;
  }

  std::mt19937 engine_;
};

std::string inline_table(const Row& row) {
  std::string text = "{ ";
  for (const auto& [key, value] : row) text += (text.size() > 2 ? ", \"" : "\"") + key + "\" = " + value.dump();
  return text + " }";
}

// Axes of one key as plain arrays; others as zip, of which a grid has one.
std::string to_toml(const RandomSweep& sweep) {
  std::string text =
      "[base]\ndataset = \"fashion-mnist\"\nmodel = \"nano-clip\"\nmethod = \"ce\"\n\"labels.kind\" = \"symmetric\"\n";
  if (!sweep.base.count("labels.rate")) text += "\"labels.rate\" = 0.125\n";
  for (const auto& [key, value] : sweep.base) text += "\"" + key + "\" = " + value.dump() + "\n";
  for (const RandomGrid& grid : sweep.grids) {
    text += "[[grid]]\n";
    for (const auto& axis : grid.axes) {
      bool plain = true;
      for (const Row& row : axis) plain = plain && row.size() == 1 && row.begin()->first == axis[0].begin()->first;
      text += plain ? "\"" + axis[0].begin()->first + "\" = [" : "zip = [";
      for (const Row& row : axis) text += (plain ? row.begin()->second.dump() : inline_table(row)) + ", ";
      text += "]\n";
    }
  }
  for (const RandomOverride& entry : sweep.overrides)
    text += "[[override]]\nwhen = " + inline_table(entry.when) + "\nset = " + inline_table(entry.set) + "\n";
  for (const Row& exclude : sweep.excludes) {
    text += "[[exclude]]\n";
    for (const auto& [key, value] : exclude) text += "\"" + key + "\" = " + value.dump() + "\n";
  }
  return text;
}

// The definition, without any cleverness: lay rows over rows, ask conditions, follow the two references there can be.
class Naive {
 public:
  explicit Naive(const RandomSweep& sweep) : sweep_(sweep) {
    for (const RandomGrid& grid : sweep.grids) product(grid, 0, {});
  }
  std::vector<Row> experiments;

 private:
  static Value effective(const Row& row, const std::string& key) {
    static const Row defaults = {
        {"seed", 0},         {"train.epochs", 10},         {"train.lr", 5e-4},         {"train.batch", 64},
        {"scale", 25},       {"labels.seed", "=seed"},     {"labels.balanced", false}, {"adapt", "adaptformer"},
        {"data.samples", 0}, {"train.weight_decay", 1e-5}, {"data.seed", 0},           {"labels.rate", 0.125}};
    auto found = row.find(key);
    Value value = found == row.end() ? defaults.at(key) : found->second;
    return value == "=seed" ? effective(row, "seed") : value;
  }
  static bool matches(const Row& row, const Row& when) {
    return std::all_of(when.begin(), when.end(),
                       [&](const auto& entry) { return effective(row, entry.first) == entry.second; });
  }
  static void lay(Row& row, const Row& over) {
    for (const auto& [key, value] : over) row[key] = value;
  }
  void product(const RandomGrid& grid, std::size_t axis, Row rows) {
    if (axis < grid.axes.size()) {
      for (const Row& row : grid.axes[axis]) {
        Row next = rows;
        lay(next, row);
        product(grid, axis + 1, next);
      }
      return;
    }
    Row all = sweep_.base;
    lay(all, rows);
    for (const RandomOverride& entry : sweep_.overrides)
      if (matches(all, entry.when)) lay(all, entry.set);
    for (const Row& exclude : sweep_.excludes)
      if (matches(all, exclude)) return;
    Row result;
    for (const auto& [key, values] : kPool) result[key] = effective(all, key);
    experiments.push_back(result);
  }

  const RandomSweep& sweep_;
};

class RandomSweeps : public SweepTest {};

TEST_F(RandomSweeps, AreTheProductOfTheirDefinition) {
  int planned = 0, equal = 0, empty = 0;
  for (unsigned seed = 0; seed < 1500; ++seed) {
    RandomSweep random = Maker(seed).sweep();
    // A grid has one zip at most: leave out sweeps whose TOML would name it twice.
    std::string text = to_toml(random);
    bool two_zips = false;
    for (std::size_t at = text.find("[[grid]]"); at != std::string::npos; at = text.find("[[grid]]", at + 1)) {
      std::size_t first = text.find("zip = ", at), end = std::min(text.find("[[", at + 1), text.size());
      two_zips = two_zips || (first < end && text.find("zip = ", first + 1) < end);
    }
    if (two_zips) continue;
    SCOPED_TRACE(text);
    Naive naive(random);
    std::set<Row> distinct(naive.experiments.begin(), naive.experiments.end());
    std::string refused = refusal(text);
    if (distinct.size() != naive.experiments.size()) {
      EXPECT_NE(refused.find("are equal"), std::string::npos) << refused;
      ++equal;
      continue;
    }
    if (naive.experiments.empty()) {
      EXPECT_EQ(refused, "s.toml: every experiment is excluded");
      ++empty;
      continue;
    }
    ASSERT_EQ(refused, "accepted");
    Plan p = plan(text);
    ASSERT_EQ(p.experiments(), naive.experiments.size());
    std::set<std::uint32_t> cells;
    std::vector<std::string> axes = p.axes();
    std::vector<std::vector<std::uint32_t>> numbers = p.value_numbers();
    for (std::size_t i = 0; i < p.experiments(); ++i) {
      Settings settings = p.settings(i);
      for (std::size_t axis = 0; axis < axes.size(); ++axis) {
        ASSERT_EQ(numbers[axis][i] == Plan::kAbsent, !settings.has(axes[axis])) << axes[axis] << " of " << i;
        if (!settings.has(axes[axis])) continue;
        ASSERT_EQ(p.values(axes[axis]).at(numbers[axis][i]), settings.at(axes[axis])) << axes[axis] << " of " << i;
      }
      for (const auto& [key, value] : naive.experiments[i]) ASSERT_EQ(settings.at(key), value) << key << " of " << i;
      cells.insert(p.cell_node(i));
    }
    ASSERT_EQ(cells.size(), p.experiments());
    for (std::uint32_t i = 0; i < p.nodes().size(); ++i) ASSERT_EQ(p.stage(i).identity(), p.nodes()[i].identity);
    ++planned;
  }
  // The random sweeps must be worth something: enough of them of each kind.
  EXPECT_GT(planned, 150);
  EXPECT_GT(equal, 50);
  EXPECT_GT(empty, 0);
}

}  // namespace
}  // namespace winnow::sweep
