// True labels. Whoever trains never holds one: sources give their oracle away, and engine and methods see the source alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <utility>

namespace winnow::train {

class Oracle {
 public:
  Oracle() = default;
  Oracle(at::Tensor train, at::Tensor test) : labels_{{"train", std::move(train)}, {"test", std::move(test)}} {}

  const at::Tensor& labels(const std::string& split) const { return labels_.at(split); }     // int64, one a sample

 private:
  std::map<std::string, at::Tensor> labels_;
};

}  // namespace winnow::train
