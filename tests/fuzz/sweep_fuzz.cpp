// Mutates a sweep file and plans it: UsageError is the only legal way to fail, with one line of text. Deterministic: the same
// count gives the same inputs, and a failing input is printed.
//   sweep_fuzz FILE [COUNT]
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>

#include "winnow/core/error.h"
#include "winnow/sweep/plan.h"

namespace {

using winnow::Path;

// What breaks parsers: structure in the wrong place, numbers at the edge, references, bytes that are no text.
const std::vector<std::string> kPieces = {
    "[", "]", "{", "}", "=", ",", "\"", "'", "\n", "#", ".", "[[grid]]\n", "[base]\n", "[[override]]\n", "[[exclude]]\n", "zip = ",
    "when = ", "set = ", "nan", "inf", "-1", "1e308", "9223372036854775807", "\"=seed\"", "\"=labels.seed\"", "true", "[]", "{}",
    "[[0]]", "method", "labels", "seed", "train.lr = ", "\xff", std::string(1, '\0'), "\u00e4", "1979-05-27",
};

class Mutator {
 public:
  explicit Mutator(std::string original) : original_(std::move(original)) {}

  std::string next() {
    std::string text = original_;
    for (int n = 1 + below(4); n > 0; --n) mutate(text);
    return text;
  }

 private:
  int below(std::size_t n) { return static_cast<int>(std::uniform_int_distribution<std::size_t>(0, n - 1)(engine_)); }
  std::size_t position(const std::string& text) { return static_cast<std::size_t>(below(text.size() + 1)); }
  void mutate(std::string& text) {
    std::size_t at = position(text);
    switch (below(5)) {
      case 0: text.insert(at, kPieces[static_cast<std::size_t>(below(kPieces.size()))]); break;
      case 1: text.erase(at, static_cast<std::size_t>(1 + below(12))); break;
      case 2: if (at < text.size()) text[at] = static_cast<char>(below(256)); break;
      case 3: text.insert(at, text.substr(position(text), static_cast<std::size_t>(1 + below(60)))); break;
      case 4: {                                      // swap two lines
        std::size_t end = text.find('\n', at);
        if (end == std::string::npos) break;
        std::string line = text.substr(at, end - at + 1);
        text.erase(at, line.size());
        text.insert(position(text), line);
      }
    }
  }

  std::string original_;
  std::mt19937 engine_{20260101};
};

}  // namespace

int main(int argc, char** argv) {
  using namespace winnow;
  if (argc < 2) return std::fprintf(stderr, "sweep_fuzz FILE [COUNT]\n"), 2;
  int count = argc > 2 ? std::atoi(argv[2]) : 20000;
  sweep::Catalogue catalogue = sweep::Catalogue::built_in({{"fashion-mnist", std::string(32, 'f')}});
  Mutator mutator(read_file(argv[1]));
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
