#include "one_stage.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "winnow/core/error.h"
#include "winnow/device/memory.h"
#include "winnow/method/chunks.h"

namespace winnow::cmd {

namespace {

std::int64_t chunk_after(int out_of_memory, const Stage& stage, int width) {
  if (out_of_memory == 0) return 0;
  std::int64_t rows = stage.settings.has("train.batch") ? stage.settings.integer("train.batch") : method::kChunkRows;
  constexpr int kBits = 2, kMostBits = 62;  // a quarter each time
  return std::max<std::int64_t>(1, (rows / width) >> std::min(kBits * out_of_memory, kMostBits));
}

// Of a process and of all that it started.
std::int64_t resident_of(const std::string& process) {
  std::string folder = "/proc/" + process;
  std::int64_t total = 0, resident = 0;
  std::ifstream(folder + "/statm") >> total >> resident;
  std::int64_t bytes = resident * ::sysconf(_SC_PAGESIZE);
  std::ifstream children(folder + "/task/" + (process == "self" ? std::to_string(::getpid()) : process) + "/children");
  for (std::string child; children >> child;) bytes += resident_of(child);
  return bytes;
}

}  // namespace

train::Context context_of(const protocol::Context& said, const Stage& stage, c10::Device device) {
  train::Context context;
  context.device = device;
  context.data.insert(said.data.begin(), said.data.end());
  context.inputs.insert(said.inputs.begin(), said.inputs.end());
  context.threads = said.threads;
  context.loaders = said.loaders >= 0 ? said.loaders : train::loaders_for(device);
  if (said.device_images >= 0) context.device_images = said.device_images;
  context.checkpoint_every = said.checkpoint_every;
  context.keep_images = said.keep_images;
  context.keep_features = said.keep_features;
  context.chunk = chunk_after(said.out_of_memory, stage, std::max(1, said.width));
  context.out_of_memory = said.out_of_memory;
  context.trial = said.trial;
  return context;
}

Finished execute_and_write(const Stage& stage, const train::Context& context, const Path& output,
                           comm::Collective& gang, train::Observer& observer) {
  device::release_memory(context.device);
  train::Execution execution = train::execute(stage, context, gang, observer);
  Finished finished{gang.rank() == 0 ? store::write_run_file(output, execution.content) : store::Written{},
                    execution.trial, device::peak_memory(context.device)};
  execution = {};
  device::release_memory(context.device);
  return finished;
}

Value to_json(const train::Trial& trial) {
  return {{"first_step", trial.first_step},
          {"later_step", trial.later_step},
          {"first_passes", trial.first_passes},
          {"later_passes", trial.later_passes},
          {"evaluation", trial.evaluation},
          {"once", trial.once},
          {"epochs", trial.epochs},
          {"steps_per_epoch", trial.steps_per_epoch},
          {"memory", peak_bytes()}};
}

std::int64_t resident_bytes() { return resident_of("self"); }

std::int64_t peak_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace winnow::cmd
