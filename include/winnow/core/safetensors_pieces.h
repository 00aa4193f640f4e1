// Writing a safetensors container whose data lie nowhere as a whole.
#pragma once

#include <functional>

#include "winnow/core/safetensors.h"

namespace winnow {

struct SafeTensorPieces {
  using Put = std::function<void(std::span<const std::byte>)>;
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::function<void(const Put&)> write;  // puts its bytes, as many as shape and dtype say, piece by piece
};

// As write_safetensors.
void write_safetensors_pieces(const Path&, const std::map<std::string, SafeTensorPieces>&,
                              const std::map<std::string, std::string>& metadata = {});

}  // namespace winnow
