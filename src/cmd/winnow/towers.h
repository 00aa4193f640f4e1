// What winnow-train says of a snapshot's towers: this program has no tensors.
#pragma once

#include <optional>

#include "winnow/core/file.h"
#include "winnow/core/settings.h"

namespace winnow::cmd {

// {"family", "image_size", "width", "blocks", "image_numbers", "text_numbers", "context"}; nothing where no
// winnow-train is built. DataError with its line where the towers cannot be built.
std::optional<Value> towers_of(const Path& snapshot);

}  // namespace winnow::cmd
