#include "winnow/stage/program_wishes.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "winnow/core/error.h"

namespace winnow {

namespace {

constexpr Words<ProgramWishes::Device>::Entry kDeviceWords[] = {
    {ProgramWishes::Device::any, "any"}, {ProgramWishes::Device::cpu, "cpu"}, {ProgramWishes::Device::gpu, "gpu"}};
constexpr Words<ProgramWishes::Device> kDevices("device", kDeviceWords);

constexpr std::pair<std::string_view, double> kUnits[] = {{"MB", 1e6},
                                                          {"GB", 1e9},
                                                          {"TB", 1e12},
                                                          {"MiB", 1024.0 * 1024},
                                                          {"GiB", 1024.0 * 1024 * 1024},
                                                          {"TiB", 1024.0 * 1024 * 1024 * 1024}};

}  // namespace

const Words<ProgramWishes::Device>& program_devices() { return kDevices; }

std::int64_t parse_memory(std::string_view text) {
  constexpr double kMost = 1e18;
  double number = 0;
  auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  for (auto [name, bytes] : kUnits)
    if (wrong == std::errc() && unit == name && number > 0 && number * bytes <= kMost)
      return static_cast<std::int64_t>(std::llround(number * bytes));
  throw UsageError(fmt::format("memory: '{}': a number and MB, GB, TB, MiB, GiB or TiB, as in \"8 GB\"", text));
}

std::string memory_text(std::int64_t bytes) {
  double number = static_cast<double>(bytes);
  for (const char* unit : {"MB", "GB"}) {
    number /= number == static_cast<double>(bytes) ? 1e6 : 1e3;
    if (number < 1000) return fmt::format("{:.4g} {}", number, unit);
  }
  return fmt::format("{:.4g} TB", number / 1e3);
}

void put_wishes(const ProgramWishes& wishes, Value& program) {
  if (wishes.device != ProgramWishes::Device::any) program["device"] = kDevices.name(wishes.device);
  if (wishes.memory > 0) program["memory"] = wishes.memory;
}

ProgramWishes wishes_of(const Value& program) {
  try {
    return {kDevices.parse(program.value("device", "any")), program.value("memory", std::int64_t{0})};
  } catch (const nlohmann::json::exception& error) {
    throw UsageError(std::string("program: ") + error.what());
  }
}

}  // namespace winnow
