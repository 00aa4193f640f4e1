// A stage as a trainer is sent it.
#pragma once

#include <map>
#include <string>

#include "winnow/sweep/catalogue.h"

namespace winnow::cmd {

// The programs of a catalogue's methods, by their fingerprints.
using ProgramsByPrint = std::map<std::string, sweep::MethodProgram>;
void add_programs(const sweep::Catalogue&, ProgramsByPrint&);

// The stage, and beside it how the program of its method is started and what it wants of the machine
// (docs/programs.md), where it has one; that is no part of its identity.
Value stage_order(const Stage&, const ProgramsByPrint&);

}  // namespace winnow::cmd
