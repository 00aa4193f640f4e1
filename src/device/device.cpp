#include "winnow/device/device.h"

#include <ATen/ATen.h>
#include <ATen/Version.h>
#include <c10/core/DeviceType.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>

#include <fstream>
#include <map>

#include "winnow/core/cuda_needs.h"
#include "winnow/core/error.h"

namespace winnow::device {

namespace {

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  std::map<std::string, std::string> first;
  for (std::string line; std::getline(file, line) && !line.empty();)
    if (std::size_t colon = line.find(':'); colon != std::string::npos && colon + 2 <= line.size())
      first[line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1)] = line.substr(colon + 2);
  std::string name = first.count("model name") ? first["model name"] : "unknown processor";
  if (first.count("cpu family") && first.count("model"))
    name += fmt::format(" (family {}, model {})", first["cpu family"], first["model"]);
  return fmt::format("cpu: {}, {}", name, at::get_cpu_capability());
}

}  // namespace

namespace {

CudaFacts cuda{};

int number_of(c10::Device device) { return device.has_index() ? device.index() : 0; }

}  // namespace

void set_cuda_facts(const CudaFacts& facts) { cuda = facts; }

std::string why_without(std::string_view precision, c10::Device device) {
  constexpr int kFirst = kCapabilityOfNewProducts;
  if (precision != "tf32" && precision != "bf16") return "";
  if (!device.is_cuda())
    return precision == "tf32" ? fmt::format("{} has no such products, an NVIDIA GPU has", device.str()) : "";
  int own = cuda.capability ? cuda.capability(number_of(device)) : 0;
  if (own == 0 || own >= kFirst) return "";
  return fmt::format("GPUs have such products from compute capability {}.{} on, this one's is {}.{}", kFirst / 10,
                     kFirst % 10, own / 10, own % 10);
}

std::vector<std::string> names() {
  std::vector<std::string> result{"cpu", "cuda"};
  if (c10::is_privateuse1_backend_registered()) result.push_back(c10::get_privateuse1_backend());
  return result;
}

c10::Device named(std::string_view name) {
  std::string_view type = name.substr(0, name.find(':'));
  std::vector<std::string> known = names();
  if (std::find(known.begin(), known.end(), type) == known.end())
    throw UsageError(
        fmt::format("device: unknown '{}'{}; known: {}", name, did_you_mean(type, known), fmt::join(known, ", ")));
  auto refuse = [&](const std::string& expected) {
    return UsageError(fmt::format("device: '{}' is no device: expected {}", name, expected));
  };
  if (type == "cuda" && !cuda.kind)
    throw UsageError(
        "device: cuda needs its module, which a program loads before all else where its own --device says cuda");
  if (type == "cpu") {
    if (name != type) throw refuse("cpu, which has no number");
    return at::kCPU;
  }
  int last = 0;
  try {
    c10::Device device{std::string(name)};
    last = c10::impl::VirtualGuardImpl(device.type()).deviceCount() - 1;
    if (device.index() <= last) return device;
  } catch (const c10::Error&) {
    last = c10::impl::VirtualGuardImpl(type == "cuda" ? at::kCUDA : c10::DeviceType::PrivateUse1).deviceCount() - 1;
  }
  throw refuse(fmt::format("{}, or {}:NUMBER up to {}", type, type, last));
}

std::string kind_of(c10::Device device) {
  if (device.is_cuda() && cuda.kind) return cuda.kind(number_of(device));
  return device.is_cpu() ? processor() : c10::DeviceTypeName(device.type(), /*lower_case=*/true);
}

c10::Device of_member(c10::Device device, int size, int rank, int here) {
  if (size == 1 || !device.is_cuda()) return device;
  if (device.has_index())
    throw UsageError(
        fmt::format("device: {} would be shared by {} processes of a gang, each needs a GPU of its own: say cuda",
                    device.str(), here));
  int there = c10::impl::VirtualGuardImpl(device.type()).deviceCount();
  if (here > there)
    throw UsageError(fmt::format("device: a gang of {} processes on this node needs {} GPUs, {} {} visible", here, here,
                                 there, there == 1 ? "is" : "are"));
  return {device.type(), static_cast<c10::DeviceIndex>(rank)};
}

void make_reproducible(c10::Device device) {
  if (!device.is_cuda()) return;
  at::Context& context = at::globalContext();
  context.setDeterministicAlgorithms(true, /*warn_only=*/false);
  context.setDeterministicFillUninitializedMemory(false);  // every empty tensor would be filled
  context.setDeterministicCuDNN(true);
  context.setBenchmarkCuDNN(false);
  use_tf32(device, false);  // convolutions would use it
  context.setAllowBF16ReductionCuBLAS(false);
  context.setAllowFP16ReductionCuBLAS(false);
  context.setSDPUseCuDNN(false);
}

void use_tf32(c10::Device device, bool wanted) {
  if (!device.is_cuda()) return;
  at::globalContext().setAllowTF32CuDNN(wanted);
  at::globalContext().setAllowTF32CuBLAS(wanted);
}

}  // namespace winnow::device
