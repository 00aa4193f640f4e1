// Reading a method's settings that are words. A sweep's are checked against the preset's; a recorded case's come as
// they are.
#pragma once

#include <string>
#include <vector>

#include "winnow/core/settings.h"

namespace winnow::method {

// Position of the setting's word in `words`. UsageError naming key, word and the legal ones.
std::size_t choice(const Settings&, const std::string& key, const std::vector<std::string>& words);

// A number, or a word that stands for one of the run's. UsageError as above.
double number_or_word(const Settings&, const std::string& key,
                      const std::vector<std::pair<std::string, double>>& words);

}  // namespace winnow::method
