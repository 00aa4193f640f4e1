#include "winnow/comm/cuda_module.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>

#include "winnow/core/cuda_needs.h"
#include "winnow/core/error.h"

namespace winnow::comm {

const CudaInterface& cuda_module() {
  static const CudaInterface* interface = nullptr;
  if (interface) return *interface;
  std::string path = cuda_module_file().string();
  if (!std::filesystem::exists(path))
    throw DeviceError(fmt::format("{} is not built: {}", path, kHowToBuildCudaModule));
  // Its libraries register CUDA operators with torch when they are loaded, so they must be seen globally.
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (!handle) throw DeviceError(fmt::format("cannot load {}: {}", path, ::dlerror()));
  auto get = reinterpret_cast<const CudaInterface* (*)()>(::dlsym(handle, "winnow_cuda_interface"));
  if (!get) throw DeviceError(fmt::format("{} is of another version: build it again", path));
  return *(interface = get());
}

}  // namespace winnow::comm
