// The history of a store, for those who only read it.
#pragma once

#include <functional>

#include "winnow/core/file.h"
#include "winnow/core/settings.h"

namespace winnow::fleet {

// Every intact record of the store's journal, oldest first: "event", "time" (seconds since the epoch), "identity",
// "attempt", ... Safe while a coordinator writes. Returns the number of damaged lines. DataError when a file cannot be
// read.
std::size_t read_journal(const Path& store, const std::function<void(const Value&)>& take);

}  // namespace winnow::fleet
