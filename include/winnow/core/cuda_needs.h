// What a trainer needs to compute on NVIDIA GPUs, as a program without CUDA knows it.
#pragma once

#include <string>

#include "winnow/core/file.h"

namespace winnow {

inline constexpr int kCudaNeeded = 13000;  // of the driver: the CUDA of the torch wheel

// Compute capability (80: 8.0) from which on a GPU has products in tf32 and bf16. Older ones take fp32, or conversions
// around it, without a word.
inline constexpr int kCapabilityOfNewProducts = 80;

// "13.0" of 13000.
std::string cuda_version(int);

// libwinnow-cuda.so where a trainer beside this program looks for it, whether it is there or not.
Path cuda_module_file();

// How to come by the module, for a message's end.
inline constexpr const char* kHowToBuildCudaModule =
    "install a CUDA 13 toolkit with NCCL and cuDNN, then launch/setup and launch/build";

}  // namespace winnow
