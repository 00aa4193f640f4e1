#include "value_numbers.h"

#include <map>
#include <unordered_map>

#include "slots.h"
#include "structure.h"
#include "winnow/core/error.h"

namespace winnow::sweep {

namespace {

// One axis in all experiments of a shape: the same value, or one for each row of a free axis.
struct Source {
  std::uint32_t fixed;
  std::size_t digit = 0;
  std::vector<std::uint32_t> by_row;  // empty: fixed
};

class Numberer {
 public:
  Numberer(const SweepFile& sweep, const Layout& layout, const Catalogue& catalogue, const Resolver& resolver,
           const Expansion& expansion, std::uint32_t absent)
      : sweep_(sweep), layout_(layout), resolver_(resolver), expansion_(expansion), absent_(absent),
        structural_(structural_axes(sweep, catalogue)) {
    for (const auto& [name, values] : expansion.axes) {
      auto& numbers = numbers_.emplace_back();
      for (const Value& value : values) numbers.emplace(value, static_cast<std::uint32_t>(numbers.size()));
    }
  }

  std::vector<std::vector<std::uint32_t>> all() {
    std::size_t axes = expansion_.axes.size();
    std::vector<std::vector<std::uint32_t>> result(axes,
                                                   std::vector<std::uint32_t>(expansion_.combinations.size(), absent_));
    for (std::size_t i = 0; i < expansion_.combinations.size(); ++i) {
      Layout::At at = layout_.locate(expansion_.combinations[i]);
      const std::vector<Source>& sources = shape(at);
      for (std::size_t axis = 0; axis < axes; ++axis) {
        const Source& source = sources[axis];
        result[axis][i] = source.by_row.empty() ? source.fixed : source.by_row[at.digits[source.digit]];
      }
    }
    return result;
  }

 private:
  const std::vector<Source>& shape(const Layout::At& at) {
    if (at.grid != grid_) shapes_.clear(), grid_ = at.grid;
    std::uint64_t index = 0;
    for (std::size_t axis = 0; axis < at.digits.size(); ++axis)
      if (structural_[at.grid][axis]) index = index * sweep_.grids[at.grid].axes[axis].rows.size() + at.digits[axis];
    auto [found, fresh] = shapes_.try_emplace(index);
    if (fresh) found->second = sources(at);
    return found->second;
  }

  std::vector<Source> sources(const Layout::At& at) {
    Resolved resolved = resolver_.resolve(at.grid, at.digits);
    std::map<std::string, Slot> slots = slots_of(resolved, sweep_.grids[at.grid], structural_[at.grid]);
    std::vector<Source> result;
    for (std::size_t axis = 0; axis < expansion_.axes.size(); ++axis) {
      const std::string& key = expansion_.axes[axis].first;
      Source source{absent_, 0, {}};
      if (auto slot = slots.find(key); slot != slots.end() && !slot->second.values.empty()) {
        source.digit = static_cast<std::size_t>(slot->second.axis);
        for (const Value& value : slot->second.values) source.by_row.push_back(number(axis, value));
      } else if (int known = resolved.effective.index(key); known >= 0) {
        if (const Value* value = resolved.effective.value(known)) source.fixed = number(axis, *value);
      }
      result.push_back(std::move(source));
    }
    return result;
  }

  std::uint32_t number(std::size_t axis, const Value& value) const {
    auto found = numbers_[axis].find(value);
    if (found == numbers_[axis].end())
      throw InternalError("the axis " + expansion_.axes[axis].first +
                          " has a value that the expansion has not seen: " + value.dump());
    return found->second;
  }

  const SweepFile& sweep_;
  const Layout& layout_;
  const Resolver& resolver_;
  const Expansion& expansion_;
  std::uint32_t absent_;
  std::vector<std::vector<bool>> structural_;
  std::vector<std::map<Value, std::uint32_t>> numbers_;  // by axis
  std::unordered_map<std::uint64_t, std::vector<Source>> shapes_;
  std::size_t grid_ = 0;  // whose shapes these are
};

}  // namespace

std::vector<std::vector<std::uint32_t>> value_numbers(const SweepFile& sweep, const Layout& layout,
                                                      const Catalogue& catalogue, const Resolver& resolver,
                                                      const Expansion& expansion, std::uint32_t absent) {
  return Numberer(sweep, layout, catalogue, resolver, expansion, absent).all();
}

}  // namespace winnow::sweep
