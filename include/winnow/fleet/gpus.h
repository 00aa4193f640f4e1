// The NVIDIA GPUs of this machine as its driver's management library (NVML) knows them. The library is loaded when it
// is asked for: no program of ours is linked with CUDA for it, and asking makes no context on a device.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "winnow/core/settings.h"

namespace winnow::fleet {

class Nvml;
struct NvmlDevice;
struct NvmlEvents;

// A GPU, or one instance of a GPU that is partitioned (MIG). What the driver does not say is 0 or empty.
struct Gpu {
  int index = 0;                      // NVML's, by position on the bus; of an instance its GPU's
  std::string uuid, name;             // "GPU-..." or "MIG-...": what CUDA_VISIBLE_DEVICES takes
  bool instance = false;              // of a partitioned GPU
  std::int64_t memory = 0, used = 0;  // bytes
  int utilisation = 0;                // percent of the last moment in which it computed; an instance has none
  int temperature = 0;                // degrees Celsius
  std::vector<pid_t> processes;       // that compute on it
  std::string unusable;      // why no stage can run on it: sick, lost, in a mode that admits none; empty: one can
  bool one_process = false;  // its mode admits a single process
  int capability = 0;        // compute capability: 75 for 7.5
};

struct Gpus {
  std::string driver;      // "580.65.06"
  int cuda = 0;            // the newest CUDA that the driver serves, 13000 for 13.0
  std::vector<Gpu> list;   // a partitioned GPU is not in it, its instances are
  std::string missing;     // why nothing is known of any GPU: no driver, no library, a library of another driver
  bool installed = false;  // the driver's library is there, whether it serves or not
};

// Looks once, and lets the library go. Does not throw: a machine without a driver is an answer. Not from several
// threads at a time.
Gpus find_gpus();

// The same GPUs as time goes by. Holds the library: to be made after the last fork of its process.
class GpuWatch {
 public:
  explicit GpuWatch(std::vector<Gpu>);
  ~GpuWatch();
  GpuWatch(const GpuWatch&) = delete;

  // What of them has changed is as it is now; `unusable` says which have been lost since, by an Xid among others: an
  // error of which the driver tells once. Those that a program causes by itself, and that leave the GPU well, are not
  // counted.
  const std::vector<Gpu>& look();
  const std::vector<Gpu>& seen() const { return gpus_; }

 private:
  void hear_xids();

  std::vector<Gpu> gpus_;
  std::unique_ptr<Nvml> nvml_;
  NvmlEvents* events_ = nullptr;                          // none: the driver has no such events
  std::map<const NvmlDevice*, unsigned long long> xids_;  // by whole GPU: the first that counts
};

// [{"name","uuid","index","memory","used","utilisation","temperature","unusable"}], bytes, percent and degrees Celsius.
Value to_json(const std::vector<Gpu>&);

}  // namespace winnow::fleet
