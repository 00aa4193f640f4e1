#include "nvml.h"

#include <dlfcn.h>
#include <fmt/format.h>

namespace winnow::fleet {

template <class Function>
void Nvml::get(Function*& function, const char* symbol) {
  function = reinterpret_cast<Function*>(::dlsym(library_, symbol));
  if (!function && missing_.empty())
    missing_ = fmt::format("libnvidia-ml.so.1 has no {}: the driver is older than CUDA 11", symbol);
}

Nvml::Nvml() {
  library_ = ::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library_) {
    missing_ = "no NVIDIA driver (libnvidia-ml.so.1 is not there)";
    return;
  }
  get(init, "nvmlInit_v2");
  get(shutdown, "nvmlShutdown");
  get(error_string, "nvmlErrorString");
  get(driver_version, "nvmlSystemGetDriverVersion");
  get(cuda_version, "nvmlSystemGetCudaDriverVersion_v2");
  get(count, "nvmlDeviceGetCount_v2");
  get(by_index, "nvmlDeviceGetHandleByIndex_v2");
  get(by_uuid, "nvmlDeviceGetHandleByUUID");
  get(uuid, "nvmlDeviceGetUUID");
  get(name, "nvmlDeviceGetName");
  get(memory, "nvmlDeviceGetMemoryInfo");
  get(utilisation, "nvmlDeviceGetUtilizationRates");
  get(temperature, "nvmlDeviceGetTemperature");
  get(capability, "nvmlDeviceGetCudaComputeCapability");
  get(compute_mode, "nvmlDeviceGetComputeMode");
  get(ecc_errors, "nvmlDeviceGetTotalEccErrors");
  get(remapped_rows, "nvmlDeviceGetRemappedRows");
  get(mig_mode, "nvmlDeviceGetMigMode");
  get(max_instances, "nvmlDeviceGetMaxMigDeviceCount");
  get(instance, "nvmlDeviceGetMigDeviceHandleByIndex");
  get(processes, "nvmlDeviceGetComputeRunningProcesses_v3");
  get(make_events, "nvmlEventSetCreate");
  get(free_events, "nvmlEventSetFree");
  get(register_events, "nvmlDeviceRegisterEvents");
  get(wait_event, "nvmlEventSetWait_v2");
  if (!missing_.empty()) return;
  switch (int code = init(); code) {
    case kNvmlSuccess: return;
    case kNvmlDriverNotLoaded: missing_ = "the NVIDIA driver is installed, but not loaded"; return;
    case kNvmlVersionMismatch:
      missing_ =
          "the loaded NVIDIA driver is of another version than its libraries: it was updated, start the machine again";
      return;
    default: missing_ = fmt::format("the NVIDIA driver's library does not start: {}", words_of(code));
  }
}

Nvml::~Nvml() {
  if (library_ && missing_.empty()) shutdown();
  if (library_) ::dlclose(library_);
}

}  // namespace winnow::fleet
