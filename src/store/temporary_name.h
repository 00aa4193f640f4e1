// Names of files that are being written: who writes them, so that what dead writers left can be cleared up.
#pragma once

#include <string>

#include "winnow/core/file.h"

namespace winnow::store {

// ".IDENTITY.ATTEMPT.HOST.PID.N.part"; N counts calls of this process.
std::string temporary_name(const std::string& identity, int attempt);

// A temporary file whose process does not live any more; on another host, one untouched for a day.
bool writer_is_gone(const Path&);

}  // namespace winnow::store
