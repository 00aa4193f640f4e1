// True labels, of the splits where they are known. Engine and methods never hold one: they see the source alone, which
// does not keep them. Stages evaluate with it, and pre-training writes its captions from it.
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

  bool knows(const std::string& split) const { return labels_.count(split) != 0; }
  const at::Tensor& labels(const std::string& split) const { return labels_.at(split); }  // int64, one a sample
  void add(const std::string& split, at::Tensor labels) { labels_[split] = std::move(labels); }
  void forget(const std::string& split) { labels_.erase(split); }

 private:
  std::map<std::string, at::Tensor> labels_;
};

}  // namespace winnow::train
