#include "winnow/stage/data_sets.h"

namespace winnow {

std::map<std::string, std::string> data_sets_of(const Stage& stage) {
  std::map<std::string, std::string> result;
  for (const auto& [name, print] : stage.fingerprints) {
    if (name == "data") result[stage.settings.text("dataset")] = print;
    if (name.starts_with(kFurtherTest)) result[name.substr(kFurtherTest.size())] = print;
  }
  return result;
}

}  // namespace winnow
