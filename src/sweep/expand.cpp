#include "expand.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <unordered_map>

#include "differences.h"
#include "recipe.h"
#include "shape.h"
#include "structure.h"
#include "validate.h"
#include "winnow/core/error.h"

namespace winnow::sweep {

namespace {

// With more shapes than this in a grid nothing is gained by keeping them: only the last one is.
constexpr std::uint64_t kMostShapes = 1 << 16;

class Expander {
 public:
  Expander(const SweepFile& sweep, const Layout& layout, Catalogue& catalogue, const Resolver& resolver)
      : sweep_(sweep), layout_(layout), catalogue_(catalogue), resolver_(resolver),
        structural_(structural_axes(sweep, catalogue)), applied_(sweep.written),
        override_matched_(sweep.overrides.size()), exclude_matched_(sweep.excludes.size()) {}

  Expansion expand() {
    for (std::size_t grid = 0; grid < sweep_.grids.size(); ++grid) expand(grid);
    if (result_.combinations.empty())
      throw UsageError(fmt::format("{}: every experiment is excluded", sweep_.grids[0].place.file));
    refuse_unapplied(sweep_, catalogue_, applied_, override_matched_);
    for (const std::string& axis : differences_.axes(sweep_))
      if (axis != "width" && axis != kKeepWeights) result_.axes.emplace_back(axis, differences_.values(axis));
    note_idle();
    note_departures();
    return std::move(result_);
  }

 private:
  void expand(std::size_t grid);
  const Shape& shape(std::size_t grid, std::span<const std::uint32_t> digits);
  std::uint64_t shape_index(std::size_t grid, std::span<const std::uint32_t> digits) const;
  bool hold_still(std::size_t grid, Effective&, const std::set<int>& looked_at, const std::set<std::string>& read);
  std::optional<Shape> make_shape(std::size_t grid, std::span<const std::uint32_t> digits);
  void add(const Shape&, std::uint32_t combination, std::span<const std::uint32_t> digits);
  void refuse_equal(std::uint32_t cell, const Shape&, std::uint32_t combination);
  std::string sources(const std::string& profile, const std::string& method) const;
  std::string overruled_axes(std::uint32_t combination) const;
  void note_idle();
  void see_texts(Inspection&);
  void see_departures(Inspection&);
  void note_departures();
  void note_unmet(const std::vector<Condition>&);

  const SweepFile& sweep_;
  const Layout& layout_;
  Catalogue& catalogue_;
  const Resolver& resolver_;
  std::vector<std::vector<bool>> structural_;
  std::vector<bool> applied_, override_matched_, exclude_matched_;
  Differences differences_;
  std::map<std::pair<std::string, std::string>, std::set<std::string>>
      other_texts_,  // method, prompt in the place of its paper's class texts -> data sets
      departures_;   // method, text of a departure that its preset declares -> data sets
  Expansion result_;

  std::unordered_map<std::uint64_t, Shape> shapes_;  // of the current grid
  std::unordered_map<std::uint32_t, std::vector<std::pair<std::string, std::uint32_t>>>
      shared_;                        // cell -> sources of values, experiment
  std::vector<Identity> identities_;  // reused from experiment to experiment
  std::vector<std::uint32_t> stage_nodes_, inputs_;
  std::vector<bool> is_cell_;  // by node
  std::string canonical_;
};

void Expander::expand(std::size_t grid) {
  shapes_.clear();
  std::vector<std::uint32_t> digits(sweep_.grids[grid].axes.size());
  for (std::uint32_t i = 0; i < layout_.count(grid); ++i, layout_.advance(grid, digits)) {
    const Shape& found = shape(grid, digits);
    if (!found.stages.empty()) add(found, layout_.first(grid) + i, digits);
  }
}

std::uint64_t Expander::shape_index(std::size_t grid, std::span<const std::uint32_t> digits) const {
  std::uint64_t index = 0;
  for (std::size_t axis = 0; axis < digits.size(); ++axis)
    if (structural_[grid][axis]) index = index * sweep_.grids[grid].axes[axis].rows.size() + digits[axis];
  return index;
}

const Shape& Expander::shape(std::size_t grid, std::span<const std::uint32_t> digits) {
  auto found = shapes_.find(shape_index(grid, digits));
  if (found != shapes_.end()) return found->second;
  if (shapes_.size() >= kMostShapes) shapes_.clear();
  std::optional<Shape> made;
  while (!made) made = make_shape(grid, digits);  // each time with fewer free axes
  return shapes_.emplace(shape_index(grid, digits), std::move(*made)).first->second;
}

// A recipe read these keys: an axis that sets one of them is structural from now on. Was one free so far?
// Experiments before this one stay as they are: no recipe read the key for them.
bool Expander::hold_still(std::size_t grid, Effective& effective, const std::set<int>& looked_at,
                          const std::set<std::string>& read) {
  std::set<int> keys = looked_at;
  for (const std::string& name : read)
    if (int key = effective.index(name); key >= 0) keys.insert(key);
  bool fewer = false;
  for (int key : keys) {
    if (!effective.value(key)) continue;
    int axis = effective.axis(effective.chain(key).back());
    if (axis < 0 || structural_[grid][static_cast<std::size_t>(axis)]) continue;
    structural_[grid][static_cast<std::size_t>(axis)] = fewer = true;
  }
  if (fewer) shapes_.clear();  // their numbers count structural axes
  return fewer;
}

// None where an axis turned out to be structural.
std::optional<Shape> Expander::make_shape(std::size_t grid, std::span<const std::uint32_t> digits) {
  Resolved resolved = resolver_.resolve(grid, digits);
  if (resolved.excluded) {
    exclude_matched_[*resolved.excluded] = true;
    return Shape();
  }
  for (std::size_t matched : resolved.overrides) override_matched_[matched] = true;
  validate(resolved, catalogue_, sweep_.grids[grid].place, applied_);
  Inspection inspection(resolved.effective);
  inspect(inspection, catalogue_, result_.missing);
  if (hold_still(grid, resolved.effective, inspection.looked_at(), {})) return std::nullopt;
  see_texts(inspection);
  see_departures(inspection);
  std::map<std::string, Slot> slots = slots_of(resolved, sweep_.grids[grid], structural_[grid]);
  Shape shape(resolved, slots, catalogue_);
  if (hold_still(grid, resolved.effective, {}, shape.read)) return std::nullopt;
  ++result_.shapes;
  differences_.add(resolved, slots);
  return shape;
}

void Expander::add(const Shape& shape, std::uint32_t combination, std::span<const std::uint32_t> digits) {
  auto experiment = static_cast<std::uint32_t>(result_.combinations.size());
  identities_ = shape.identities;
  stage_nodes_.clear();
  bool fresh = false;
  for (std::size_t i = 0; i < shape.stages.size(); ++i) {
    const CanonicalTemplate& stage = shape.stages[i];
    if (stage.varies()) {
      stage.write(digits, identities_, canonical_);
      identities_[i] = hash_of(canonical_);
    }
    inputs_.clear();
    for (std::size_t input : stage.inputs()) inputs_.push_back(stage_nodes_[input]);
    std::uint32_t node = 0;
    std::tie(node, fresh) = result_.nodes.add(
        {identities_[i], stage.label(), experiment, stage.own_settings() ? 1 : shape.width, {}, shape.open[i]},
        inputs_);
    stage_nodes_.push_back(node);
  }
  // A stage that is there may be an earlier stage of another experiment; then it is no cell yet.
  is_cell_.resize(result_.nodes.nodes().size());
  if (!fresh && is_cell_[stage_nodes_.back()]) refuse_equal(stage_nodes_.back(), shape, combination);
  is_cell_[stage_nodes_.back()] = true;
  auto& methods = result_.methods;
  auto counted =
      std::find_if(methods.begin(), methods.end(), [&](const auto& entry) { return entry.first == shape.method; });
  ++(counted == methods.end() ? methods.emplace_back(shape.method, 0) : *counted).second;
  result_.combinations.push_back(combination);
  result_.cells.push_back(stage_nodes_.back());
}

// Two experiments may share their last stage if they differ in the profile, or in a method and its variants: sources of
// values, which are no part of an identity.
std::string Expander::sources(const std::string& profile, const std::string& method) const {
  return catalogue_.methods.at(method).variant ? profile + " " + method : profile;
}

void Expander::refuse_equal(std::uint32_t cell, const Shape& shape, std::uint32_t combination) {
  auto& users = shared_[cell];
  if (users.empty()) {
    std::uint32_t first = result_.nodes.nodes()[cell].experiment;
    if (result_.cells[first] != cell)
      first = static_cast<std::uint32_t>(std::find(result_.cells.begin(), result_.cells.end(), cell) -
                                         result_.cells.begin());
    Layout::At at = layout_.locate(result_.combinations[first]);
    Resolved resolved = resolver_.resolve(at.grid, at.digits);
    users.emplace_back(sources(resolved.effective.value("profile")->get<std::string>(),
                               resolved.effective.value("method")->get<std::string>()),
                       first);
  }
  for (const auto& [from, other] : users) {
    if (from != sources(shape.profile, shape.method)) continue;
    Layout::At here = layout_.locate(combination), there = layout_.locate(result_.combinations[other]);
    Resolved resolved = resolver_.resolve(here.grid, here.digits);
    std::string settings;
    for (const std::string& key : differences_.axes(sweep_))
      if (const Value* value = resolved.effective.value(key))
        settings += fmt::format("{}{} = {}", settings.empty() ? "" : ", ", key, value->dump());
    throw UsageError(fmt::format("{}: experiments {} ({}) and {} are equal{}{}{}", sweep_.grids[here.grid].place.text(),
                                 other, sweep_.grids[there.grid].place.text(), result_.combinations.size(),
                                 settings.empty() ? "" : ": ", settings, overruled_axes(combination)));
  }
  users.emplace_back(sources(shape.profile, shape.method), static_cast<std::uint32_t>(result_.combinations.size()));
}

// Axes that a higher level has made pointless: the usual cause of equal experiments.
std::string Expander::overruled_axes(std::uint32_t combination) const {
  Layout::At at = layout_.locate(combination);
  Resolved resolved = resolver_.resolve(at.grid, at.digits);
  std::string result;
  for (const Axis& axis : sweep_.grids[at.grid].axes)
    for (const Written& setting :
         axis.rows[at.digits[static_cast<std::size_t>(&axis - sweep_.grids[at.grid].axes.data())]]) {
      int key = resolved.effective.index(setting.key);
      if (key >= 0 && axis.rows.size() > 1 && resolved.effective.level(key) > Level::grid)
        result += fmt::format("; the axis {} is overruled by {} ({})", setting.key, resolved.effective.level_text(key),
                              resolved.effective.where(key));
    }
  return result;
}

void Expander::note_idle() {
  for (std::size_t i = 0; i < sweep_.overrides.size(); ++i)
    if (!override_matched_[i])
      result_.notes.push_back(
          fmt::format("{}: override {} matches no experiment", sweep_.overrides[i].place.text(), i + 1));
  for (std::size_t i = 0; i < sweep_.excludes.size(); ++i)
    if (!exclude_matched_[i])
      result_.notes.push_back(
          fmt::format("{}: exclude {} matches no experiment", sweep_.excludes[i].place.text(), i + 1));
  for (const Claim& claim : sweep_.claims) {
    for (const auto* conditions : {&claim.better, &claim.worse, &claim.where}) note_unmet(*conditions);
    for (const auto* spread : {&claim.spread, &claim.below})
      if (*spread) note_unmet((*spread)->where);
  }
}

// A prompt by hand in the place of class texts.
void Expander::see_texts(Inspection& seen) {
  if (seen.method().texts.empty()) return;
  std::string dataset = seen.text("dataset"), prompt = seen.text("prompt");
  if (!catalogue_.fingerprints.count(fmt::format("templates/{}/{}", dataset, prompt)))
    other_texts_[{seen.method().name, prompt}].insert(dataset);
}

void Expander::see_departures(Inspection& seen) {
  for (const Departure& departure : seen.method().departures)
    if (std::all_of(departure.when.begin(), departure.when.end(), [&](const auto& condition) {
          const Value* value = seen.find(condition.first);
          return value && *value == condition.second;
        }))
      departures_[{seen.method().name, departure.text}].insert(seen.text("dataset"));
}

void Expander::note_departures() {
  for (const auto& [method_and_prompt, datasets] : other_texts_)
    result_.departures.push_back(fmt::format("{} on {}: class texts by hand ('{}'), not a language model's",
                                             method_and_prompt.first, fmt::join(datasets, ", "),
                                             method_and_prompt.second));
  for (const auto& [method_and_text, datasets] : departures_)
    result_.departures.push_back(
        fmt::format("{} on {}: {}", method_and_text.first, fmt::join(datasets, ", "), method_and_text.second));
}

// A value that no experiment has, beside others that some have: a claim would be about less than it says.
void Expander::note_unmet(const std::vector<Condition>& conditions) {
  for (const Condition& condition : conditions)
    for (const Value& wanted : condition.any) {
      std::vector<Value> values = differences_.all_values(condition.key);
      if (values.empty() || std::find(values.begin(), values.end(), wanted) != values.end()) continue;
      const Value* nearest = nullptr;
      std::string there;
      for (const Value& value : values) {
        there += (there.empty() ? "" : ", ") + value.dump();
        auto distance = [&](const Value& other) { return std::abs(other.get<double>() - wanted.get<double>()); };
        if (wanted.is_number() && value.is_number() && (!nearest || distance(value) < distance(*nearest)))
          nearest = &value;
      }
      result_.notes.push_back(fmt::format("{}: no experiment has {} = {}{}: there are {}", condition.place.text(),
                                          condition.key, wanted.dump(),
                                          nearest ? fmt::format(" (did you mean {}?)", nearest->dump()) : "", there));
    }
}

}  // namespace

Expansion expand(const SweepFile& sweep, const Layout& layout, Catalogue& catalogue, const Resolver& resolver) {
  return Expander(sweep, layout, catalogue, resolver).expand();
}

}  // namespace winnow::sweep
