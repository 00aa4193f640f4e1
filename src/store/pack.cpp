#include "winnow/store/pack.h"

#include <fmt/format.h>

#include "packed_table.h"
#include "winnow/core/error.h"

namespace winnow::store {

Path table_path(const Path& store_root) { return store_root / "table.h5"; }

namespace {

PackedTable old_table(const Path& path, std::string& replaced) {
  std::error_code absent;
  if (!std::filesystem::exists(path, absent)) return {};
  try {
    return PackedTable::read(path);
  } catch (const std::exception& error) {
    replaced = error.what();
    return {};
  }
}

}  // namespace

Packed pack(const Store& store) {
  Packed result;
  Path path = table_path(store.root());
  PackedTable old = old_table(path, result.replaced), table;
  std::size_t kept = 0;
  for (const Path& file : store.runs()) {
    std::string name = file.stem().string();
    std::optional<Stamp> stamp = stamp_of(file.c_str());
    if (!stamp) continue;  // removed meanwhile
    try {
      std::optional<std::size_t> known = old.find(Identity::parse(name));
      if (known && old.row(*known).stamp == *stamp) {
        table.add(old.summary(*known), *stamp);
        ++kept;
        continue;
      }
      Summary run = read_summary(file);
      if (run.identity.hex() != name)
        throw DataError(fmt::format("run file {} holds another stage than its name says", file.string()));
      if (std::string why = PackedTable::refusal(run); !why.empty())
        throw DataError(fmt::format("run file {} stays outside table.h5: {}", file.string(), why));
      table.add(run, *stamp);
      ++result.read;
    } catch (const DataError& error) {
      std::string why = error.what();
      result.left_out.push_back(why.find(file.string()) == std::string::npos ? fmt::format("{}: {}", file.string(), why)
                                                                             : why);
    }
  }
  table.sort();
  result.runs = table.size();
  for (std::size_t at = 0; at < old.size(); ++at) result.gone += !table.find(old.row(at).identity);
  if (result.read == 0 && kept == old.size() && result.replaced.empty() && std::filesystem::exists(path)) return result;
  make_folders(store.root());
  write_file_atomically(path, table.bytes());
  result.written = true;
  return result;
}

}  // namespace winnow::store
