// Mutates a file of class texts: DataError is the only legal way to fail, with one line of text. Deterministic: the
// same count gives the same inputs, and a failing input is printed.
//   templates_fuzz [COUNT]
#include <fmt/format.h>

#include <cstdlib>

#include "fault.h"
#include "mutator.h"
#include "winnow/core/error.h"
#include "winnow/data/template_file.h"

namespace {

using namespace winnow;

const std::string kFile = R"({
  "format": "winnow-templates/1",
  "dataset": "EuroSAT",
  "source": "by hand",
  "templates": ["a satellite image of {}.", "{} from above"],
  "classes": {
    "Annual Crop Land": ["rows of green"],
    "Forest": ["many trees", "a {} from above", "no \\n sea"]
  }
})";
const std::string kPlain = R"({"annual_crop-land": ["rows of green"], "FOREST": ["many trees", "a {} from above"]})";
const std::vector<std::string> kPieces = {"\xef\xbb\xbf",
                                          "\r\n",
                                          "\"forest\": [\"y\"],",
                                          "{}",
                                          "{",
                                          "}",
                                          "[",
                                          "]",
                                          ",",
                                          ":",
                                          "\"",
                                          "\\",
                                          "\\n",
                                          "\n",
                                          "\xff",
                                          std::string(1, '\0'),
                                          "\\u0000",
                                          "null",
                                          "1e99",
                                          "[]",
                                          "\"\"",
                                          "\"Forest\": [\"x\"],",
                                          "\"Sea\\n\": [],",
                                          "\"classes\": {},",
                                          "\"templates\": \"x\","};
const std::vector<std::string> kClasses = {"Annual Crop Land", "Forest"};

std::string fault_of(const std::string& text) {
  return fuzz::fault_of<DataError>([&]() -> std::string {
    for (const auto& own : data::TemplateFile::parse(text, "t.json").texts(kClasses, "t.json"))
      if (own.empty()) return "left a class without text";
    return "";
  });
}

}  // namespace

int main(int argc, char** argv) {
  int count = argc > 1 ? std::atoi(argv[1]) : 20000;
  for (const std::string& whole : {kFile, kPlain}) {
    if (std::string fault = fault_of(whole); !fault.empty()) return fmt::print("the file itself {}\n", fault), 1;
    fuzz::Mutator mutator(whole, kPieces);
    for (int i = 0; i < count; ++i) {
      std::string text = mutator.next(), fault = fault_of(text);
      if (fault.empty()) continue;
      fmt::print("mutation {} {}\n{}\n", i, fault, text);
      return 1;
    }
  }
  fmt::print("{} mutations of each form\n", count);
}
