// What winnow knows of methods, models and data sets before it runs anything: the presets (sweeps/presets), compiled in.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/core/settings.h"

namespace winnow::sweep {

// One preset file. What it may hold is written in sweeps/presets/README.md.
struct Preset {
  std::string name;
  std::string source;                             // "sweeps/presets/methods/proden.toml"
  Value content;                                  // the TOML as JSON
};

// Fingerprints of data sets (and of downloaded weights) by name: what `winnow data check` recorded.
using Fingerprints = std::map<std::string, std::string>;

struct Catalogue {
  std::map<std::string, Preset> methods, models, datasets;
  std::vector<Declaration> common;                // keys of every experiment: dataset, data.*, labels.*, model, adapt, head, train.*, seed
  Fingerprints fingerprints;

  static Catalogue built_in(Fingerprints);        // the presets in this program
};

}  // namespace winnow::sweep
