// One preset file to one entry of the catalogue: what stands where, and of which type. Whether values fit the keys that
// they are of is checked when all are there (check_presets.h).
#pragma once

#include "declared_key.h"
#include "preset_table.h"

namespace winnow::sweep {

// UsageError with file and line by each.
std::vector<Key> declared_keys(const PresetTable&, const NamedParts&);  // of its entry `keys`
Method read_method(Preset, const PresetTable&, const NamedParts&);
Model read_model(Preset, const PresetTable&, const std::vector<std::string>& families);
Dataset read_dataset(Preset, const PresetTable&);

// What a method from outside says, `like` aside; the rest is that of `methods`, of which it names one.
Method read_variant(Preset, const PresetTable&, const std::map<std::string, Method>& methods);

}  // namespace winnow::sweep
