// Mutates a file of kept rows and reads it: whatever was changed, what is read is what was kept, and what is missing
// can be kept again. Deterministic: the same count gives the same inputs.
//   kept_rows_fuzz [COUNT]
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "winnow/core/error.h"
#include "winnow/data/kept_rows.h"

namespace {

using namespace winnow;

constexpr int kRecords = 6;

std::vector<std::byte> rows(int i) {
  return std::vector<std::byte>(static_cast<std::size_t>(10 + 37 * i), static_cast<std::byte>(i + 1));
}

Hash128 key(int i) { return hash_of(fmt::format("rows {}", i)); }

void put(const Path& path, const std::string& bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
}

// As a disk, a network file system, a full disk or a hand would.
std::string mutated(std::string bytes, std::mt19937& random) {
  for (int changes = 1 + static_cast<int>(random() % 3); changes > 0 && !bytes.empty(); --changes) {
    std::size_t at = random() % 4 ? 4096 + random() % (bytes.size() > 4096 ? bytes.size() - 4096 : 1) : random();
    at %= bytes.size();
    std::size_t size = std::min<std::size_t>(1 + random() % 64, bytes.size() - at);
    switch (random() % 6) {
      case 0: bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8)); break;
      case 1: bytes.replace(at, size, std::string(size, '\0')); break;
      case 2: bytes.replace(at, size, std::string(size, '\xff')); break;
      case 3: bytes.replace(at, size, bytes.substr(random() % bytes.size(), size)); break;
      case 4: bytes.resize(at); break;
      case 5: bytes.insert(at, std::string(size, static_cast<char>(random()))); break;
    }
  }
  return bytes;
}

std::string fault_of(const Path& path) {
  try {
    data::KeptRows kept(path, "of a fuzzer");
    for (int i = 0; i < kRecords; ++i) {
      std::vector<std::byte> wanted = rows(i), found(wanted.size());
      if (kept.read(key(i), found)) {
        if (found != wanted) return fmt::format("gave other rows {}", i);
        continue;
      }
      kept.keep(key(i), wanted);
      if (!kept.read(key(i), found) || found != wanted) return fmt::format("did not keep rows {} anew", i);
    }
  } catch (const DeviceError& error) {
    return fmt::format("was refused: {}", error.what());
  }
  return "";
}

}  // namespace

int main(int argc, char** argv) {
  int count = argc > 1 ? std::atoi(argv[1]) : 5000;
  if (count <= 0) return std::fprintf(stderr, "kept_rows_fuzz [COUNT]\n"), 2;
  Path folder = std::filesystem::temp_directory_path() / fmt::format("winnow-kept-rows-fuzz-{}", ::getpid());
  std::filesystem::create_directories(folder);
  Path path = folder / "a.rows";
  {
    data::KeptRows kept(path, "of a fuzzer");
    for (int i = 0; i < kRecords; ++i) kept.keep(key(i), rows(i));
  }
  const std::string original = read_file(path);
  std::mt19937 random(20260101);
  int failed = 0;
  for (int i = 0; i < count && !failed; ++i) {
    put(path, mutated(original, random));
    std::string fault = fault_of(path);
    if (fault.empty()) continue;
    fmt::print("mutation {} {}\n", i, fault);
    failed = 1;
  }
  std::filesystem::remove_all(folder);
  if (!failed) fmt::print("{} mutations\n", count);
  return failed;
}
