// A plan of a few stages on the built-in presets.
#pragma once

#include <string>

#include "../folder.h"
#include "winnow/sweep/catalogue.h"
#include "winnow/sweep/plan.h"

namespace winnow::cmd {

// `grid`: the entries of its one [[grid]].
inline sweep::Plan small_plan(const Folder& folder, const std::string& grid) {
  Path file = folder / "s.toml";
  write_file_atomically(file,
                        "name = \"s\"\n[base]\ndataset = \"fashion-mnist\"\nmodel = \"nano-clip\"\n[[grid]]\n" + grid);
  return sweep::Plan::read(file, sweep::Catalogue::built_in({{"fashion-mnist", "f"}}));
}

}  // namespace winnow::cmd
