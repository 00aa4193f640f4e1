// A stage's device: where all that a method can see lies. Its name on the command line, and its kind in provenance.
#pragma once

#include <c10/core/Device.h>

#include <string>
#include <string_view>
#include <vector>

namespace winnow::device {

// "cpu", "cuda" where its module was loaded (comm/cuda_module.h), and the tests' stand-in where the program was linked
// with it. UsageError listing what this program knows.
c10::Device named(std::string_view);
std::vector<std::string> names();

// The kind of hardware and, of it, what kernels use: the same stage has the same bits on the same kind. "cpu: NAME
// (family F, model M), AVX512".
std::string kind_of(c10::Device);
// Who knows CUDA says what is to be said of its GPUs, once, before the first kind_of().
struct CudaFacts {
  std::string (*kind)(int device);  // "cuda: NVIDIA H200, ..."
  int (*capability)(int device);    // compute capability: 75 for 7.5
};
void set_cuda_facts(const CudaFacts&);

// Why this device has no products of a precision ("tf32", "bf16"), for the end of a message: "a CPU has no such
// products", "GPUs have them from compute capability 8.0 on, this one's is 7.5". Empty: it has them. CPUs compute bf16,
// if slowly; what is no GPU has no tf32.
std::string why_without(std::string_view precision, c10::Device);

// The device of a process of a gang of `size`, which is the `rank`-th of the `here` on its node: of GPUs each has its
// own. UsageError where there are too few, or where `device` has a number, which all would share.
c10::Device of_member(c10::Device device, int size, int rank, int here);

// What torch must be told so that a stage has the same bits each time on this device, and the accuracy of its
// precision: deterministic kernels alone, no TF32 and no split sums in half precision behind our back. For the life of
// the process; nothing to be told for CPUs. docs/devices.md#7.2.
void make_reproducible(c10::Device);
// Whether its fp32 products and convolutions are TF32's (`train.precision = "tf32"`); false until it is called.
void use_tf32(c10::Device, bool);

}  // namespace winnow::device
