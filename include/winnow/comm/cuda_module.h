// Everything that needs CUDA lives in libwinnow-cuda.so, which a trainer loads before its first torch call: torch caches its
// CUDA hooks at first use. The rest of winnow-train links no CUDA library.
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <string>

#include "winnow/comm/collective.h"

namespace winnow::comm {

using NcclId = std::array<char, 128>;             // made by the gang's process 0, sent to the others over MPI

// What the module offers; one table of functions behind one C symbol.
struct CudaInterface {
  int (*devices)();                                             // visible GPUs; 0 without a driver
  std::string (*device_name)(int device);
  std::string (*versions)();                                    // "CUDA 13.0, NCCL 2.28.9"
  NcclId (*unique_id)();                                        // works without a GPU
  // Collective over `size` processes, one GPU each. Errors and a missed deadline are DeviceError.
  std::unique_ptr<Collective> (*nccl)(const NcclId&, int rank, int size, int device, std::chrono::seconds deadline);
};

// Loads <folder of the program>/../lib/libwinnow-cuda.so, once and for life. DeviceError saying why it cannot be loaded.
const CudaInterface& cuda_module();
std::string cuda_module_path();

}  // namespace winnow::comm
