#include "cuda.h"

#include <fmt/format.h>

#include <string_view>

#include "winnow/comm/cuda_module.h"
#include "winnow/core/error.h"
#include "winnow/device/device.h"

namespace winnow::cmd {

namespace {

bool asked(int argc, char** argv) {
  constexpr std::string_view kOption = "--device";
  auto is_cuda = [](std::string_view word) { return word == "cuda" || word.starts_with("cuda:"); };
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (word == kOption && i + 1 < argc && is_cuda(argv[i + 1])) return true;
    if (word.starts_with(kOption) && word.size() > kOption.size() && word[kOption.size()] == '=' &&
        is_cuda(word.substr(kOption.size() + 1)))
      return true;
  }
  return false;
}

}  // namespace

void load_cuda_if_asked(int argc, char** argv) {
  if (!asked(argc, argv)) return;
  const comm::CudaInterface& cuda = comm::cuda_module();
  if (cuda.devices() == 0)
    throw DeviceError(fmt::format(
        "--device cuda: {}; `winnow doctor` says what is missing, --device cpu computes on CPUs", cuda.why_none()));
  device::set_cuda_facts({cuda.kind, cuda.capability});
}

}  // namespace winnow::cmd
