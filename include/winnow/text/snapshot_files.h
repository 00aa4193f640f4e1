// What of a snapshot folder is text: its configuration, and the small files beside it. No tensors here.
#pragma once

#include <map>
#include <string>

#include "winnow/core/settings.h"

namespace winnow::text {

struct SnapshotFiles {
  std::string source;  // the folder or run file, for messages
  Value config;        // config.json
  std::map<std::string, std::string>
      files;  // other small files by name: vocab.json, merges.txt, preprocessor_config.json
  std::string preprocessor = "preprocessor_config.json";  // file and table from which the one of that name was made
};

}  // namespace winnow::text
