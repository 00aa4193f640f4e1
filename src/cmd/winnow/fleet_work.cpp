#include "fleet_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "stage_class.h"
#include "stage_order.h"
#include "winnow/core/error.h"
#include "winnow/core/hash.h"
#include "winnow/stage/data_sets.h"

namespace winnow::cmd {

namespace {

// A plan's digest covers the file's bytes; the file's own digest is cheap enough to be taken every few seconds.
std::function<std::vector<std::string>()> changed_files(const std::vector<std::string>& files) {
  auto digests = [files] {
    std::vector<std::optional<Hash128>> result;
    for (const std::string& file : files) try {
        result.push_back(hash_of(read_file(file)));
      } catch (const DataError&) {
        result.push_back(std::nullopt);
      }
    return result;
  };
  return [files, digests, before = digests()] {
    std::vector<std::optional<Hash128>> now = digests();
    std::vector<std::string> changed;
    for (std::size_t i = 0; i < files.size(); ++i)
      if (now[i] != before[i]) changed.push_back(files[i]);
    return changed;
  };
}

void add_source(fleet::Work& work, const std::string& name, const sweep::Catalogue& catalogue) {
  auto found = catalogue.datasets.find(name);
  if (found == catalogue.datasets.end()) return;  // recorded batches of a test
  const sweep::Dataset& preset = found->second;
  auto [known, fresh] =
      work.datasets.try_emplace(name, fleet::DataSource{preset.content, preset.source, preset.digest});
  if (!fresh && known->second.digest != preset.digest)
    throw UsageError(
        fmt::format("{} and {} both describe data set {}, differently: run the sweeps that use it one after the other",
                    known->second.source, preset.source, name));
}

}  // namespace

fleet::Work work_of(const UnitedPlans& plans, std::vector<std::string> files,
                    const std::vector<sweep::Catalogue>& catalogues) {
  fleet::Work work;
  for (std::size_t p = 0; p < plans.plans().size(); ++p) {
    const sweep::Plan& plan = plans.plans()[p];
    work.name += (p ? ", " : "") + plan.name();
    work.sweeps.push_back({plan.name(), plan.nodes().size(), plans.needed_by(p), plans.left_out_of(p)});
  }
  Programs programs;
  for (const sweep::Catalogue& catalogue : catalogues) add_programs(catalogue, programs);
  std::map<std::string, sched::ClassId> classes;
  std::vector<std::set<std::string>> datasets(plans.plans().size());  // by plan: of the stages that it needs
  for (std::uint32_t i = 0; i < plans.stages().size(); ++i) {
    const UnitedPlans::Member& member = plans.stages()[i];
    std::size_t first = plans.first_need(i);
    work.identities.push_back(member.identity);
    work.graph.inputs.push_back(plans.inputs(i));
    work.graph.done.push_back(first == plans.plans().size());
    if (plans.plans().size() > 1)
      work.graph.priorities.push_back(static_cast<std::uint16_t>(std::min<std::size_t>(first, 65535)));
    StageClass kind{"done", 1};
    std::int64_t memory = 0;
    if (!work.graph.done[i]) {
      Stage stage = plans.regenerate(i);
      kind = stage_class(stage, plans.node(i).label, member.width);
      if (const sweep::MethodProgram* program = program_of(stage, programs)) memory = program->wishes.memory;
      for (const auto& [name, print] : data_sets_of(stage))
        for (std::size_t p = first; p < plans.plans().size(); ++p)
          if (plans.needed_by(p)[i]) datasets[p].insert(name);
    }
    auto [entry, fresh] = classes.try_emplace(kind.name, static_cast<sched::ClassId>(classes.size()));
    if (fresh) {
      work.classes.push_back(kind.name);
      work.sizes.push_back(kind.size);
      work.memory.push_back(memory);
      work.graph.widths.push_back(work.graph.done[i] ? 1 : member.width);
    }
    work.graph.classes.push_back(entry->second);
  }
  for (std::size_t p = 0; p < catalogues.size(); ++p) {
    for (const sweep::PresetFile& preset : catalogues[p].outside) files.push_back(preset.path);
    for (const std::string& name : datasets[p]) add_source(work, name, catalogues[p]);
  }
  for (const auto& [print, program] : programs)
    for (const std::string& file : program.files) files.push_back((program.folder / file).string());
  work.stage = [&plans, programs](sched::StageId stage) { return stage_order(plans.regenerate(stage), programs); };
  work.label = [&plans](sched::StageId stage) { return plans.label(stage); };
  work.changed = changed_files(files);
  return work;
}

}  // namespace winnow::cmd
