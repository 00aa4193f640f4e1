#include "shot_list.h"

#include <fmt/format.h>

#include <cstring>
#include <vector>

#include "winnow/core/error.h"
#include "winnow/core/file_state.h"
#include "winnow/core/settings.h"
#include "winnow/store/run_file.h"

namespace winnow::cmd {

void write_shot_list(const Path& run, const Path& list) {
  store::RunContent content = store::read_run_file(run);
  const Settings& settings = content.stage.settings;
  auto samples = content.arrays.find("labels/samples");
  if (!settings.has("data.shots") || settings.integer("data.shots") == 0 || samples == content.arrays.end())
    throw UsageError(fmt::format("show: {} did not train on few labelled images (data.shots)", run.string()));
  if (samples->second.dtype != store::DType::i64) throw DataError("samples that are no whole numbers");
  std::vector<std::int64_t> places(samples->second.count());
  std::memcpy(places.data(), samples->second.bytes.data(), samples->second.bytes.size());
  if (is_there(list)) throw UsageError(fmt::format("show: {} is there already", list.string()));
  write_file_atomically(list, Value(places).dump() + "\n");
  fmt::print("{}: {} labelled images\n", list.string(), places.size());
}

}  // namespace winnow::cmd
