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
  std::string name;                             // of the model preset
  Path root;
  std::string fingerprint;                      // hex; of the contents of configuration, weights and tokenizer, not of the folder
  std::int64_t bytes = 0, tensors = 0;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> files;   // name -> size, modification time (ns) when checked
};

// Folders where a model's snapshot is looked for, in this order: $WINNOW_WEIGHTS/<name>, <cache>/weights/<name>.
std::vector<Path> weights_folders(const std::string& name);

// Reads every file of the snapshot, validates the containers' headers and writes the record. `progress` in [0, 1]. DataError: no
// folder (where it was looked for, `download` says what to fetch), no config.json, pickles only, a damaged container. `look`: a further
// look at the folder, whose exceptions leave no record.
WeightsRecord check_weights(const std::string& name, const std::string& download, const std::optional<Path>& root,
                            const std::function<void(std::string_view, double)>& progress, const std::function<void(const Path&)>& look = {});

std::optional<WeightsRecord> read_weights_record(const std::string& name);

// Refuses (DataError) when a file's size or time is not that of the record and its content differs, too.
void require_unchanged(const WeightsRecord&);

}  // namespace winnow::data
