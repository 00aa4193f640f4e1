#include "winnow/device/out_of_memory.h"

#include <c10/util/Exception.h>

#include <new>
#include <string_view>

namespace winnow::device {

bool is_out_of_memory(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) || dynamic_cast<const c10::OutOfMemoryError*>(&error)) return true;
  std::string_view text = error.what();
  // cuBLAS, cuSOLVER and cuDNN allocate work space of their own, and name the status alone.
  for (const char* words : {"DefaultCPUAllocator: can't allocate memory", "DefaultCPUAllocator: not enough memory",
                            "out of memory", "STATUS_ALLOC_FAILED"})
    if (text.find(words) != std::string_view::npos) return true;
  return false;
}

}  // namespace winnow::device
