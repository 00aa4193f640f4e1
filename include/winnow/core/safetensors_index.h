// model.safetensors.index.json: which files (shards) of a folder hold the tensors of one model.
#pragma once

#include <map>
#include <set>
#include <string>

#include "winnow/core/file.h"

namespace winnow {

struct SafeTensorsIndex {
  std::map<std::string, std::string> file_of;  // tensor -> shard
  std::set<std::string> shards;                // names below the index's own folder, "/" between folders

  // DataError naming file and entry: no JSON table `weight_map`, a shard that is no name, absolute, or leads out of the
  // folder ("..").
  static SafeTensorsIndex read(const Path& index);
};

}  // namespace winnow
