#include "gang_calls.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>

namespace winnow::fleet {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHost = "winnow-part-", kCall = ".call";

// Words of mpirun for a shell there; a file appears whole or not at all.
constexpr std::string_view kScript = R"(host=$1; shift
printf '%s' "$*" >"${0%/*}/$host.part" && mv "${0%/*}/$host.part" "${0%/*}/$host.call"
)";

}  // namespace

std::string GangCalls::host(std::size_t part) { return fmt::format("{}{}", kHost, part); }

Path GangCalls::script(const Path& folder) { return folder / "call"; }

GangCalls::GangCalls(Path folder) : folder_(std::move(folder)) { write_file_atomically(script(folder_), kScript); }

std::vector<GangCall> GangCalls::take() {
  std::vector<GangCall> calls;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator(folder_, gone)) {
    std::string name = entry.path().filename();
    if (!name.starts_with(kHost) || !name.ends_with(kCall)) continue;
    std::size_t part = 0;
    const char* end = name.data() + name.size() - kCall.size();
    auto [parsed, error] = std::from_chars(name.data() + kHost.size(), end, part);
    if (error != std::errc() || parsed != end) continue;
    calls.push_back({part, read_file(entry.path())});
    fs::remove(entry.path(), gone);
  }
  return calls;
}

std::string in_folder(std::string command, const Path& callers, const Path& own) {
  const std::string from = callers.string(), to = own.string();
  for (std::size_t at = command.find(from); at != std::string::npos; at = command.find(from, at + to.size()))
    command.replace(at, from.size(), to);
  return command;
}

}  // namespace winnow::fleet
