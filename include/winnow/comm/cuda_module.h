// Everything that needs CUDA lives in libwinnow-cuda.so, which a trainer loads before its first torch call: torch
// caches its CUDA hooks at first use. The rest of winnow-train links no CUDA library.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "winnow/comm/collective.h"

namespace winnow::comm {

using NcclId = std::array<char, 128>;  // made by the gang's process 0, sent to the others over MPI

// Called from a thread of its own, at most once: what of a peer was noticed, and when. A host that waits for its device
// then waits for ever, so whoever is told ends the process.
using PeerLost = std::function<void(const std::string&)>;

// What the module offers; one table of functions behind one C symbol.
struct CudaInterface {
  int (*devices)();           // visible GPUs; 0 without a driver
  std::string (*why_none)();  // why there are none: no driver, one too old, no device; else empty
  std::string (*device_name)(int device);
  std::string (*versions)();        // "CUDA 13.0, NCCL 2.28.9"
  std::string (*driver)();          // the driver's own version, "580.65.06"; empty: none says one
  int (*capability)(int device);    // compute capability: 75 for 7.5. DeviceError
  std::string (*kind)(int device);  // "cuda: NVIDIA H200, driver 580.65.06, CUDA 13.0, cuBLAS 13.1.0,
                                    // cuDNN 9.15.1, NCCL 2.28.9": what decides over bits
  void (*forbid_waits)(bool);       // whether the host's waiting for a GPU is an error (c10::Error), on any thread
  NcclId (*unique_id)();            // works without a GPU
  // Collective over `size` processes, one GPU each; makes `device` the current one of the calling thread, which alone
  // may use the collective. Its work is queued on the stream that is torch's current one at the call, which stays
  // torch's; the host waits until a call is accepted, at most `deadline`, not until it is done. A peer that is lost
  // later is told to `lost`, at the latest when no accepted call has come to its end for `deadline`. The destructor
  // ends the communicator at once: wait for the stream first, or queued work may be dropped. Errors and a missed
  // deadline are DeviceError.
  std::unique_ptr<Collective> (*nccl)(const NcclId&, int rank, int size, int device, std::chrono::seconds deadline,
                                      const PeerLost& lost);
};

// Loads cuda_module_file() (core/cuda_needs.h), once and for life: the reference stays valid until the
// process ends. The first call comes before any of torch, from one thread. DeviceError saying why it cannot be loaded.
const CudaInterface& cuda_module();

}  // namespace winnow::comm
