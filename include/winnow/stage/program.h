// A method that is a program of its user's: how it is started and what it consists of. docs/programs.md.
#pragma once

#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/core/hash.h"
#include "winnow/core/settings.h"

namespace winnow {

struct Program {
  std::vector<std::string> command;  // its words; one that is in `files` means that file
  std::vector<std::string> files;    // all that it consists of: paths below `folder`
  Path folder;                       // no part of its identity

  // Of its words, and names and contents of its files. DataError for a file that cannot be read.
  Hash128 digest() const;
  // Copies its files below `to`, which must not exist yet, with their folders. DataError, DeviceError.
  void copy_files(const Path& to) const;
};

Value to_json(const Program&);
Program program_from_json(const Value&);  // UsageError for what to_json does not write

}  // namespace winnow
