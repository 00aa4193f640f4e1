#include "winnow/model/snapshot_layout.h"

#include <ATen/ATen.h>

#include "transformer.h"

namespace winnow::model {

std::map<std::string, at::Tensor> snapshot_layout(const std::map<std::string, at::Tensor>& parameters) {
  std::map<std::string, at::Tensor> result;
  for (const auto& [name, tensor] : parameters) {
    std::size_t at = std::string::npos;
    BlockNames stacked;
    for (const BlockNames& names : {clip_blocks(""), vit_blocks("")})
      if (at == std::string::npos && (at = name.find(names.qkv + ".")) != std::string::npos) stacked = names;
    if (at == std::string::npos) {
      result[name] = tensor;
      continue;
    }
    std::vector<at::Tensor> rows = tensor.chunk(3);
    for (std::size_t i = 0; i < 3; ++i)
      result[std::string(name).replace(at, stacked.qkv.size(), stacked.parts[i])] = rows[i];
  }
  return result;
}

}  // namespace winnow::model
