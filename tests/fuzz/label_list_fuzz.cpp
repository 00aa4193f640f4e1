// Mutates a JSON list of labels and one of a mask: DataError is the only legal way to fail, with one line of text, and
// what is taken is a label of the data set, or a 0 or a 1, for each of its images. Deterministic: the same count gives
// the same inputs, and a failing one is printed.
//   label_list_fuzz [COUNT]
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "fault.h"
#include "mutator.h"
#include "winnow/core/error.h"
#include "winnow/data/label_set.h"
#include "winnow/data/masks.h"

namespace {

using namespace winnow;

const std::string kLabels = "[0, 1, 2, 1, 0,\n 2, 2, 1]\n", kMask = "[true, false, 1, 0, true, 1, 0, false]\n";
const std::vector<std::int64_t> kTrue = {0, 1, 2, 1, 0, 2, 2, 1};
const std::vector<std::string> kPieces = {"\xef\xbb\xbf",
                                          "\r\n",
                                          "[",
                                          "]",
                                          "{",
                                          "}",
                                          ",",
                                          ":",
                                          "\"",
                                          "\\",
                                          "-",
                                          "-1",
                                          "3",
                                          "1.0",
                                          "1e99",
                                          "1e400",
                                          "nan",
                                          "9223372036854775808",
                                          "18446744073709551616",
                                          "null",
                                          "true",
                                          "false",
                                          "[]",
                                          "\"1\"",
                                          "\xff",
                                          std::string(1, '\0'),
                                          "\\u0000"};

std::string fault_of_labels(const Path& root, const std::string& text) {
  std::ofstream(root / "labels/mine.json", std::ios::binary | std::ios::trunc) << text;
  return fuzz::fault_of<DataError>([&]() -> std::string {
    for (const auto& [name, set] : data::keep_label_sets(root, {"mini", "f", kTrue, 3})) {
      data::KeptLabels kept(set.fingerprint, "f");
      if (kept.samples() != 8) return fmt::format("was taken for {} labels", kept.samples());
      for (std::int64_t label : kept.given())
        if (label < 0 || label > 2) return fmt::format("was taken with the label {}", label);
    }
    return "";
  });
}

std::string fault_of_mask(const std::string& text) {
  return fuzz::fault_of<DataError>([&]() -> std::string {
    std::vector<double> mask = data::parse_mask(text, "mask.json");
    bool whole = std::all_of(mask.begin(), mask.end(), [](double value) { return value == 0 || value == 1; });
    return whole ? "" : "was taken with another value";
  });
}

}  // namespace

int main(int argc, char** argv) {
  int count = argc > 1 ? std::atoi(argv[1]) : 20000;
  if (count <= 0) return std::fprintf(stderr, "label_list_fuzz [COUNT]\n"), 2;
  Path root = std::filesystem::temp_directory_path() / fmt::format("winnow-label-list-fuzz-{}", ::getpid());
  std::filesystem::create_directories(root / "labels");
  ::setenv("WINNOW_CACHE", (root / "cache").c_str(), 1);
  fuzz::Mutator labels(kLabels, kPieces), masks(kMask, kPieces);
  std::string fault = fault_of_labels(root, kLabels) + fault_of_mask(kMask), text = "the lists themselves";
  for (int i = 0; i < count && fault.empty(); ++i) {
    fault = fault_of_mask(text = masks.next());
    constexpr int kFewer = 10;  // what is taken is written to the cache
    if (fault.empty() && i % kFewer == 0) fault = fault_of_labels(root, text = labels.next());
  }
  std::filesystem::remove_all(root);
  if (fault.empty()) return fmt::print("{} mutations of a mask, {} of labels\n", count, (count + 9) / 10), 0;
  fmt::print("an input {}\n{}\n", fault, text);
  return 1;
}
