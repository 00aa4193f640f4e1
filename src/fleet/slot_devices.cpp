#include "slot_devices.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <thread>

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
            fmt::format("CUDA_VISIBLE_DEVICES={} names '{}', which is no GPU here; what stands behind it is not used",
                        visible, word));
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

// Open MPI says it, under its own mpirun and under srun; Slurm's own words say which, and how many only where the job
// asked for so many on each node.
AgentPlace place_of_this_agent() {
  if (auto agent = number_in("OMPI_COMM_WORLD_LOCAL_RANK"))
    return {*agent, std::max(*agent + 1, number_in("OMPI_COMM_WORLD_LOCAL_SIZE").value_or(1))};
  std::optional<int> agent = number_in("SLURM_LOCALID");
  if (!agent || number_in("SLURM_NTASKS").value_or(1) == 1) return {};
  std::optional<int> agents = number_in("SLURM_NTASKS_PER_NODE");
  if (!agents)
    throw UsageError(
        "srun starts several tasks and does not say how many on each node, among which GPUs are shared: give "
        "--ntasks-per-node=1");
  return {*agent, std::max(*agent + 1, *agents)};
}

// Every stage would fail where our own trainer cannot use what the driver shows.
void require_use_of(const Gpus& gpus, const Options& options) {
  if (!options.own_trainer) return;
  if (gpus.cuda > 0 && gpus.cuda < kCudaNeeded)
    throw UsageError(
        fmt::format("host {} has GPUs, but its driver {} serves CUDA {}, and CUDA {} is needed: install a newer "
                    "driver, or compute on CPUs (--device cpu)",
                    host_name(), gpus.driver, cuda_version(gpus.cuda), cuda_version(kCudaNeeded)));
  if (!std::filesystem::exists(options.cuda_module))
    throw UsageError(fmt::format("host {} has GPUs, but {} is not built: {}, or compute on CPUs (--device cpu)",
                                 host_name(), options.cuda_module.string(), kHowToBuildCudaModule));
}

}  // namespace

std::uint32_t SlotDevices::gpu_count() const {
  std::set<std::string> uuids;
  for (const Gpu& gpu : gpus) uuids.insert(gpu.uuid);
  return static_cast<std::uint32_t>(uuids.size());
}

bool SlotDevices::partitioned() const {
  return std::ranges::any_of(gpus, [](const Gpu& gpu) { return gpu.instance; });
}

SlotDevices slot_devices(const Options& options, const Gpus& gpus, const char* visible, bool bus_order,
                         AgentPlace place) {
  SlotDevices result;
  result.slots = std::max(1u, options.trainers);
  if (options.devices == Options::Devices::cpu) return result;
  // Shares are counted before anything is left out: agents that look at different moments must not count differently.
  std::vector<Gpu> candidates = visible_of(gpus.list, visible, bus_order, result.warnings);
  std::vector<Gpu> ours;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (static_cast<int>(i) % place.agents != place.agent) continue;
    const Gpu& gpu = candidates[i];
    std::string why = gpu.unusable;
    if (why.empty() && !gpu.processes.empty() && !options.busy_gpus)
      why = fmt::format("process {} computes on it; --busy-gpus takes it all the same", gpu.processes.front());
    if (why.empty() && gpu.one_process && options.per_gpu > 1)
      why = fmt::format("its compute mode admits one process, --per-gpu {} wants more", options.per_gpu);
    if (why.empty()) ours.push_back(gpu);
    else result.warnings.push_back(fmt::format("{} is left out: {}", called(gpu), why));
  }
  if (ours.empty()) {
    // A machine whose GPUs are all left out has lost them: to compute on its CPUs instead is for a person to say.
    bool has_some = !candidates.empty() || !result.warnings.empty();
    if (options.devices == Options::Devices::automatic && !has_some) {
      if (gpus.installed && !gpus.missing.empty())
        result.warnings.push_back(gpus.missing + ": stages are computed on CPUs");
      return result;
    }
    std::string why = !gpus.missing.empty()      ? gpus.missing
                      : !result.warnings.empty() ? result.warnings.front()
                      : gpus.list.empty()        ? "the driver knows none"
                      : candidates.empty()       ? "CUDA_VISIBLE_DEVICES names none"
                                           : fmt::format("{} agents share {} of them", place.agents, candidates.size());
    throw UsageError(
        fmt::format("host {} has no GPU for this run: {}; --device cpu computes on CPUs", host_name(), why));
  }
  require_use_of(gpus, options);
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

// The trainers of a run that was killed a moment ago may still be seen on their GPUs.
SlotDevices slot_devices(const Options& options) {
  constexpr int kLooks = 10;
  constexpr std::chrono::milliseconds kPause{300};
  const char* order = std::getenv("CUDA_DEVICE_ORDER");
  bool bus_order = order && std::string_view(order) == "PCI_BUS_ID";
  for (int look = 1;; ++look) {
    Gpus gpus;
    if (options.devices != Options::Devices::cpu) gpus = find_gpus();
    AgentPlace place = gpus.list.empty() ? AgentPlace{} : place_of_this_agent();
    bool busy =
        !options.busy_gpus && std::ranges::any_of(gpus.list, [](const Gpu& gpu) { return !gpu.processes.empty(); });
    if (look < kLooks && busy) {
      std::this_thread::sleep_for(kPause);
      continue;
    }
    return slot_devices(options, gpus, std::getenv("CUDA_VISIBLE_DEVICES"), bus_order, place);
  }
}

}  // namespace winnow::fleet
