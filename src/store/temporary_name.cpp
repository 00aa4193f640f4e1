#include "temporary_name.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "winnow/core/host.h"

namespace winnow::store {

namespace {

// Without points: they separate the fields.
std::vector<std::string> fields_of(const std::string& name) {
  std::vector<std::string> fields(1);
  for (char c : name)
    if (c == '.') fields.emplace_back();
    else fields.back() += c;
  return fields;
}

}  // namespace

std::string temporary_name(const std::string& identity, int attempt) {
  static const std::string host = host_name();
  static std::atomic<unsigned> serial{0};
  return fmt::format(".{}.{}.{}.{}.{}.part", identity, attempt, host, ::getpid(), serial++);
}

bool writer_is_gone(const Path& path) {
  std::vector<std::string> fields = fields_of(path.filename().string());
  if (fields.size() != 7 || !fields[0].empty() || fields[6] != "part") return false;
  if (fields[3] == host_name()) return ::kill(std::atoi(fields[4].c_str()), 0) != 0 && errno == ESRCH;
  std::error_code code;
  auto touched = std::filesystem::last_write_time(path, code);
  return !code && std::filesystem::file_time_type::clock::now() - touched > std::chrono::hours(24);
}

}  // namespace winnow::store
