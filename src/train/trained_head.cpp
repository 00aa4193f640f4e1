#include "trained_head.h"

#include "arrays.h"

namespace winnow::train {

model::TrainedHead trained_head(const store::RunContent& content) {
  for (const char* head : {"weights/head.head.", "weights/head."}) {
    auto take = [&](const char* part) {
      auto found = content.arrays.find(std::string(head) + part);
      return found == content.arrays.end() ? at::Tensor() : tensor_of(found->second);
    };
    if (at::Tensor weight = take("weight"); weight.defined()) return {weight, take("bias")};
  }
  return {};
}

}  // namespace winnow::train
