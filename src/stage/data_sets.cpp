#include "winnow/stage/data_sets.h"

namespace winnow {

std::map<std::string, std::string> data_sets_of(const Stage& stage) {
  std::map<std::string, std::string> result;
  for (const auto& [name, print] : stage.fingerprints) {
    if (name == "data") result[stage.settings.text("dataset")] = print;
    for (std::string_view split : {kFurtherTest, kOwnValidation})
      if (name.starts_with(split)) result[name.substr(split.size())] = print;
  }
  return result;
}

}  // namespace winnow
