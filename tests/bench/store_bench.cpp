// What a small run file costs: built and written, verified, read. On /dev/shm, so that no disk is measured.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>

#include "winnow/store/inventory.h"
#include "winnow/store/store.h"

int main() {
  using namespace winnow;
  store::RunContent run;
  run.tables["metrics/final"] = {{"accuracy", std::vector<double>{0.5}}};
  run.tables["metrics/epochs"] = {{"epoch", std::vector<std::int64_t>{0, 1}},
                                  {"accuracy", std::vector<double>{0.25, 0.5}}};
  Path folder = fmt::format("/dev/shm/winnow-store-bench-{}", ::getpid());
  std::filesystem::create_directory(folder);
  constexpr int kFiles = 1000;
  auto measure = [&](const char* what, auto body) {
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kFiles; ++i) body(folder / std::to_string(i));
    fmt::print("{:22} {:6.1f} us a file\n", what,
               std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / kFiles * 1e6);
  };
  measure("write", [&](const Path& path) { store::write_run_file(path, run, store::Sync::later); });
  fmt::print("{:22} {:6} bytes\n", "size", std::filesystem::file_size(folder / "0"));
  measure("verify", [&](const Path& path) { store::verify_run_file(path); });
  measure("read", [&](const Path& path) { store::read_run_file(path); });
  std::filesystem::remove_all(folder);

  store::Store store(folder);
  for (int i = 0; i < kFiles; ++i) {
    run.stage.settings = Settings(std::map<std::string, Value>{{"seed", i}});
    Identity identity = run.stage.identity();
    Path part = store.temporary_path(identity, 1);
    store::write_run_file(part, run, store::Sync::later);
    std::filesystem::rename(part, store.run_path(identity));
  }
  auto start = std::chrono::steady_clock::now();
  std::size_t seen = store::take_inventory(folder).runs.size();
  double passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  fmt::print("{:22} {:6.1f} us a file\n", "inventory", passed / static_cast<double>(seen) * 1e6);
  std::filesystem::remove_all(folder);
}
