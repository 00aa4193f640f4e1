// What the stand-in counts and forbids.
#pragma once

#include <string>

#include "standin.h"

namespace standin {

// Throws c10::Error where waiting is forbidden.
void count_wait(std::int64_t Waits::*kind, const std::string& operation);
void count_upload(std::size_t bytes);
void count_operator(const std::string& name);

// This thread is in a kernel of the device.
struct InKernel {
  InKernel();
  ~InKernel();
  InKernel(const InKernel&) = delete;
};

}  // namespace standin
