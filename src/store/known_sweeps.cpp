#include "winnow/store/known_sweeps.h"

#include <fmt/format.h>

#include <algorithm>

#include "winnow/core/error.h"
#include "winnow/core/json_text.h"
#include "winnow/core/settings.h"

namespace winnow::store {

namespace {

constexpr int kFormat = 1;

Path folder_of(const Path& root) { return root / "sweeps"; }

// A line of JSON that says what follows, and its digest; then a line a stage.
KnownSweep read_sweep(const Path& path) {
  std::string text = read_file(path);
  std::size_t end = std::min(text.find('\n'), text.size());
  Value head = Value::parse(text.substr(0, end), nullptr, false);
  std::string_view rest = std::string_view(text).substr(std::min(end + 1, text.size()));
  try {
    if (!head.is_object() || head.at("format") != kFormat)
      throw DataError("has another format than this winnow writes");
    if (head.at("digest") != hash_of(rest).hex()) throw DataError("is damaged");
    KnownSweep sweep{head.at("sweep"), head.at("file"), head.at("sets"), head.at("presets"), head.at("time"), {}};
    for (std::size_t at = 0; at + 33 <= rest.size(); at += 33)
      sweep.stages.push_back(Identity::parse(rest.substr(at, 32)));
    return sweep;
  } catch (const DataError& error) {
    throw DataError(fmt::format("{} {}", path.string(), error.what()));
  } catch (const Value::exception&) {
    throw DataError(fmt::format("{} is not what a run writes", path.string()));
  }
}

}  // namespace

void remember_sweep(const Path& store_root, const KnownSweep& sweep) {
  std::string rest;
  rest.reserve(33 * sweep.stages.size());
  for (const Identity& stage : sweep.stages) rest += stage.hex() + "\n";
  Value head = {{"format", kFormat},        {"sweep", sweep.name}, {"file", sweep.file},           {"sets", sweep.sets},
                {"presets", sweep.presets}, {"time", sweep.time},  {"digest", hash_of(rest).hex()}};
  make_folders(folder_of(store_root));
  write_file_atomically(folder_of(store_root) / (sweep.name + ".txt"),
                        head.dump(-1, ' ', false, Value::error_handler_t::replace) + "\n" + rest);
}

KnownSweeps known_sweeps(const Path& store_root) {
  KnownSweeps result;
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator(folder_of(store_root), absent)) {
    if (entry.path().extension() != ".txt") continue;
    try {
      result.sweeps.push_back(read_sweep(entry.path()));
    } catch (const DataError& error) {
      result.faults.emplace_back(error.what());
    }
  }
  std::sort(result.sweeps.begin(), result.sweeps.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  std::sort(result.faults.begin(), result.faults.end());
  return result;
}

}  // namespace winnow::store
