// Downloaded weights: a snapshot folder of a model preset, as it was found on this machine.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "winnow/core/file.h"

namespace winnow::data {

struct WeightsRecord {
  std::string name;  // of the model preset
  Path root;
  std::string fingerprint;  // hex; of the contents of configuration, weights and tokenizer, not of the folder
  std::int64_t bytes = 0, tensors = 0;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>>
      files;               // name below root -> size, modification time (ns) when checked
  bool any_shape = false;  // recorded although its architecture is not that of the preset (--any-shape)
  std::string preset;      // WeightsSource::preset of the preset that it was made by
};

// What a model's preset says of its snapshot.
struct WeightsSource {
  std::string name, download;      // where it is to be had, for messages; perhaps nothing
  std::vector<std::string> roots;  // folders of its own to look in
  std::string preset;              // of a preset that people brought: its digest, which records keep; else empty
};

// Folders where any model's snapshot is looked for, in this order: $WINNOW_WEIGHTS/<name>, <cache>/weights/<name>.
std::vector<Path> weights_folders(const std::string& name);

// Reads every file of the snapshot, validates the containers' headers and writes the record. `progress` in [0, 1].
// DataError: no folder (where it was looked for; without `root` that is in weights_folders, then in its preset's), no
// config.json, pickles only, a
// damaged container, a file that cannot be read (a link that leads nowhere, no permission). `look`: a further look at
// the folder, whose exceptions leave no record; true: another shape than the preset's, allowed.
WeightsRecord check_weights(const WeightsSource&, const std::optional<Path>& root,
                            const std::function<void(std::string_view, double)>& progress,
                            const std::function<bool(const Path&)>& look = {});

std::optional<WeightsRecord> read_weights_record(const std::string& name);

// Whether a snapshot folder can be read as it was recorded, by its files' names, sizes and times alone: empty, or one
// line that names the file.
std::string difference_from(const WeightsRecord&);

// Refuses (DataError) when the files are not those of the record by name, size and time, and their content differs,
// too.
void require_unchanged(const WeightsRecord&);

}  // namespace winnow::data
