#include "fleet_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

#include "alike.h"
#include "winnow/core/error.h"
#include "winnow/stage/data_sets.h"

namespace winnow::cmd {

namespace {

constexpr sched::Priority kOfNobody = std::numeric_limits<sched::Priority>::max();
constexpr const char* kDone = "done";  // the class of what is not executed

void require_one(const std::string& name, const fleet::DataSource& one, const fleet::DataSource& other) {
  if (one.digest == other.digest) return;
  throw UsageError(
      fmt::format("{} and {} both describe data set {}, differently: run the sweeps that use it one after the other",
                  one.source, other.source, name));
}

}  // namespace

FleetWork::FleetWork(const UnitedPlans& plans, const std::vector<std::string>& files,
                     const std::vector<sweep::Catalogue>& catalogues, Order order)
    : plans_(plans), order_(order) {
  work_.graph.priorities.assign(plans.stages().size(), kOfNobody);
  for (std::size_t p = 0; p < plans.plans().size(); ++p) {
    work_.name += (p ? ", " : "") + plans.plans()[p].name();
    take_sweep(p, p < files.size() ? files[p] : "", end_of_priorities(), rows_of(p));
  }
  for (const sweep::Catalogue& catalogue : catalogues) add_programs(catalogue, programs_);
  const std::vector<Alike> alike(plans.plans().begin(), plans.plans().end());
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, Kind> known;  // by plan, what is alike, width
  for (std::uint32_t stage = 0; stage < plans.stages().size(); ++stage) {
    const UnitedPlans::Member& member = plans.stages()[stage];
    if (plans.first_need(stage) == plans.plans().size()) {
      take_stage(stage, {{kDone, 1}});
      continue;
    }
    auto [entry, fresh] = known.try_emplace({member.plan, alike[member.plan].of(member.node), member.width});
    if (fresh) entry->second = kind_of(stage);
    take_stage(stage, entry->second);
  }
  for (std::size_t p = 0; p < catalogues.size(); ++p) take_sources(p, catalogues[p]);
  work_.stage = [this](sched::StageId stage) { return stage_order(plans_.regenerate(stage), programs_); };
  work_.label = [this](sched::StageId stage) { return plans_.label(stage); };
}

sched::Priority FleetWork::end_of_priorities() const {
  sched::Priority end = 0;
  for (const Turn& turn : turns_) end = std::max(end, turn.end);
  return end;
}

// One for all, where the order is that of sweeps.
TableRows FleetWork::rows_of(std::size_t place) const {
  if (order_ == Order::by_rows) return table_rows(plans_.plans()[place]);
  TableRows one;
  one.of_node.resize(plans_.plans()[place].nodes().size());
  return one;
}

void FleetWork::take_sweep(std::size_t place, const std::string& file, sched::Priority first, const TableRows& rows) {
  const sweep::Plan& plan = plans_.plans()[place];
  const std::vector<bool>& needed = plans_.needed_by(place);
  work_.sweeps.push_back({plan.name(), plan.nodes().size(), needed, plans_.left_out_of(place), file});
  turns_.push_back({first, first + static_cast<sched::Priority>(rows.count)});
  for (std::size_t node = 0; node < plan.nodes().size(); ++node) {
    std::uint32_t stage = plans_.numbers(place)[node];
    sched::Priority own = first + static_cast<sched::Priority>(rows.of_node[node]);
    if (needed[stage]) work_.graph.priorities[stage] = std::min(work_.graph.priorities[stage], own);
  }
}

FleetWork::Kind FleetWork::kind_of(std::uint32_t stage) const {
  const Stage regenerated = plans_.regenerate(stage);
  Kind kind{duration_class(regenerated, plans_.node(stage).label, plans_.stages()[stage].width)};
  if (const sweep::MethodProgram* program = program_of(regenerated, programs_)) kind.memory = program->wishes.memory;
  for (const auto& [name, print] : data_sets_of(regenerated)) kind.datasets.insert(name);
  return kind;
}

// Of a class all read the same data sets, but where one names none of its own (features of another's).
void FleetWork::take_stage(std::uint32_t stage, Kind kind) {
  work_.identities.push_back(plans_.stages()[stage].identity);
  work_.graph.inputs.push_back(plans_.inputs(stage));
  work_.graph.done.push_back(kind.of.name == kDone);
  auto [entry, fresh] = classes_.try_emplace(kind.of.name, static_cast<sched::ClassId>(classes_.size()));
  work_.graph.classes.push_back(entry->second);
  if (!fresh) return kinds_[entry->second].datasets.merge(kind.datasets);
  work_.classes.push_back(kind.of.name);
  work_.sizes.push_back(kind.of.size);
  work_.memory.push_back(kind.memory);
  work_.graph.widths.push_back(kind.of.name == kDone ? 1 : plans_.stages()[stage].width);
  kinds_.push_back(std::move(kind));
}

void FleetWork::take_sources(std::size_t place, const sweep::Catalogue& catalogue) {
  std::set<sched::ClassId> classes;
  for (std::uint32_t stage : plans_.numbers(place))
    if (plans_.needed_by(place)[stage]) classes.insert(work_.graph.classes[stage]);
  for (sched::ClassId id : classes)
    for (const std::string& name : kinds_[id].datasets) {
      auto preset = catalogue.datasets.find(name);
      if (preset == catalogue.datasets.end()) continue;  // recorded batches of a test
      fleet::DataSource source{preset->second.content, preset->second.source, preset->second.digest};
      auto known = work_.datasets.try_emplace(name, source).first;
      require_one(name, known->second, source);
    }
  for (const sweep::PresetFile& preset : catalogue.outside) work_.files.push_back(preset.path);
  for (const auto& [name, method] : catalogue.methods)
    if (method.program)
      for (const std::string& file : method.program->files)
        work_.files.push_back((method.program->folder / file).string());
}

void FleetWork::require_alike(const FleetWork& other) const {
  for (const auto& [name, source] : other.work_.datasets)
    if (auto known = work_.datasets.find(name); known != work_.datasets.end()) require_one(name, known->second, source);
}

fleet::Addition FleetWork::extend(const FleetWork& alone, bool first, std::optional<std::size_t> replaces) {
  const std::size_t place = plans_.plans().size() - 1, before = work_.identities.size(), classes = work_.classes.size();
  const std::vector<sched::Priority> old = work_.graph.priorities;
  for (fleet::Wanted& sweep : work_.sweeps) sweep.needed.resize(plans_.stages().size());
  work_.graph.priorities.resize(plans_.stages().size(), kOfNobody);
  const TableRows rows = rows_of(place);
  sched::Priority own = replaces ? turns_[*replaces].first : end_of_priorities();
  if (first) {
    for (const Turn& turn : turns_) own = std::min(own, turn.first);
    own -= static_cast<sched::Priority>(rows.count);
  }
  take_sweep(place, alone.work_.sweeps[0].file, own, rows);
  if (replaces) work_.sweeps[*replaces].replaced = true;
  work_.name.clear();
  for (const fleet::Wanted& sweep : work_.sweeps)
    if (!sweep.replaced) work_.name += (work_.name.empty() ? "" : ", ") + sweep.name;

  const std::vector<std::uint32_t>& numbers = plans_.numbers(place);
  for (std::size_t node = 0; node < numbers.size(); ++node) {
    if (numbers[node] < before) continue;
    Kind kind = alone.kinds_[alone.work_.graph.classes[node]];
    bool needed = plans_.needed_by(place)[numbers[node]];
    if (needed && kind.of.name == kDone) kind = kind_of(numbers[node]);
    take_stage(numbers[node], needed ? std::move(kind) : Kind{{kDone, 1}});
  }
  work_.datasets.insert(alone.work_.datasets.begin(), alone.work_.datasets.end());
  programs_.insert(alone.programs_.begin(), alone.programs_.end());
  work_.files.insert(work_.files.end(), alone.work_.files.begin(), alone.work_.files.end());

  fleet::Addition addition{place, replaces, {}, {}, plans_.done_of(place)};
  auto tail = [&](const auto& all, std::size_t from) {
    return std::decay_t<decltype(all)>(all.begin() + static_cast<std::ptrdiff_t>(from), all.end());
  };
  const sched::Graph& graph = work_.graph;
  addition.more = {tail(graph.inputs, before), tail(graph.classes, before), tail(graph.widths, classes),
                   tail(graph.done, before), tail(graph.priorities, before)};
  for (std::size_t stage = 0; stage < before; ++stage)
    if (graph.priorities[stage] != old[stage]) addition.priorities.emplace_back(stage, graph.priorities[stage]);
  return addition;
}

}  // namespace winnow::cmd
