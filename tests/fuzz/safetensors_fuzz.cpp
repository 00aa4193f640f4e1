// Mutates a safetensors container and reads every byte that it promises: DataError is the only legal way to fail, with
// one line of text. Deterministic: the same count gives the same inputs; the number of a failing one is printed.
//   safetensors_fuzz [COUNT]
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "fault.h"
#include "mutator.h"
#include "winnow/core/error.h"
#include "winnow/core/safetensors.h"

namespace {

using namespace winnow;

const std::vector<std::string> kPieces = {
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "null",
    "-1",
    "0",
    "1e99",
    "18446744073709551616",
    "9223372036854775807",
    "[]",
    "{}",
    "\"F32\"",
    "\"I64\"",
    "\"F99\"",
    "\"F8_E4M3\"",
    "\"__metadata__\":null",
    "\"shape\":[]",
    "\"shape\":[-1]",
    "\"shape\":[4294967296,4294967296]",
    "\"data_offsets\":[0,0]",
    "\"data_offsets\":[8,0]",
    "\"data_offsets\":[0]",
    "\"__metadata__\":{}",
    "\"__metadata__\":{\"a\":1}",
    "\"a\":{}",
    "\xff",
    std::string(1, '\0'),
    std::string(8, '\xff'),
    " ",
};

// A container with types of several sizes, an empty tensor and a scalar.
std::string original(const Path& path) {
  std::vector<float> reals{1, 2, 3, 4, 5, 6};
  std::vector<std::int64_t> whole{7, 8};
  std::vector<std::uint8_t> bytes{9, 10, 11};
  std::filesystem::remove(path);
  write_safetensors(path,
                    {{"reals", {"F32", {2, 3}, std::as_bytes(std::span(reals))}},
                     {"whole", {"I64", {2}, std::as_bytes(std::span(whole))}},
                     {"bytes", {"U8", {3}, std::as_bytes(std::span(bytes))}},
                     {"none", {"F64", {0, 4}, {}}},
                     {"one", {"I64", {}, std::as_bytes(std::span(whole).first(1))}}},
                    {{"version", "1"}});
  return read_file(path);
}

// The length again that the header has, so that most mutations get past it.
void mend_length(std::string& text, std::size_t data) {
  if (text.size() < 8 + data) return;
  std::uint64_t length = text.size() - 8 - data;
  std::memcpy(text.data(), &length, 8);
}

std::string fault_of(const Path& path) {
  return fuzz::fault_of<DataError>([&]() -> std::string {
    SafeTensors file(path);
    std::uint64_t sum = 0;
    for (const auto& [name, tensor] : file.tensors()) {
      std::size_t wanted = safetensors_size(tensor.dtype);
      bool known = wanted != 0;  // others have the bytes that their offsets say
      for (std::int64_t extent : tensor.shape) wanted *= static_cast<std::size_t>(extent);
      if (known && wanted != tensor.bytes.size())
        return fmt::format("gave {} bytes for '{}', which has {}", tensor.bytes.size(), name, wanted);
      for (std::byte b : tensor.bytes) sum += std::to_integer<std::uint64_t>(b);
    }
    volatile std::uint64_t seen = sum;  // every byte was read
    (void)seen;
    return "";
  });
}

}  // namespace

int main(int argc, char** argv) {
  int count = argc > 1 ? std::atoi(argv[1]) : 2000;
  if (count <= 0) return std::fprintf(stderr, "safetensors_fuzz [COUNT]\n"), 2;
  Path path = std::filesystem::temp_directory_path() / fmt::format("winnow-safetensors-fuzz-{}", ::getpid());
  std::string text = original(path);
  std::uint64_t length = 0;
  std::memcpy(&length, text.data(), 8);
  fuzz::Mutator mutator(text, kPieces);
  int failed = 0;
  for (int i = 0; i < count && !failed; ++i) {
    std::string mutated = mutator.next();
    if (i % 4) mend_length(mutated, text.size() - 8 - length);
    std::FILE* file = std::fopen(path.c_str(), "wb");  // without the syncs of write_file_atomically
    std::fwrite(mutated.data(), 1, mutated.size(), file);
    std::fclose(file);
    std::string fault = fault_of(path);
    if (fault.empty()) continue;
    fmt::print("mutation {} {}\n", i, fault);
    failed = 1;
  }
  std::filesystem::remove(path);
  if (!failed) fmt::print("{} mutations\n", count);
  return failed;
}
