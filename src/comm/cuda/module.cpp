// What libwinnow-cuda.so offers to winnow-train: the one symbol that cuda_module() looks for.
#include <cuda_runtime_api.h>
#include <fmt/format.h>

#include "nccl.h"
#include "winnow/core/error.h"

namespace winnow::comm {

namespace {

int devices() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;  // 35 (no driver) is an answer, too: none
}

std::string device_name(int device) {
  cudaDeviceProp properties{};
  if (cudaError_t code = cudaGetDeviceProperties(&properties, device); code != cudaSuccess)
    throw DeviceError(fmt::format("GPU {}: {}", device, cudaGetErrorString(code)));
  return properties.name;
}

std::string versions() {
  int cuda = 0, nccl = 0;
  cudaRuntimeGetVersion(&cuda);
  ncclGetVersion(&nccl);
  return fmt::format("CUDA {}.{}, NCCL {}.{}.{}", cuda / 1000, cuda % 1000 / 10, nccl / 10000, nccl % 10000 / 100,
                     nccl % 100);
}

constexpr CudaInterface kInterface{&devices, &device_name, &versions, &nccl_unique_id, &nccl_collective};

}  // namespace

}  // namespace winnow::comm

extern "C" __attribute__((visibility("default"))) const winnow::comm::CudaInterface* winnow_cuda_interface() {
  return &winnow::comm::kInterface;
}
