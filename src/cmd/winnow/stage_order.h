// A stage as a trainer is sent it.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "winnow/sweep/catalogue.h"

namespace winnow::cmd {

// The programs of methods, by a method's name and its program's fingerprint: two presets of one program may want
// different devices.
using Programs = std::map<std::pair<std::string, std::string>, sweep::MethodProgram>;
void add_programs(const sweep::Catalogue&, Programs&);
// That of the stage's method; null: it is none, or none of these.
const sweep::MethodProgram* program_of(const Stage&, const Programs&);

// The stage, and beside it how the program of its method is started and what it wants of the machine
// (docs/programs.md), where it has one; that is no part of its identity.
Value stage_order(const Stage&, const Programs&);

}  // namespace winnow::cmd
