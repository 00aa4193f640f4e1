// A key that no method and no experiment has.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "grammar.h"
#include "winnow/core/error.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::sweep {

// All declarations of all keys: several methods may declare one key, each in its way.
using Known = std::map<std::string, std::vector<const Key*>>;
Known known_keys(const Catalogue&);

// File, line, the nearest known key; or what the table of this name holds.
UsageError unknown_key(const Known&, const std::string& key, const Place&);

}  // namespace winnow::sweep
