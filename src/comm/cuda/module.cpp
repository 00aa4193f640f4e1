// What libwinnow-cuda.so offers to winnow-train: the one symbol that cuda_module() looks for.
#include <c10/cuda/CUDAFunctions.h>
#include <cuda_runtime_api.h>
#include <dlfcn.h>
#include <fmt/format.h>

#include "driver_version.h"
#include "nccl.h"
#include "winnow/core/cuda_needs.h"
#include "winnow/core/error.h"

namespace winnow::comm {

namespace {

int devices() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;  // 35 (no driver) is an answer, too: none
}

// CUDA has one code, and one text, for a driver that is too old and for none at all.
std::string why_none() {
  int count = 0, driver = 0;
  cudaError_t code = cudaGetDeviceCount(&count);
  if (code == cudaSuccess) return count ? "" : "no CUDA-capable device is visible";
  if (code != cudaErrorInsufficientDriver) return cudaGetErrorString(code);
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0)
    return "no NVIDIA driver is here (libcuda.so.1 is not found)";
  return fmt::format("the NVIDIA driver serves CUDA {}, CUDA {} is needed: install a newer driver",
                     cuda_version(driver), cuda_version(kCudaNeeded));
}

cudaDeviceProp properties_of(int device) {
  cudaDeviceProp properties{};
  if (cudaError_t code = cudaGetDeviceProperties(&properties, device); code != cudaSuccess)
    throw DeviceError(fmt::format("GPU {}: {}", device, cudaGetErrorString(code)));
  return properties;
}

std::string device_name(int device) { return properties_of(device).name; }

int capability(int device) {
  cudaDeviceProp properties = properties_of(device);
  return 10 * properties.major + properties.minor;
}

std::string nccl_version() {
  int nccl = 0;
  ncclGetVersion(&nccl);
  return fmt::format("NCCL {}.{}.{}", nccl / 10000, nccl % 10000 / 100, nccl % 100);
}

std::string versions() {
  int cuda = 0;
  cudaRuntimeGetVersion(&cuda);
  return fmt::format("CUDA {}, {}", cuda_version(cuda), nccl_version());
}

// Kernels differ between GPU models, a driver compiles some of them itself, and libraries choose other ones from
// version to version; NCCL chooses in which order a gang's sums are added up.
std::string kind(int device) {
  int runtime = 0;
  cudaRuntimeGetVersion(&runtime);
  // Those that torch has loaded, which need not be the toolkit's.
  int cublas[3]{};
  std::size_t cudnn = 0;
  if (auto property = reinterpret_cast<int (*)(int, int*)>(::dlsym(RTLD_DEFAULT, "cublasGetProperty")))
    for (int part = 0; part < 3; ++part) property(part, &cublas[part]);
  if (auto version = reinterpret_cast<std::size_t (*)()>(::dlsym(RTLD_DEFAULT, "cudnnGetVersion"))) cudnn = version();
  return fmt::format("cuda: {}, driver {}, CUDA {}, cuBLAS {}.{}.{}, cuDNN {}.{}.{}, {}", device_name(device),
                     driver_version(), cuda_version(runtime), cublas[0], cublas[1], cublas[2], cudnn / 10000,
                     cudnn % 10000 / 100, cudnn % 100, nccl_version());
}

void forbid_waits(bool forbidden) {
  c10::cuda::warning_state().set_sync_debug_mode(forbidden ? c10::cuda::SyncDebugMode::L_ERROR
                                                           : c10::cuda::SyncDebugMode::L_DISABLED);
}

constexpr CudaInterface kInterface{&devices,    &why_none, &device_name,  &versions,       &driver_version,
                                   &capability, &kind,     &forbid_waits, &nccl_unique_id, &nccl_collective};

}  // namespace

}  // namespace winnow::comm

extern "C" __attribute__((visibility("default"))) const winnow::comm::CudaInterface* winnow_cuda_interface() {
  return &winnow::comm::kInterface;
}
