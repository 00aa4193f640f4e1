// Where tests compute what stages would compute on their device: the CPU, or WINNOW_TEST_DEVICE, in a program that is
// linked with the stand-in (tests/standin).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdlib>

namespace winnow {

inline c10::Device test_device() {
  const char* name = std::getenv("WINNOW_TEST_DEVICE");
  return name ? c10::Device(name) : c10::Device(at::kCPU);
}

}  // namespace winnow
