// A program of its own: the module must be loaded before any torch call.
#include <ATen/ATen.h>
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "../comm/contract.h"
#include "../comm/joined_gang.h"
#include "../folder.h"
#include "winnow/comm/cuda_module.h"
#include "winnow/core/cuda_needs.h"
#include "winnow/core/error.h"
#include "winnow/device/device.h"

namespace winnow::comm {
namespace {

constexpr const char* kNotBuilt = "libwinnow-cuda.so is not built: no CUDA 13 toolkit with NCCL here";

TEST(CudaModule, LoadsBeforeTorchAndMakesAnNcclId) {
  if (!std::filesystem::exists(cuda_module_file())) GTEST_SKIP() << kNotBuilt;
  const CudaInterface& cuda = cuda_module();
  EXPECT_NE(cuda.versions().find("NCCL 2."), std::string::npos) << cuda.versions();
  NcclId first = cuda.unique_id(), second = cuda.unique_id();
  EXPECT_NE(first, second);
  EXPECT_GE(cuda.devices(), 0);
  EXPECT_EQ(at::ones({2}).sum().item<double>(), 2) << "torch still works on the CPU";
}

TEST(CudaModule, SaysWhyThereIsNoGpu) {
  if (!std::filesystem::exists(cuda_module_file())) GTEST_SKIP() << kNotBuilt;
  const CudaInterface& cuda = cuda_module();
  EXPECT_EQ(cuda.why_none().empty(), cuda.devices() > 0) << cuda.why_none();
}

// The driver's library as another program may have loaded it before: the stand-in of tests/nvml.
TEST(CudaModule, NamesTheDriversOwnVersion) {
  if (!std::filesystem::exists(cuda_module_file())) GTEST_SKIP() << kNotBuilt;
  const CudaInterface& cuda = cuda_module();
  Folder folder;
  Path gpus = folder / "gpus";
  std::ofstream(gpus) << "driver=570.86.15\n";
  ::setenv("WINNOW_TEST_GPUS", gpus.c_str(), 1);
  Path library = executable_folder().parent_path() / "nvml" / "libnvidia-ml.so.1";
  void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(handle, nullptr) << ::dlerror();
  EXPECT_EQ(cuda.driver(), "570.86.15");
  std::ofstream(gpus) << "driver=580.65.06\n";
  EXPECT_EQ(cuda.driver(), "580.65.06") << "of two drivers that serve the same CUDA";
  ::dlclose(handle);
  ::unsetenv("WINNOW_TEST_GPUS");
}

TEST(CudaModule, MakesAStepReproducible) {
  if (!std::filesystem::exists(cuda_module_file())) GTEST_SKIP() << kNotBuilt;
  cuda_module();
  device::make_reproducible(at::kCPU);
  EXPECT_FALSE(at::globalContext().deterministicAlgorithms()) << "the CPU's bits stay what they were";
  device::make_reproducible(at::kCUDA);
  at::Context& context = at::globalContext();
  EXPECT_TRUE(context.deterministicAlgorithms());
  EXPECT_FALSE(context.deterministicAlgorithmsWarnOnly()) << "flash attention's backward asks for it";
  EXPECT_TRUE(context.deterministicCuDNN());
  EXPECT_FALSE(context.benchmarkCuDNN());
  EXPECT_FALSE(context.allowTF32CuDNN());
  EXPECT_FALSE(context.allowTF32CuBLAS());
  device::use_tf32(at::kCUDA, true);
  EXPECT_TRUE(context.allowTF32CuDNN() && context.allowTF32CuBLAS());
  device::use_tf32(at::kCUDA, false);
  EXPECT_FALSE(context.allowTF32CuDNN() || context.allowTF32CuBLAS());
}

TEST(CudaModule, ANumberedGpuIsNoGangs) {
  EXPECT_THROW(device::of_member(c10::Device("cuda:0"), 2, 0, 2), UsageError);
  EXPECT_EQ(device::of_member(c10::Device("cuda:0"), 1, 0, 1), c10::Device("cuda:0"));
  EXPECT_EQ(device::of_member(at::kCPU, 2, 1, 2), at::kCPU);
}

void nobody_is_lost(const std::string& what) { ADD_FAILURE() << what; }

TEST(CudaModule, WithoutAGpuTheCollectiveIsRefused) {
  if (!std::filesystem::exists(cuda_module_file())) GTEST_SKIP() << kNotBuilt;
  const CudaInterface& cuda = cuda_module();
  if (cuda.devices() > 0) return;
  EXPECT_THROW(cuda.nccl(cuda.unique_id(), 0, 1, 0, std::chrono::seconds(5), nobody_is_lost), std::exception);
}

// NCCL's suite, the same text as MPI's in tests/comm: alone, and under `mpirun -n k` with a GPU for each process.
TEST(NcclGang, KeepsTheContract) {
  if (!std::filesystem::exists(cuda_module_file())) GTEST_SKIP() << kNotBuilt;
  const CudaInterface& cuda = cuda_module();
  Collective& words = gang();
  if (cuda.devices() < words.size())
    GTEST_SKIP() << "NCCL's contract needs a GPU for each process: " << words.size() << " wanted, " << cuda.devices()
                 << " here (launch/test-gpu runs it)";
  NcclId id{};
  if (words.rank() == 0) id = cuda.unique_id();
  words.broadcast(std::as_writable_bytes(std::span(id)));
  c10::Device device(at::kCUDA, static_cast<c10::DeviceIndex>(words.rank()));
  auto own = cuda.nccl(id, words.rank(), words.size(), device.index(), std::chrono::seconds(60), nobody_is_lost);
  keeps_its_contract(*own, at::TensorOptions(device));
}

// The one kernel of winnow's of which the wheel does not say whether its sums have an order: windows overlap, in the
// layout that ResNets have.
TEST(OnAGpu, ThePoolingsBackwardHasTheSameBitsEachTime) {
  if (!std::filesystem::exists(cuda_module_file())) GTEST_SKIP() << kNotBuilt;
  if (cuda_module().devices() == 0) GTEST_SKIP() << "the backward of max_pool2d needs a GPU (launch/test-gpu runs it)";
  device::make_reproducible(at::kCUDA);
  at::Tensor x = at::sin(at::arange(8 * 64 * 56 * 56, at::TensorOptions(at::kCUDA).dtype(at::kFloat)) * 0.7)
                     .view({8, 64, 56, 56})
                     .contiguous(at::MemoryFormat::ChannelsLast);
  auto [pooled, places] = at::max_pool2d_with_indices(x, {3, 3}, {2, 2}, {1, 1});
  at::Tensor gradient = at::cos(pooled * 3);
  auto backward = [&, places = places] {
    return at::max_pool2d_with_indices_backward(gradient, x, {3, 3}, {2, 2}, {1, 1}, {1, 1}, false, places);
  };
  at::Tensor first = backward();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(at::equal(backward(), first)) << "run " << i;
}

TEST(OnAGpu, AForbiddenWaitIsAnError) {
  if (!std::filesystem::exists(cuda_module_file())) GTEST_SKIP() << kNotBuilt;
  const CudaInterface& cuda = cuda_module();
  if (cuda.devices() == 0) GTEST_SKIP() << "waits for a GPU need one (launch/test-gpu runs it)";
  at::Tensor x = at::ones({3}, at::TensorOptions(at::kCUDA));
  cuda.forbid_waits(true);
  EXPECT_ANY_THROW(x.sum().item<float>());
  EXPECT_NO_THROW(x * 2);
  cuda.forbid_waits(false);
  EXPECT_EQ(x.sum().item<float>(), 3);
}

}  // namespace
}  // namespace winnow::comm
