// Which presets from outside a command knows.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "winnow/sweep/catalogue.h"

namespace winnow::cmd {

struct PresetOptions {
  std::vector<std::string> folders;

  void add_to(CLI::App& app);
  // Those of --presets and of $WINNOW_PRESETS. UsageError for one that is not there.
  std::vector<Path> named() const;
  // What lies in them, and beside the sweep file (folder `presets`, where there is one). Without a sweep: `sweep` is
  // empty. UsageError for what cannot be read, and for a folder that was named and is not there.
  std::vector<sweep::PresetFile> read(const std::string& sweep = "") const;
};

}  // namespace winnow::cmd
