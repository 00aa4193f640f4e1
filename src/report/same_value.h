// Values of axes and values that people wrote, both as texts: numbers compare as numbers (1 and 1.0, 1e-3 and 0.001),
// all else letter by letter.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace winnow::report {

bool same_value(std::string_view a, std::string_view b);

// The place of `value` among `texts`: letter by letter if there is one, else as a number. texts.size(): none.
std::size_t find_value(const std::vector<std::string>& texts, std::string_view value);

// " (did you mean 0.7?)": of numbers the nearest one, of words the most alike; nothing where none is near.
std::string nearest_value(std::string_view value, const std::vector<std::string>& texts);

}  // namespace winnow::report
