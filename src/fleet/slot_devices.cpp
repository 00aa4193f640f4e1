#include "slot_devices.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <set>

#include "winnow/core/error.h"
#include "winnow/core/host.h"

namespace winnow::fleet {

namespace {

std::string called(const Gpu& gpu) {
  return fmt::format("GPU {}{}{}", gpu.index, gpu.name.empty() ? "" : " " + gpu.name,
                     gpu.uuid.empty() ? "" : " (" + gpu.uuid + ")");
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t start = 0; start <= text.size();) {
    std::size_t end = std::min(text.find(',', start), text.size());
    std::string word(text.substr(start, end - start));
    word.erase(0, word.find_first_not_of(' '));
    word.erase(word.find_last_not_of(' ') + 1);
    if (!word.empty()) words.push_back(std::move(word));
    start = end + 1;
  }
  return words;
}

bool alike(const std::vector<Gpu>& list) {
  return std::all_of(list.begin(), list.end(), [&](const Gpu& gpu) { return gpu.name == list.front().name; });
}

// CUDA ends the list at the first word that names nothing; so does this, but says so.
std::vector<Gpu> visible_of(const std::vector<Gpu>& list, const char* visible, bool bus_order,
                            std::vector<std::string>& warnings) {
  if (!visible) return list;
  std::vector<Gpu> result;
  for (const std::string& word : split(visible)) {
    int number = 0;
    bool is_number = std::from_chars(word.data(), word.data() + word.size(), number).ptr == word.data() + word.size();
    if (is_number && !bus_order && !alike(list))
      throw UsageError(
          fmt::format("host {}: CUDA_VISIBLE_DEVICES={} numbers GPUs of several kinds in an order of CUDA's "
                      "own: set CUDA_DEVICE_ORDER=PCI_BUS_ID too, or name them by UUID (nvidia-smi -L)",
                      host_name(), visible));
    auto found = std::find_if(list.begin(), list.end(), [&](const Gpu& gpu) {
      return is_number ? gpu.index == number : !gpu.uuid.empty() && gpu.uuid.starts_with(word);
    });
    if (found == list.end()) {
      if (word != "NoDevFiles" && word != "-1")
        warnings.push_back(
            fmt::format("host {}: CUDA_VISIBLE_DEVICES={} names '{}', which is no GPU here; what stands "
                        "behind it is not used",
                        host_name(), visible, word));
      break;
    }
    result.push_back(*found);
  }
  return result;
}

std::optional<int> number_in(const char* variable) {
  const char* text = std::getenv(variable);
  return text ? std::optional<int>(std::atoi(text)) : std::nullopt;
}

}  // namespace

std::uint32_t SlotDevices::gpu_count() const {
  std::set<std::string> uuids;
  for (const Gpu& gpu : gpus) uuids.insert(gpu.uuid);
  return static_cast<std::uint32_t>(uuids.size());
}

SlotDevices slot_devices(const Options& options, const Gpus& gpus, const char* visible, bool bus_order, int agent,
                         int agents) {
  SlotDevices result;
  result.slots = std::max(1u, options.trainers);
  if (options.devices == Options::Devices::cpu) return result;
  std::vector<Gpu> usable;
  std::vector<Gpu> candidates = visible_of(gpus.list, visible, bus_order, result.warnings);
  for (const Gpu& gpu : candidates) {
    std::string why = gpu.unusable;
    if (why.empty() && !gpu.processes.empty() && !options.busy_gpus)
      ++result.busy,
          why = fmt::format("process {} computes on it; --busy-gpus takes it all the same", gpu.processes.front());
    if (why.empty() && gpu.one_process && options.per_gpu > 1)
      why = fmt::format("its compute mode admits one process, --per-gpu {} wants more", options.per_gpu);
    if (why.empty()) usable.push_back(gpu);
    else result.warnings.push_back(fmt::format("host {}: {} is left out: {}", host_name(), called(gpu), why));
  }
  std::vector<Gpu> ours;
  for (std::size_t i = 0; i < usable.size(); ++i)
    if (static_cast<int>(i) % agents == agent) ours.push_back(usable[i]);
  if (ours.empty()) {
    // A machine whose GPUs are all left out has lost them: to compute on its CPUs instead is for a person to say.
    bool has_some = !candidates.empty() || !result.warnings.empty();
    if (options.devices == Options::Devices::automatic && !has_some) return result;
    std::string why = !gpus.missing.empty()      ? gpus.missing
                      : !result.warnings.empty() ? result.warnings.front()
                      : gpus.list.empty()        ? "the driver knows none"
                      : usable.empty()           ? "CUDA_VISIBLE_DEVICES names none"
                                                 : fmt::format("{} agents share {} of them", agents, usable.size());
    throw UsageError(
        fmt::format("host {} has no GPU for this run: {}; --device cpu computes on CPUs", host_name(), why));
  }
  std::size_t wanted = options.trainers == 0 ? ours.size() * options.per_gpu : options.trainers;
  if (wanted > ours.size() * options.per_gpu)
    throw UsageError(
        fmt::format("--trainers {}: host {} has {} GPU{} for this run, {} trainer{} each: lower it, or say "
                    "--per-gpu {}",
                    wanted, host_name(), ours.size(), ours.size() == 1 ? "" : "s", options.per_gpu,
                    options.per_gpu == 1 ? "" : "s", (wanted + ours.size() - 1) / ours.size()));
  for (std::size_t slot = 0; slot < wanted; ++slot) result.gpus.push_back(ours[slot % ours.size()]);
  result.slots = static_cast<std::uint32_t>(wanted);
  return result;
}

SlotDevices slot_devices(const Options& options) {
  const char* order = std::getenv("CUDA_DEVICE_ORDER");
  // Which of the agents on this machine: Open MPI's words, then those of Slurm's own launcher.
  int agent = number_in("OMPI_COMM_WORLD_LOCAL_RANK").value_or(number_in("SLURM_LOCALID").value_or(0));
  int agents = number_in("OMPI_COMM_WORLD_LOCAL_SIZE").value_or(std::max(agent + 1, 1));
  Gpus gpus;
  if (options.devices != Options::Devices::cpu) gpus = find_gpus();
  return slot_devices(options, gpus, std::getenv("CUDA_VISIBLE_DEVICES"),
                      order && std::string_view(order) == "PCI_BUS_ID", agent, std::max(agents, agent + 1));
}

}  // namespace winnow::fleet
