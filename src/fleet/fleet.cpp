#include "winnow/fleet/fleet.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "clock.h"
#include "coordinator.h"
#include "slot_devices.h"
#include "start_watch.h"
#include "winnow/core/error.h"
#include "winnow/core/host.h"
#include "winnow/core/revision.h"

namespace winnow::fleet {

struct Fleet::State {
  Options options;
  World world;
  std::unique_ptr<MpiWorld> mpi;
  bool lost_rank = false;
};

Fleet::Fleet(const Options& options, const World& world) : state_(new State{options, world, nullptr}) {}
Fleet::~Fleet() = default;

Outcome Fleet::coordinate(const Work& work, Observer& observer) {
  Coordinator coordinator(work, state_->options, state_->world, state_->mpi, observer);
  if (state_->world.mpi) {
    StartWatch watch(state_->world.size, StartWatch::Of::coordinator);
    state_->mpi = std::make_unique<MpiWorld>(state_->world);
  }
  Outcome outcome = coordinator.run();
  state_->lost_rank = coordinator.lost_rank();
  return outcome;
}

void Fleet::leave(int code) {
  if (!state_->world.mpi) return;
  if (state_->lost_rank) MpiWorld::abort(code);
  ::signal(SIGALRM, SIG_DFL);
  ::alarm(30);  // a rank that dies now must not hold us for ever
  if (!state_->mpi) state_->mpi = std::make_unique<MpiWorld>(state_->world);
  for (int rank = 1; rank < state_->world.size; ++rank) state_->mpi->dismiss(rank);
  while (state_->mpi->sending()) {
    state_->mpi->receive([](int, std::string_view) {});
    ::usleep(100);
  }
  state_->mpi->finalize();
  ::alarm(0);
}

namespace {

constexpr Words<Options::Devices>::Entry kDeviceWords[] = {
    {Options::Devices::automatic, "auto"}, {Options::Devices::cpu, "cpu"}, {Options::Devices::cuda, "cuda"}};
constexpr Words<Options::Devices> kDevices("device", kDeviceWords);

}  // namespace

const Words<Options::Devices>& devices() { return kDevices; }

Room room_here(const Options& options) {
  SlotDevices devices = slot_devices(options);
  Room room{devices.slots, devices.gpu_count(), devices.partitioned(), "", 0};
  if (devices.gpus.empty()) return room;
  room.first_gpu = devices.gpus.front().uuid;
  room.capability = std::ranges::min(devices.gpus, {}, &Gpu::capability).capability;
  return room;
}

void serve(const Options& options, const World& world) {
  relay(start_agent(options), world, options.timers.coordinator_silence);
}

}  // namespace winnow::fleet
