#include "other_splits.h"

namespace winnow::sweep {

std::vector<std::string> further_tests(const Dataset& dataset) {
  return dataset.content.value("further_tests", std::vector<std::string>());
}

std::string validation_split(const Dataset& dataset) { return dataset.content.value("validation_split", ""); }

bool is_test_only(const Dataset& dataset) { return dataset.content.value("test_only", false); }

}  // namespace winnow::sweep
