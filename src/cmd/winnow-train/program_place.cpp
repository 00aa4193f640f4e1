#include "program_place.h"

#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/core/host.h"
#include "winnow/core/machine_memory.h"
#include "winnow/stage/program_wishes.h"

namespace winnow::cmd {

c10::Device device_for_program(const Value& program, c10::Device own) {
  ProgramWishes wishes = wishes_of(program);
  if (wishes.device == ProgramWishes::Device::gpu && own.is_cpu())
    throw UsageError("the program wants a GPU (its preset: device = \"gpu\"), and this trainer computes on a CPU");
  if (std::int64_t here = machine_memory(); wishes.memory > here)
    throw DeviceError(fmt::format("out of memory: the program wants a machine with {} (its preset: memory), {} has {}",
                                  memory_text(wishes.memory), host_name(), memory_text(here)));
  return wishes.device == ProgramWishes::Device::cpu ? c10::Device(c10::kCPU) : own;
}

}  // namespace winnow::cmd
