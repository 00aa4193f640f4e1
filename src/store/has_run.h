// One place where a stage's run file may lie.
#pragma once

#include "winnow/core/file.h"
#include "winnow/stage/stage.h"

namespace winnow::store {

// Is `file` a run file of this stage? One that is damaged, or of another stage, is none; without `verify` its name is
// trusted.
bool has_run(const Path& file, const Identity&, bool verify);

}  // namespace winnow::store
