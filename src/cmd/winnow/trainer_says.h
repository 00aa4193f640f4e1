// What winnow-train says, for what needs tensors: this program has none.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace winnow::cmd {

// Runs it with these words and gives what it printed; nothing where no winnow-train is built. DataError with its last
// line where it refuses.
std::optional<std::string> trainer_says(const std::vector<std::string>& words);

}  // namespace winnow::cmd
