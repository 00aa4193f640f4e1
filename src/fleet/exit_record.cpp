#include "winnow/fleet/exit_record.h"

#include <cstdlib>
#include <vector>

#include "winnow/core/error.h"
#include "winnow/core/host.h"
#include "winnow/core/revision.h"
#include "winnow/core/settings.h"

namespace winnow::fleet {

void write_exit_record(int code, const Outcome& outcome, const std::optional<Path>& store) {
  const char* run = std::getenv("WINNOW_RUN_ID");
  Value record = {{"code", code},
                  {"done", outcome.counts.done},
                  {"failed", outcome.counts.failed},
                  {"blocked", outcome.counts.blocked},
                  {"cancelled", outcome.counts.withdrawn},
                  {"open", outcome.counts.open},
                  {"drained", outcome.drained},
                  {"host", host_name()},
                  {"time", wall_seconds()},
                  {"run", run ? run : ""},
                  {"revision", revision()}};
  record["sweeps"] = Value::array();
  for (const SweepCounts& sweep : outcome.sweeps)
    if (!sweep.replaced) record["sweeps"].push_back({{"sweep", sweep.name}, {"complete", sweep.complete()}});
  std::vector<Path> places;
  if (store) places.push_back(*store / "exit.json");
  if (const char* path = std::getenv("WINNOW_EXIT_RECORD"); path && *path) places.push_back(path);
  for (const Path& path : places) {
    try {
      std::error_code unseen;  // a folder that may not be looked at: as if it were absent
      if (std::filesystem::is_directory(path.parent_path(), unseen)) write_file_atomically(path, record.dump() + "\n");
    } catch (const DeviceError&) {  // full or read-only: the other place may do
    }
  }
}

}  // namespace winnow::fleet
