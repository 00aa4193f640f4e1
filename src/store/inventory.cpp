#include "winnow/store/inventory.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>

#include "reader.h"
#include "temporary_name.h"
#include "user_block.h"
#include "winnow/core/error.h"

namespace winnow::store {

namespace fs = std::filesystem;

namespace {

std::optional<Identity> identity_of(const std::string& name) {
  if (name.size() != 32) return std::nullopt;
  try {
    Identity identity = Identity::parse(name);
    return identity.hex() == name ? std::optional(identity) : std::nullopt;
  } catch (const DataError&) {
    return std::nullopt;
  }
}

void look_into(const Path& path, Inventory::Run& run) {
  try {
    if (Identity there = read_user_block(path).identity; there != run.identity)
      throw DataError(fmt::format("run file {} holds another stage than its name says", path.string()));
    hdf5::Quiet quiet;
    Reader file(path);
    std::map<std::string, std::uint64_t> arrays;
    for (const std::string& group : file.names()) {
      if (group == "stage" || group == "metrics" || group == "log") continue;  // every file's, and small
      for (const std::string& name : file.sets(group)) arrays[group] += H5Dget_storage_size(file.open_set(name));
    }
    run.kind = file.attribute_text(attribute::kind);
    run.arrays = std::move(arrays);
  } catch (const Error& error) {
    run.fault = error.what();
    if (run.fault.find(path.string()) == std::string::npos)
      run.fault = fmt::format("run file {} {}", path.string(), run.fault);
  }
}

class Walk {
 public:
  explicit Walk(const Path& root) : root_(root) {}

  Inventory take() {
    std::error_code failed;
    fs::directory_iterator all(root_, failed);
    if (failed) throw DataError(fmt::format("cannot list {}: {}", root_.string(), failed.message()));
    for (const auto& entry : all) {
      std::string name = entry.path().filename().string();
      if (name == "runs") descend(entry.path(), 0, [this](const Path& file, std::uint64_t size) { run(file, size); });
      else if (name == "checkpoints") checkpoints(entry.path());
      else
        descend(entry.path(), 0, [&](const Path&, std::uint64_t size) {
          Amount& amount = name == "table.h5"  ? result_.table
                           : name == "damaged" ? result_.damaged
                           : name == "journal" ? result_.journal
                           : name == "reports" ? result_.reports
                                               : result_.others;
          amount.add(size);
        });
    }
    auto by_identity = [](const auto& a, const auto& b) { return a.identity < b.identity; };
    std::sort(result_.runs.begin(), result_.runs.end(), by_identity);
    std::sort(result_.checkpoints.begin(), result_.checkpoints.end(), by_identity);
    std::sort(result_.links.begin(), result_.links.end());
    return std::move(result_);
  }

 private:
  using Take = std::function<void(const Path&, std::uint64_t size)>;

  // Every regular file of a tree. What vanishes meanwhile was another process's.
  void descend(const Path& path, int depth, const Take& take) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) return;
    if (S_ISLNK(status.st_mode)) return result_.links.push_back(path);
    if (!S_ISDIR(status.st_mode)) return take(path, static_cast<std::uint64_t>(status.st_size));
    constexpr int kDeepest = 64;
    if (depth == kDeepest) throw DataError(fmt::format("{} is nested too deeply for a store", path.string()));
    std::error_code failed;
    fs::directory_iterator all(path, failed);
    if (failed && failed != std::errc::no_such_file_or_directory)
      throw DataError(fmt::format("cannot list {}: {}", path.string(), failed.message()));
    if (!failed)
      for (const auto& entry : all) descend(entry.path(), depth + 1, take);
  }

  void run(const Path& file, std::uint64_t size) {
    std::string name = file.filename().string(), stem = file.stem().string();
    std::optional<Identity> identity = identity_of(stem);
    if (identity && file.extension() == ".h5" && file == root_ / "runs" / stem.substr(0, 2) / name) {
      Inventory::Run found{*identity, size, "", "", {}};
      look_into(file, found);
      struct stat status {};
      if (!found.fault.empty() && ::lstat(file.c_str(), &status) != 0) return;  // removed meanwhile
      return result_.runs.push_back(std::move(found));
    }
    if (file.extension() == ".part")
      return (writer_is_gone(file) ? result_.leftovers : result_.being_written).add(size);
    result_.others.add(size);
  }

  void checkpoints(const Path& folder) {
    std::error_code failed;
    if (fs::is_symlink(folder, failed)) return result_.links.push_back(folder);
    for (const auto& entry : fs::directory_iterator(folder, failed)) {
      Amount amount;
      descend(entry.path(), 0, [&](const Path&, std::uint64_t size) { amount.add(size); });
      std::optional<Identity> identity = identity_of(entry.path().filename().string());
      if (identity && !entry.is_symlink(failed) && entry.is_directory(failed))
        result_.checkpoints.push_back({*identity, amount});
      else result_.others.add(amount);
    }
  }

  Path root_;
  Inventory result_;
};

}  // namespace

Amount Inventory::total() const {
  Amount sum;
  for (const Run& run : runs) sum.add(run.bytes);
  for (const Checkpoint& checkpoint : checkpoints) sum.add(checkpoint.amount);
  for (const Amount& part : {table, damaged, journal, reports, leftovers, being_written, others}) sum.add(part);
  return sum;
}

Inventory take_inventory(const Path& store_root) { return Walk(store_root).take(); }

}  // namespace winnow::store
