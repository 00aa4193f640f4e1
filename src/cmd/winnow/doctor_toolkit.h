// What libwinnow-cuda.so is built from, as launch/setup looks for it: the CUDA toolkit, NCCL and cuDNN.
#pragma once

#include <vector>

#include "doctor_check.h"
#include "winnow/core/file.h"

namespace winnow::cmd {

// By the headers of a toolkit's folder: the version of each, or where to get what is missing.
std::vector<Check> toolkit_checks(const Path& toolkit);

}  // namespace winnow::cmd
