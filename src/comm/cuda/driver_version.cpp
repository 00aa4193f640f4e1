#include "driver_version.h"

#include <dlfcn.h>

#include <array>
#include <fstream>

namespace winnow::comm {

namespace {

std::string by_library() {
  void* library = ::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library) return "";
  auto start = reinterpret_cast<int (*)()>(::dlsym(library, "nvmlInit_v2"));
  auto end = reinterpret_cast<int (*)()>(::dlsym(library, "nvmlShutdown"));
  auto version = reinterpret_cast<int (*)(char*, unsigned)>(::dlsym(library, "nvmlSystemGetDriverVersion"));
  std::array<char, 96> text{};
  if (start && end && version && start() == 0) {
    if (version(text.data(), static_cast<unsigned>(text.size())) != 0) text[0] = 0;
    end();
  }
  ::dlclose(library);
  return text.data();
}

}  // namespace

std::string driver_version() {
  std::string version = by_library();
  if (version.empty()) std::ifstream("/sys/module/nvidia/version") >> version;
  return version;
}

}  // namespace winnow::comm
