// Mutates a sweep file and plans it: UsageError is the only legal way to fail, with one line of text. Deterministic:
// the same count gives the same inputs, and a failing input is printed.
//   sweep_fuzz FILE [COUNT]
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "mutator.h"
#include "winnow/core/error.h"
#include "winnow/sweep/plan.h"

namespace {

using winnow::Path;

// What breaks parsers: structure in the wrong place, numbers at the edge, references, bytes that are no text.
const std::vector<std::string> kPieces = {
    "[",
    "]",
    "{",
    "}",
    "=",
    ",",
    "\"",
    "'",
    "\n",
    "#",
    ".",
    "[[grid]]\n",
    "[base]\n",
    "[[override]]\n",
    "[[exclude]]\n",
    "zip = ",
    "when = ",
    "set = ",
    "nan",
    "inf",
    "-1",
    "1e308",
    "9223372036854775807",
    "\"=seed\"",
    "\"=labels.seed\"",
    "true",
    "[]",
    "{}",
    "[[0]]",
    "method",
    "labels",
    "seed",
    "train.lr = ",
    "\xff",
    std::string(1, '\0'),
    "\u00e4",
    "1979-05-27",
};

}  // namespace

int main(int argc, char** argv) {
  using namespace winnow;
  if (argc < 2) return std::fprintf(stderr, "sweep_fuzz FILE [COUNT]\n"), 2;
  int count = argc > 2 ? std::atoi(argv[2]) : 20000;
  sweep::Catalogue catalogue = sweep::Catalogue::built_in({{"fashion-mnist", std::string(32, 'f')}});
  fuzz::Mutator mutator(read_file(argv[1]), kPieces);
  Path file = std::filesystem::temp_directory_path() / fmt::format("sweep_fuzz.{}.toml", ::getpid());
  int accepted = 0, refused = 0;
  for (int i = 0; i < count; ++i) {
    std::string text = mutator.next();
    std::ofstream(file, std::ios::binary) << text;
    try {
      sweep::Plan plan = sweep::Plan::read(file, catalogue);
      for (std::uint32_t node = 0; node < plan.nodes().size(); ++node) plan.stage(node);
      ++accepted;
    } catch (const UsageError& error) {
      ++refused;
    } catch (const std::exception& error) {
      fmt::print("input {} failed with: {}\n{}\n", i, error.what(), text);
      return 1;
    }
  }
  std::filesystem::remove(file);
  fmt::print("{} mutations of {}: {} accepted, {} refused\n", count, argv[1], accepted, refused);
}
