// Presets from outside: the folders that a person keeps methods, models and data sets of their own in.
#pragma once

#include <string>
#include <vector>

#include "winnow/core/file.h"

namespace winnow::sweep {

// A preset file as it was read.
struct PresetFile {
  std::string path;    // as messages name it: FOLDER/datasets/birds.toml
  std::string folder;  // FOLDER, with the folders methods, models and datasets
  std::string text;
};

// All presets of `folders`, in the order of folders and names. Copies of built-in presets, byte for byte, are left out:
// the folder that winnow's own are compiled from may lie beside a sweep. UsageError for a folder that is not there,
// for an entry that no preset can be (a misspelled folder, a .toml where none belongs), for a folder without any
// preset, and for a file whose name no sweep could write.
std::vector<PresetFile> read_preset_folders(const std::vector<Path>& folders);

}  // namespace winnow::sweep
