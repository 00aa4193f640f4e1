// Mutates a run file and reads it as reports, agents and `winnow store` do. One whose digests do not match is refused,
// whatever was changed. Every other mutation gets right digests again, so that what lies behind them, HDF5's own
// structures among it, is met by nonsense: it is read or refused with one line. Deterministic: the same count gives the
// same inputs.
//   run_file_fuzz [COUNT]
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>

#include "fault.h"
#include "user_block.h"
#include "winnow/core/error.h"
#include "winnow/store/run_file.h"
#include "winnow/store/store.h"

namespace {

using namespace winnow;
using namespace winnow::store;

RunContent some_run() {
  RunContent run;
  run.stage.settings = Settings(std::map<std::string, Value>{{"method", "proden"}, {"seed", 1}, {"train.lr", 0.05}});
  run.stage.defaulted = {"train.lr"};
  run.stage.inputs["backbone"] = {hash_of("a backbone"), Output::weights};
  run.tables["metrics/final"] = {{"epoch", std::vector<std::int64_t>{2}}, {"accuracy", std::vector<double>{0.75}}};
  run.tables["metrics/epochs"] = {{"epoch", std::vector<std::int64_t>{0, 1, 2}},
                                  {"loss", std::vector<double>{0.5, 0.25, 0.125}}};
  run.arrays["selection/mask"] = {DType::u8, {100}, std::vector<std::byte>(100)};
  run.arrays["scores/test"] = {DType::f32, {10, 10}, std::vector<std::byte>(400)};
  run.provenance = {"0.1.0", "a-host", "cpu", {{"torch", "2.11.0"}}, 1, 1, 3, 100.5, 160.25};
  run.log = "epoch 0\nepoch 1\n";
  return run;
}

void put(const Path& path, const std::string& bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
}

std::string with_right_digests(std::string bytes, const Identity& identity, Hash128 result) {
  std::span<const std::byte> rest(reinterpret_cast<const std::byte*>(bytes.data()) + kUserBlockSize,
                                  bytes.size() - kUserBlockSize);
  auto block =
      encode({.length = rest.size(), .file_digest = hash_of(rest), .identity = identity, .result_digest = result});
  std::memcpy(bytes.data(), block.data(), block.size());
  return bytes;
}

// Flips, zeroes and repeats: as a disk, a network file system or a hand would.
std::string mutated(std::string bytes, std::mt19937& random, std::size_t first) {
  auto position = [&] { return first + random() % (bytes.size() - first); };
  for (int changes = 1 + static_cast<int>(random() % 3); changes > 0; --changes) {
    std::size_t at = position(), size = std::min<std::size_t>(1 + random() % 16, bytes.size() - at);
    switch (random() % 5) {
      case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8)); break;
      case 1: bytes[at] = static_cast<char>(random()); break;
      case 2: bytes.replace(at, size, std::string(size, '\0')); break;
      case 3: bytes.replace(at, size, std::string(size, '\xff')); break;
      case 4: bytes.replace(at, size, bytes.substr(std::min(position(), bytes.size() - size), size)); break;
    }
  }
  return bytes;
}

std::string fault_of(const Path& path, bool damaged) {
  std::string verified = fuzz::fault_of<DataError>([&]() -> std::string {
    verify_run_file(path);
    return damaged ? "was taken for a good one" : "";
  });
  if (!verified.empty()) return verified;
  for (bool arrays : {true, false})
    if (std::string read = fuzz::fault_of<DataError>([&]() -> std::string {
          read_run_file(path, arrays);
          return "";
        });
        !read.empty())
      return read;
  return fuzz::fault_of<DataError>([&]() -> std::string {
    read_array(path, "scores/test");
    return "";
  });
}

}  // namespace

int main(int argc, char** argv) {
  int count = argc > 1 ? std::atoi(argv[1]) : 2000;
  if (count <= 0) return std::fprintf(stderr, "run_file_fuzz [COUNT]\n"), 2;
  Path folder = std::filesystem::temp_directory_path() / fmt::format("winnow-run-file-fuzz-{}", ::getpid());
  std::filesystem::create_directories(folder);
  Path path = folder / "run.h5";
  RunContent run = some_run();
  const Hash128 result = write_run_file(path, run).result_digest;
  const Identity identity = run.stage.identity();
  const std::string original = read_file(path);
  std::mt19937 random(20260101);
  int failed = 0, read = 0;
  for (int i = 0; i < count && !failed; ++i) {
    bool mended = i % 2;
    std::string bytes = mutated(original, random, mended ? kUserBlockSize : 0);
    if (!mended && bytes == original) continue;
    put(path, mended ? with_right_digests(bytes, identity, result) : bytes);
    std::string fault = fault_of(path, !mended);
    ++read;
    if (fault.empty()) continue;
    fmt::print("mutation {}{} {}\n", i, mended ? ", with right digests," : "", fault);
    put("run_file_fuzz.h5", read_file(path));
    failed = 1;
  }
  std::filesystem::remove_all(folder);
  if (!failed) fmt::print("{} mutations\n", read);
  return failed;
}
