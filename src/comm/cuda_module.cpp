#include "winnow/comm/cuda_module.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>

#include "winnow/core/error.h"
#include "winnow/core/file.h"

namespace winnow::comm {

std::string cuda_module_path() { return (executable_folder().parent_path() / "lib" / "libwinnow-cuda.so").string(); }

const CudaInterface& cuda_module() {
  static const CudaInterface* interface = nullptr;
  if (interface) return *interface;
  std::string path = cuda_module_path();
  if (!std::filesystem::exists(path))
    throw DeviceError(fmt::format(
        "{} is not there: it is built where launch/setup finds a CUDA 13 toolkit with NCCL and cuDNN", path));
  // Its libraries register CUDA operators with torch when they are loaded, so they must be seen globally.
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (!handle) throw DeviceError(fmt::format("cannot load {}: {}", path, ::dlerror()));
  auto get = reinterpret_cast<const CudaInterface* (*)()>(::dlsym(handle, "winnow_cuda_interface"));
  if (!get) throw DeviceError(fmt::format("{} is of another version: build it again", path));
  return *(interface = get());
}

}  // namespace winnow::comm
