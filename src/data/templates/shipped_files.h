// The files of sweeps/coft/templates, compiled in (cmake/Embedded.cmake).
#pragma once

#include <string_view>
#include <vector>

namespace winnow::data {

struct ShippedFile {
  std::string_view dataset, content;
};

const std::vector<ShippedFile>& shipped_files();

}  // namespace winnow::data
