#include "winnow/fleet/gpus.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "nvml.h"

namespace winnow::fleet {

namespace {

constexpr const char* kLost = "it has fallen off the bus";
constexpr int kGpuSensor = 0, kUncorrected = 1, kSinceBoot = 0;
constexpr int kProhibited = 2, kOneThread = 1, kOneProcess = 3;  // compute modes

// Xids that a program causes by what it does, after which the GPU is well: as NVIDIA's device plugin for Kubernetes has
// them.
bool is_of_the_program(unsigned long long xid) {
  constexpr std::array<unsigned long long, 6> kProgram{13, 31, 43, 45, 68, 109};
  return std::find(kProgram.begin(), kProgram.end(), xid) != kProgram.end();
}

class Look {
 public:
  explicit Look(const Nvml& nvml) : nvml_(nvml) {}

  // What changes, and whether it can still be used.
  void now(NvmlDevice* device, Gpu& gpu) const {
    gpu.unusable = sickness(device);
    NvmlMemory memory{};
    if (int code = nvml_.memory(device, &memory); code == kNvmlSuccess) {
      gpu.memory = static_cast<std::int64_t>(memory.total);
      gpu.used = static_cast<std::int64_t>(memory.used);
    } else if (gpu.unusable.empty()) {
      gpu.unusable = nvml_.words_of(code);
    }
    NvmlUtilisation utilisation{};
    gpu.utilisation = nvml_.utilisation(device, &utilisation) == kNvmlSuccess ? static_cast<int>(utilisation.gpu) : 0;
    gpu.temperature = temperature(device);
    gpu.processes = processes(device);
  }

  // Errors are the whole GPU's: instances do not count their own. Nor have they a thermometer.
  void whole(NvmlDevice* whole, Gpu& instance) const {
    if (std::string sick = sickness(whole); !sick.empty()) instance.unusable = sick;
    instance.temperature = temperature(whole);
  }

  void all_of(NvmlDevice* device, int index, std::vector<Gpu>& list) const {
    Gpu gpu = named(device, index);
    now(device, gpu);
    unsigned partitioned = 0, pending = 0;
    if (nvml_.mig_mode(device, &partitioned, &pending) != kNvmlSuccess || !partitioned) {
      list.push_back(std::move(gpu));
      return;
    }
    unsigned most = 0;
    nvml_.max_instances(device, &most);
    bool any = false;
    for (unsigned i = 0; i < most; ++i) {
      NvmlDevice* instance = nullptr;
      if (nvml_.instance(device, i, &instance) != kNvmlSuccess) continue;
      any = true;
      Gpu part = named(instance, index);
      now(instance, part);
      part.instance = true;
      whole(device, part);
      part.one_process = gpu.one_process;
      part.capability = gpu.capability;
      list.push_back(std::move(part));
    }
    if (any) return;
    gpu.unusable = "it is in MIG mode and has no instances: make some (nvidia-smi mig -cgi), or leave the mode";
    list.push_back(std::move(gpu));
  }

 private:
  int temperature(NvmlDevice* device) const {
    unsigned degrees = 0;
    return nvml_.temperature(device, kGpuSensor, &degrees) == kNvmlSuccess ? static_cast<int>(degrees) : 0;
  }

  std::vector<pid_t> processes(NvmlDevice* device) const {
    std::vector<NvmlProcess> list(64);
    auto count = static_cast<unsigned>(list.size());
    int code = nvml_.processes(device, &count, list.data());
    while (code == kNvmlInsufficientSize) {
      list.resize(2 * list.size() + count);
      count = static_cast<unsigned>(list.size());
      code = nvml_.processes(device, &count, list.data());
    }
    std::vector<pid_t> result;
    for (unsigned i = 0; code == kNvmlSuccess && i < count; ++i) result.push_back(static_cast<pid_t>(list[i].pid));
    return result;
  }

  Gpu named(NvmlDevice* device, int index) const {
    Gpu gpu;
    gpu.index = index;
    std::array<char, 128> text{};
    if (nvml_.uuid(device, text.data(), text.size()) == kNvmlSuccess) gpu.uuid = text.data();
    if (nvml_.name(device, text.data(), text.size()) == kNvmlSuccess) gpu.name = text.data();
    int major = 0, minor = 0, mode = 0;
    if (nvml_.capability(device, &major, &minor) == kNvmlSuccess) gpu.capability = 10 * major + minor;
    gpu.one_process = nvml_.compute_mode(device, &mode) == kNvmlSuccess && (mode == kOneProcess || mode == kOneThread);
    return gpu;
  }

  std::string sickness(NvmlDevice* device) const {
    unsigned long long errors = 0;
    switch (int code = nvml_.ecc_errors(device, kUncorrected, kSinceBoot, &errors); code) {
      case kNvmlSuccess:
        if (errors)
          return fmt::format("{} uncorrected memory error{} since it was last reset", errors, errors == 1 ? "" : "s");
        break;
      case kNvmlGpuIsLost: return kLost;
      case kNvmlResetRequired: return "it must be reset";
      default: break;  // it has no ECC
    }
    unsigned corrected = 0, uncorrected = 0, pending = 0, failed = 0;
    if (nvml_.remapped_rows(device, &corrected, &uncorrected, &pending, &failed) == kNvmlSuccess) {
      if (failed) return "rows of its memory are broken and could not be remapped";
      if (pending) return "rows of its memory wait for a reset to be remapped";
    }
    int mode = 0;
    if (nvml_.compute_mode(device, &mode) == kNvmlSuccess && mode == kProhibited)
      return "its compute mode is prohibited (nvidia-smi -c DEFAULT)";
    return "";
  }

  const Nvml& nvml_;
};

}  // namespace

Gpus find_gpus() {
  Gpus gpus;
  Nvml nvml;
  gpus.missing = nvml.missing();
  gpus.installed = nvml.installed();
  if (!gpus.missing.empty()) return gpus;
  std::array<char, 96> driver{};
  if (nvml.driver_version(driver.data(), driver.size()) == kNvmlSuccess) gpus.driver = driver.data();
  nvml.cuda_version(&gpus.cuda);
  unsigned count = 0;
  if (int code = nvml.count(&count); code != kNvmlSuccess) gpus.missing = nvml.words_of(code);
  Look look(nvml);
  for (unsigned i = 0; i < count; ++i) {
    NvmlDevice* device = nullptr;
    if (int code = nvml.by_index(i, &device); code == kNvmlSuccess) {
      look.all_of(device, static_cast<int>(i), gpus.list);
    } else {
      Gpu lost;
      lost.index = static_cast<int>(i);
      lost.unusable = code == kNvmlGpuIsLost ? kLost : nvml.words_of(code);
      gpus.list.push_back(std::move(lost));
    }
  }
  return gpus;
}

Value to_json(const std::vector<Gpu>& gpus) {
  Value list = Value::array();
  for (const Gpu& gpu : gpus)
    list.push_back({{"name", gpu.name},
                    {"uuid", gpu.uuid},
                    {"index", gpu.index},
                    {"memory", gpu.memory},
                    {"used", gpu.used},
                    {"utilisation", gpu.utilisation},
                    {"temperature", gpu.temperature},
                    {"unusable", gpu.unusable}});
  return list;
}

GpuWatch::GpuWatch(std::vector<Gpu> gpus)
    : gpus_(std::move(gpus)), nvml_(gpus_.empty() ? nullptr : std::make_unique<Nvml>()) {
  if (!nvml_ || !nvml_->missing().empty() || nvml_->make_events(&events_) != kNvmlSuccess) return;
  for (const Gpu& gpu : gpus_)
    if (NvmlDevice* whole = nullptr; nvml_->by_index(static_cast<unsigned>(gpu.index), &whole) == kNvmlSuccess)
      nvml_->register_events(whole, kNvmlXid, events_);  // an old one has none
}

GpuWatch::~GpuWatch() {
  if (events_) nvml_->free_events(events_);
}

void GpuWatch::hear_xids() {
  if (!events_) return;
  constexpr int kMost = 1000;  // at a look: one that repeats for ever must not hold the agent
  NvmlEvent event{};
  for (int i = 0; i < kMost && nvml_->wait_event(events_, &event, 0) == kNvmlSuccess; ++i)
    if (event.type == kNvmlXid && !is_of_the_program(event.data)) xids_.emplace(event.device, event.data);
}

const std::vector<Gpu>& GpuWatch::look() {
  hear_xids();
  for (Gpu& gpu : gpus_) {
    NvmlDevice *device = nullptr, *whole = nullptr;
    if (!nvml_->missing().empty()) gpu.unusable = nvml_->missing();
    else if (int code = nvml_->by_uuid(gpu.uuid.c_str(), &device); code != kNvmlSuccess)
      gpu.unusable = code == kNvmlGpuIsLost ? kLost : nvml_->words_of(code);
    else {
      Look look(*nvml_);
      look.now(device, gpu);
      bool there = nvml_->by_index(static_cast<unsigned>(gpu.index), &whole) == kNvmlSuccess;
      if (gpu.instance && there) look.whole(whole, gpu);
      else if (gpu.instance) gpu.unusable = kLost;
      if (auto xid = xids_.find(whole); there && xid != xids_.end() && gpu.unusable.empty())
        gpu.unusable =
            fmt::format("the driver reported Xid {} (NVIDIA's \"Xid Errors\" says what that is)", xid->second);
    }
  }
  return gpus_;
}

}  // namespace winnow::fleet
