#include "winnow/core/safetensors_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "winnow/core/error.h"
#include "winnow/core/json_text.h"

namespace winnow {

namespace {

// Below the folder, whatever links there are: the name alone decides, so that a record of names is a record of what is
// read.
bool stays_below(const Path& name) {
  return !name.empty() && !name.is_absolute() && name.has_filename() &&
         std::none_of(name.begin(), name.end(),
                      [](const Path& part) { return part == ".." || part == "." || part.empty(); });
}

}  // namespace

SafeTensorsIndex SafeTensorsIndex::read(const Path& index) {
  Value json = read_json(index);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object() ||
      json["weight_map"].empty())
    throw DataError(fmt::format("{} has no table weight_map", index.string()));
  SafeTensorsIndex result;
  for (const auto& [tensor, shard] : json["weight_map"].items()) {
    if (!shard.is_string())
      throw DataError(fmt::format("{}: weight_map: the shard of '{}' is no file name but {}", index.string(), tensor,
                                  shard.dump()));
    std::string name = shard.get<std::string>();
    if (name.find('\0') != std::string::npos || !stays_below(name))
      throw DataError(fmt::format("{}: weight_map: the shard {} of '{}' is not below the folder of the index",
                                  index.string(), shard.dump(), tensor));
    result.file_of[tensor] = name;
    result.shards.insert(name);
  }
  return result;
}

}  // namespace winnow
