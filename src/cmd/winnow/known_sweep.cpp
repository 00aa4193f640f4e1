#include "known_sweep.h"

#include <system_error>

#include "winnow/core/error.h"
#include "winnow/core/host.h"

namespace winnow::cmd {

namespace {

std::string absolute_name(const Path& path) {
  std::error_code unknown;  // the working folder is gone: the name as it was given is the best there is
  Path whole = std::filesystem::absolute(path, unknown);
  return (unknown ? path : whole).lexically_normal().string();
}

}  // namespace

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
