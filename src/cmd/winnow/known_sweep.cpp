#include "known_sweep.h"

#include "winnow/core/absolute_name.h"
#include "winnow/core/error.h"
#include "winnow/core/host.h"

namespace winnow::cmd {

store::KnownSweep known_sweep(const SweepOptions& options, const sweep::Plan& plan) {
  store::KnownSweep known{plan.name(), absolute_name(options.file), options.sets, {}, 0, {}};
  for (const Path& folder : options.presets.named()) known.presets.push_back(absolute_name(folder));
  for (const sweep::Node& node : plan.nodes())
    if (!node.open) known.stages.push_back(node.identity);
  return known;
}

void remember(const Path& store, const SweepOptions& options, const sweep::Plan& plan) {
  store::KnownSweep known = known_sweep(options, plan);
  known.time = wall_seconds();
  try {
    store::remember_sweep(store, known);
  } catch (const DeviceError&) {  // what runs will say so
  }
}

}  // namespace winnow::cmd
