#include "winnow/device/device.h"

#include <ATen/ATen.h>
#include <ATen/Version.h>
#include <c10/core/DeviceType.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>

#include <fstream>
#include <map>

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

std::vector<std::string> names() {
  std::vector<std::string> result{"cpu"};
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
    last = c10::impl::VirtualGuardImpl(c10::DeviceType::PrivateUse1).deviceCount() - 1;
  }
  throw refuse(fmt::format("{}, or {}:NUMBER up to {}", type, type, last));
}

std::string kind_of(c10::Device device) {
  return device.is_cpu() ? processor() : c10::DeviceTypeName(device.type(), /*lower_case=*/true);
}

}  // namespace winnow::device
