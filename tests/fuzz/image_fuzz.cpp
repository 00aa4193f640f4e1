// Mutates images and decodes them: DataError is the only legal way to fail. Deterministic; the number of a failing
// input is printed, and the input is kept in the folder for temporary files.
//   image_fuzz FILE... COUNT           COUNT mutations of each
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "mutator.h"
#include "winnow/core/error.h"
#include "winnow/data/image.h"

namespace {

// Markers, chunk names, lengths at the edge.
const std::vector<std::string> kPieces = {
    "\xff\xd8\xff",
    "\xff\xd9",
    std::string("\xff\xc0\x00\x11", 4),
    std::string("\xff\xc2\x00\x0b", 4),
    "\xff\xc4",
    "\xff\xdb",
    "\xff\xda",
    "\xff\xdd",
    "\xff\xd0",
    "\xff\xee",
    std::string("\xff\xe1\x00\x02", 4),
    "IHDR",
    "IDAT",
    "PLTE",
    "tRNS",
    "IEND",
    "gAMA",
    std::string(4, '\0'),
    "\xff\xff\xff\xff",
    "\x7f\xff\xff\xff",
    std::string("\x00\x00\x00\x01", 4),
    "\x78\x9c",
};

}  // namespace

int main(int argc, char** argv) {
  using namespace winnow;
  if (argc < 3) return std::fprintf(stderr, "image_fuzz FILE... COUNT\n"), 2;
  int count = std::atoi(argv[argc - 1]), accepted = 0, refused = 0;
  for (int k = 1; k + 1 < argc; ++k) {
    fuzz::Mutator mutator(read_file(argv[k]), kPieces);
    for (int i = 0; i < count; ++i) {
      std::string file = mutator.next();
      try {
        data::Image image = data::decode(std::as_bytes(std::span(file)), argv[k]);
        if (image.rgb.size() != static_cast<std::size_t>(3 * image.height * image.width) || image.rgb.empty())
          throw InternalError("an image of another size");
        ++accepted;
      } catch (const DataError&) {
        ++refused;
      } catch (const std::exception& error) {
        Path kept = std::filesystem::temp_directory_path() / "image_fuzz.failed";
        std::ofstream(kept, std::ios::binary) << file;
        fmt::print("mutation {} of {} failed with: {}; it is kept in {}\n", i, argv[k], error.what(), kept.string());
        return 1;
      }
    }
  }
  fmt::print("{} mutations of {} files: {} accepted, {} refused\n", accepted + refused, argc - 2, accepted, refused);
}
