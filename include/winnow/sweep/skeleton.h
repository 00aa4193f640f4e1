// Files to start from: a sweep, and presets of one's own.
#pragma once

#include <string>
#include <vector>

#include "winnow/core/words.h"

namespace winnow::sweep {

enum class SkeletonKind { method, dataset, model, sweep };
const Words<SkeletonKind>& skeleton_kinds();

struct SkeletonFile {
  std::string path;  // below the folder that they are for: "presets/methods/mine.toml"
  std::string text;
};

// What a thing of this kind and name consists of; complete, so that it can be run at once where it needs no files of
// its user's. A method and a model come with a sweep that names them. UsageError for a name that no preset can have.
std::vector<SkeletonFile> skeleton(SkeletonKind, const std::string& name);

}  // namespace winnow::sweep
