#include "winnow/device/out_of_memory.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace winnow::device {
namespace {

// What a function throws, judged.
template <class Function>
bool judged(Function function) {
  try {
    function();
  } catch (const std::exception& error) {
    return is_out_of_memory(error);
  }
  ADD_FAILURE() << "nothing was thrown";
  return false;
}
bool judged_text(const std::string& text) {
  return judged([&] { throw std::runtime_error(text); });
}

TEST(OutOfMemory, OfTheHostIsWhatTorchAndTheLibrarySay) {
  EXPECT_TRUE(judged([] { at::empty({std::int64_t{1} << 60}, at::kByte); }));
  EXPECT_TRUE(judged([] { throw std::bad_alloc(); }));
}

TEST(OutOfMemory, OfADeviceIsTorchsTypeWhateverItsText) {
  EXPECT_TRUE(judged([] { TORCH_CHECK_WITH(OutOfMemoryError, false, "there is none left"); }));
}

TEST(OutOfMemory, OfLibrariesIsKnownByTheirWords) {
  EXPECT_TRUE(judged_text("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 8 GiB"));
  EXPECT_TRUE(judged_text("CUDA error: out of memory"));
  EXPECT_TRUE(judged_text("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"));
  EXPECT_TRUE(judged_text("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"));
  EXPECT_TRUE(judged_text("cusolver error: CUSOLVER_STATUS_ALLOC_FAILED, when calling `cusolverDnCreate(handle)`"));
}

TEST(OutOfMemory, OtherFailuresAreNone) {
  EXPECT_FALSE(judged_text("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm`"));
  EXPECT_FALSE(judged_text("CUDA error: an illegal memory access was encountered"));
  EXPECT_FALSE(judged([] { at::ones({2}) + at::ones({3}); }));
  EXPECT_FALSE(judged([] { std::vector<int>().at(0); }));
}

}  // namespace
}  // namespace winnow::device
