#include "winnow/sweep/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>

#include "check_written.h"
#include "expand.h"
#include "experiment.h"
#include "value_numbers.h"
#include "winnow/core/error.h"

namespace winnow::sweep {

struct Plan::Impl {
  SweepFile sweep;
  Catalogue catalogue;
  Hash128 digest;
  Schemas schemas{catalogue};
  Layout layout{sweep};
  Resolver resolver{sweep, catalogue, schemas};
  Expansion expansion{};
  // The stages of the experiment that was regenerated last: who goes through the nodes asks for all of them one after
  // the other, and each would cost as much as all.
  struct {
    std::mutex mutex;
    std::optional<std::size_t> experiment;
    Stages stages;
  } last{};

  Effective effective(std::size_t experiment) const {
    Layout::At at = layout.locate(expansion.combinations.at(experiment));
    return resolver.resolve(at.grid, at.digits).effective;
  }
};

Plan::Plan(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;
Plan::~Plan() = default;

Plan Plan::read(const Path& sweep_file, const Catalogue& catalogue, const std::vector<std::string>& sets,
                Absent absent) {
  std::string text = read_file(sweep_file);
  Hasher hasher;
  hasher.add(text);
  for (const std::string& set : sets) hasher.add(std::string_view("\0", 1)).add(set);
  for (const PresetFile& preset : catalogue.outside) hasher.add(std::string_view("\0", 1)).add(preset.text);
  // In place: the parts of Impl refer to each other.
  std::unique_ptr<Impl> impl(new Impl{parse_sweep(text, sweep_file.string(), sets), catalogue, hasher.digest()});
  check_written(impl->sweep, impl->catalogue);
  impl->expansion = expand(impl->sweep, impl->layout, impl->catalogue, impl->resolver);
  if (absent == Absent::refuse && !impl->expansion.missing.empty()) {
    std::string all;
    for (const Missing& missing : impl->expansion.missing)
      all += fmt::format("{}{}: {}", all.empty() ? "" : "; ", missing.where, missing.refusal);
    throw UsageError(all);
  }
  return Plan(std::move(impl));
}

const std::string& Plan::name() const { return impl_->sweep.name; }
const std::string& Plan::question() const { return impl_->sweep.question; }
std::size_t Plan::experiments() const { return impl_->expansion.combinations.size(); }
const std::vector<Node>& Plan::nodes() const { return impl_->expansion.nodes.nodes(); }
Hash128 Plan::digest() const { return impl_->digest; }

std::vector<std::string> Plan::axes() const {
  std::vector<std::string> names;
  for (const auto& [name, values] : impl_->expansion.axes) names.push_back(name);
  return names;
}

std::vector<Value> Plan::values(std::string_view axis) const {
  for (const auto& [name, values] : impl_->expansion.axes)
    if (name == axis) return values;
  return {};
}

std::vector<std::vector<std::uint32_t>> Plan::value_numbers() const {
  return sweep::value_numbers(impl_->sweep, impl_->layout, impl_->catalogue, impl_->resolver, impl_->expansion,
                              kAbsent);
}

const std::vector<std::pair<std::string, std::size_t>>& Plan::methods() const { return impl_->expansion.methods; }
const std::vector<Claim>& Plan::claims() const { return impl_->sweep.claims; }
const std::vector<Missing>& Plan::missing() const { return impl_->expansion.missing; }
const std::vector<std::string>& Plan::notes() const { return impl_->expansion.notes; }
std::size_t Plan::resolved() const { return impl_->expansion.shapes; }
const std::vector<std::string>& Plan::departures() const { return impl_->expansion.departures; }
std::uint32_t Plan::cell_node(std::size_t experiment) const { return impl_->expansion.cells.at(experiment); }

std::vector<bool> Plan::needed(const std::vector<bool>& done) const {
  std::vector<bool> result(nodes().size());
  for (std::uint32_t cell : impl_->expansion.cells) result[cell] = true;
  for (std::size_t i = nodes().size(); i-- > 0;) {  // inputs come before those who need them
    if (done[i]) result[i] = false;
    if (result[i])
      for (std::uint32_t input : nodes()[i].inputs) result[input] = true;
  }
  return result;
}

bool Plan::declared_by_methods(std::string_view key) const {
  const std::vector<Key>& common = impl_->catalogue.common;
  return std::none_of(common.begin(), common.end(), [&](const Key& declared) { return declared.key == key; });
}

Settings Plan::settings(std::size_t experiment) const {
  Effective effective = impl_->effective(experiment);
  return settings_of(effective);
}

std::vector<Explained> Plan::explain(std::size_t experiment) const {
  Effective effective = impl_->effective(experiment);
  std::vector<Explained> result;
  for (int key = 0; key < effective.schema().size(); ++key)
    if (const Value* value = effective.value(key))
      result.push_back({effective.schema()[key].key->key, *value, effective.level_text(key), effective.where(key)});
  return result;
}

Stage Plan::stage(std::uint32_t node) const {
  const Node& wanted = nodes().at(node);
  auto& last = impl_->last;
  std::lock_guard lock(last.mutex);
  if (last.experiment != wanted.experiment) {
    last.experiment.reset();
    Effective effective = impl_->effective(wanted.experiment);
    last.stages = stages_of(effective, impl_->catalogue);
    last.experiment = wanted.experiment;
  }
  for (std::size_t i = 0; i < last.stages.drafts.size(); ++i)
    if (last.stages.identities[i] == wanted.identity) return last.stages.drafts[i].stage;
  throw InternalError("stage " + wanted.identity.hex() + " is not what its experiment regenerates");
}

}  // namespace winnow::sweep
