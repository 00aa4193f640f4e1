// The functions of NVML that are used here, as the library declares them (NVML API reference; no header of it is needed
// to build).
#pragma once

#include <cstddef>
#include <string>

namespace winnow::fleet {

struct NvmlDevice;  // opaque
struct NvmlEvents;  // opaque: a set that devices are registered with

struct NvmlMemory {
  unsigned long long total, free, used;
};
struct NvmlUtilisation {
  unsigned gpu, memory;
};
struct NvmlProcess {
  unsigned pid;
  unsigned long long memory;
  unsigned gpu_instance, compute_instance;
};

struct NvmlEvent {
  NvmlDevice* device;
  unsigned long long type, data;  // of an Xid its number
  unsigned gpu_instance, compute_instance;
};
inline constexpr unsigned long long kNvmlXid = 8;  // type of event: an error that the driver gives a number

// Codes that mean something here; every other one is an error with the library's own words.
inline constexpr int kNvmlSuccess = 0, kNvmlInsufficientSize = 7, kNvmlDriverNotLoaded = 9, kNvmlGpuIsLost = 15,
                     kNvmlResetRequired = 16, kNvmlVersionMismatch = 18;

class Nvml {
 public:
  // Loads libnvidia-ml.so.1 as the loader finds it and initialises it. On failure `missing()` says why, and no function
  // may be called.
  Nvml();
  ~Nvml();
  Nvml(const Nvml&) = delete;

  const std::string& missing() const { return missing_; }
  bool installed() const { return library_; }
  std::string words_of(int code) const { return error_string(code); }

  int (*driver_version)(char*, unsigned) = nullptr;
  int (*cuda_version)(int*) = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*by_index)(unsigned, NvmlDevice**) = nullptr;
  int (*by_uuid)(const char*, NvmlDevice**) = nullptr;
  int (*uuid)(NvmlDevice*, char*, unsigned) = nullptr;
  int (*name)(NvmlDevice*, char*, unsigned) = nullptr;
  int (*memory)(NvmlDevice*, NvmlMemory*) = nullptr;
  int (*utilisation)(NvmlDevice*, NvmlUtilisation*) = nullptr;
  int (*temperature)(NvmlDevice*, int sensor, unsigned*) = nullptr;
  int (*capability)(NvmlDevice*, int* major, int* minor) = nullptr;
  int (*compute_mode)(NvmlDevice*, int*) = nullptr;
  int (*ecc_errors)(NvmlDevice*, int type, int counter, unsigned long long*) = nullptr;
  int (*remapped_rows)(NvmlDevice*, unsigned* corrected, unsigned* uncorrected, unsigned* pending,
                       unsigned* failed) = nullptr;
  int (*mig_mode)(NvmlDevice*, unsigned* current, unsigned* pending) = nullptr;
  int (*max_instances)(NvmlDevice*, unsigned*) = nullptr;
  int (*instance)(NvmlDevice*, unsigned, NvmlDevice**) = nullptr;
  int (*processes)(NvmlDevice*, unsigned* count, NvmlProcess*) = nullptr;
  int (*make_events)(NvmlEvents**) = nullptr;
  int (*free_events)(NvmlEvents*) = nullptr;
  int (*register_events)(NvmlDevice*, unsigned long long types, NvmlEvents*) = nullptr;
  int (*wait_event)(NvmlEvents*, NvmlEvent*, unsigned milliseconds) = nullptr;

 private:
  template <class Function>
  void get(Function*& function, const char* symbol);

  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  const char* (*error_string)(int) = nullptr;
  void* library_ = nullptr;
  std::string missing_;
};

}  // namespace winnow::fleet
