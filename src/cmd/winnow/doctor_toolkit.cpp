#include "doctor_toolkit.h"

#include <fmt/format.h>

#include <fstream>
#include <optional>
#include <sstream>

#include "winnow/core/cuda_needs.h"

namespace winnow::cmd {

namespace {

// The number of "#define NAME NUMBER".
std::optional<int> defined(const Path& header, const std::string& name) {
  std::ifstream lines(header);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string define, key;
    if (int value = 0; words >> define >> key >> value && define == "#define" && key == name) return value;
  }
  return std::nullopt;
}

Check check_toolkit(const Path& header) {
  std::optional<int> version = defined(header, "CUDART_VERSION");
  if (!version)
    return {Check::State::missing, "CUDA toolkit", "no " + header.string(),
            fmt::format("to compute on GPUs install a CUDA {} toolkit", kCudaNeeded / 1000)};
  std::string found = fmt::format("{}, {}", cuda_version(*version), header.parent_path().parent_path().string());
  if (*version / 1000 == kCudaNeeded / 1000) return {Check::State::good, "CUDA toolkit", found, ""};
  return {Check::State::missing, "CUDA toolkit", found,
          fmt::format("libwinnow-cuda.so is built with CUDA {}: install that toolkit", kCudaNeeded / 1000)};
}

Check check_library(const char* name, const Path& header, const char* prefix, const char* package) {
  std::optional<int> major = defined(header, fmt::format("{}_MAJOR", prefix)),
                     minor = defined(header, fmt::format("{}_MINOR", prefix));
  std::optional<int> patch = defined(header, fmt::format("{}_PATCH", prefix));
  if (!patch) patch = defined(header, fmt::format("{}_PATCHLEVEL", prefix));
  if (major && minor && patch)
    return {Check::State::good, name, fmt::format("{}.{}.{}, {}", *major, *minor, *patch, header.string()), ""};
  return {Check::State::missing, name, "no " + header.string(),
          fmt::format("to compute on GPUs install {} for CUDA {} beside the toolkit", package, kCudaNeeded / 1000)};
}

}  // namespace

std::vector<Check> toolkit_checks(const Path& toolkit) {
  Path headers = toolkit / "include";
  return {check_toolkit(headers / "cuda_runtime_api.h"),
          check_library("NCCL", headers / "nccl.h", "NCCL", "libnccl-dev"),
          check_library("cuDNN", headers / "cudnn_version.h", "CUDNN", "libcudnn9-dev-cuda-13")};
}

}  // namespace winnow::cmd
