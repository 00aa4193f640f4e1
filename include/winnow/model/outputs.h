// What a tower or a prediction yields.
#pragma once

#include <ATen/core/Tensor.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace winnow::model {

// Named tensors in order: what a tower or a prediction yields. at() throws InternalError naming what there is.
class Outputs {
 public:
  Outputs() = default;
  Outputs(std::initializer_list<std::pair<std::string, at::Tensor>> tensors) : tensors_(tensors) {}

  const at::Tensor& at(std::string_view name) const;
  bool has(std::string_view name) const;
  const at::Tensor& features() const { return at("features"); }  // what the stage's head reads
  std::vector<std::pair<std::string, at::Tensor>>& all() { return tensors_; }
  const std::vector<std::pair<std::string, at::Tensor>>& all() const { return tensors_; }

 private:
  std::vector<std::pair<std::string, at::Tensor>> tensors_;
};

}  // namespace winnow::model
