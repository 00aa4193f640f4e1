// The table of named pipelines: name, steps as JSON.
#pragma once

#include <utility>
#include <vector>

namespace winnow::view {

struct NamedPipeline {
  const char* name;
  const char* steps;
};
const std::vector<NamedPipeline>& named_pipelines();

}  // namespace winnow::view
