// The agent's GPUs: which trainer sees which, when one may be used again, what happens when one is lost.
#include <fmt/format.h>

#include <algorithm>

#include "agent_loop.h"
#include "clock.h"
#include "winnow/core/host.h"

namespace winnow::fleet {

using sched::Agent;
using sched::Slot;

namespace {

// Of a GPU's memory: what a driver's own bookkeeping may hold more or less of while nobody computes.
constexpr double kSlack = 0.05;

// What a process holds of a GPU beside its stage's tensors: CUDA's context, kernels, libraries' work space.
constexpr std::int64_t kOfAProcess = std::int64_t{768} << 20;

constexpr int kLooks = 3;  // in a row that find a GPU unusable: a single one may be the driver's hiccup

}  // namespace

void AgentLoop::take_devices() {
  devices_ = slot_devices(options_);
  slots_.resize(devices_.slots);
  std::vector<Gpu> gpus;
  for (const Gpu& gpu : devices_.gpus)
    if (taken_.try_emplace(gpu.uuid, gpu.used).second) gpus.push_back(gpu);
  watch_.emplace(std::move(gpus));
}

sched::SharedDevices AgentLoop::shared_devices() const {
  if (devices_.gpus.empty() || options_.per_gpu == 1) return {};
  const std::vector<Gpu>& gpus = watch_->seen();  // each once
  std::vector<std::uint32_t> device_of;
  std::vector<std::int64_t> room;
  for (const Gpu& gpu : gpus) room.push_back(gpu.memory - taken_.at(gpu.uuid));
  for (const Gpu& gpu : devices_.gpus) {
    auto place = std::find_if(gpus.begin(), gpus.end(), [&](const Gpu& each) { return each.uuid == gpu.uuid; });
    device_of.push_back(static_cast<std::uint32_t>(place - gpus.begin()));
    room[device_of.back()] -= kOfAProcess;
  }
  return {std::move(device_of), std::move(room)};
}

std::string AgentLoop::devices_of(const std::vector<Slot>& slots) const {
  std::string list;
  for (Slot slot : slots) list += (list.empty() ? "" : ",") + devices_.gpus[slot].uuid;
  return list;
}

// With several trainers on a GPU, or with others' beside ours, no amount of memory says that one has ended.
bool AgentLoop::memory_is_free(const std::string& uuid) const {
  if (options_.per_gpu > 1 || options_.busy_gpus) return true;
  const std::vector<Gpu>& gpus = watch_->seen();
  auto gpu = std::find_if(gpus.begin(), gpus.end(), [&](const Gpu& each) { return each.uuid == uuid; });
  return static_cast<double>(gpu->used - taken_.at(uuid)) <= kSlack * static_cast<double>(gpu->memory);
}

// What a killed trainer held on its GPU is given back a moment after its end: one that starts before would find no
// memory.
void AgentLoop::start_waiting() {
  for (Slot slot = 0; slot < slots_.size(); ++slot) {
    const std::vector<Slot>& slots = slots_[slot].to_start;
    if (slots.empty()) continue;
    bool free =
        std::all_of(slots.begin(), slots.end(), [&](Slot each) { return memory_is_free(devices_.gpus[each].uuid); });
    if (free) start(slot);
  }
}

void AgentLoop::look_at_gpus() {
  if (devices_.gpus.empty() || now() - looked_ < options_.timers.beat / 2) return;
  looked_ = now();
  for (const Gpu& gpu : watch_->look()) {
    int& missed = missed_[gpu.uuid];
    missed = gpu.unusable.empty() ? 0 : missed + 1;
    if (missed != kLooks) continue;
    send({.kind = Message::Kind::note,
          .text = fmt::format("host {}: GPU {} {} ({}) is used no more: {}", host_name(), gpu.index, gpu.name, gpu.uuid,
                              gpu.unusable)});
    for (Slot slot = 0; slot < slots_.size(); ++slot)
      if (devices_.gpus[slot].uuid == gpu.uuid) post(Agent::Closed{slot, "its GPU was lost"});
  }
}

void AgentLoop::execute(const Agent::ReportSlots& c) {
  send({.kind = Message::Kind::resized, .number = static_cast<double>(c.slots)});
}

std::string AgentLoop::name_of(Slot slot) const {
  if (devices_.gpus.empty()) return fmt::format("trainer {}", slot);
  const Gpu& gpu = devices_.gpus[slot];
  return fmt::format("GPU {} {} ({})", gpu.index, gpu.name, gpu.uuid);
}

void AgentLoop::execute(const Agent::Quarantined& c) {
  send(
      {.kind = Message::Kind::quarantined, .number = seconds(c.length), .text = name_of(c.slot), .attempts = c.failed});
}

void AgentLoop::execute(const Agent::Readmitted& c) {
  send({.kind = Message::Kind::readmitted, .number = c.cleared ? 1.0 : 0.0, .text = name_of(c.slot)});
}

}  // namespace winnow::fleet
