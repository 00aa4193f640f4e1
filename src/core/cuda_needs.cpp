#include "winnow/core/cuda_needs.h"

#include <fmt/format.h>

namespace winnow {

std::string cuda_version(int number) { return fmt::format("{}.{}", number / 1000, number % 1000 / 10); }

Path cuda_module_file() { return executable_folder().parent_path() / "lib" / "libwinnow-cuda.so"; }

}  // namespace winnow
