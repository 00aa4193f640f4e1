// The preset of a method that is a program of its user's: [program] beside what any method says. docs/programs.md.
#pragma once

#include "preset_table.h"
#include "read_preset.h"

namespace winnow::sweep {

// `catalogue`: the common keys, and the methods that are built in. UsageError with file and line.
Method read_program_method(Preset, const PresetTable&, const NamedParts&, const Catalogue&);

}  // namespace winnow::sweep
