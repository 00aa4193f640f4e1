// A checkpoint's tensors on their way back into a stage.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace winnow::train {

// The loader says first what it expects to find. Only when all have been asked and nothing is left over is the
// first value taken: a checkpoint that is refused has changed nothing. Borrows the tensors.
class SavedEntries {
 public:
  explicit SavedEntries(const std::map<std::string, at::Tensor>& tensors) : tensors_(tensors) {}

  // DataError for an entry that is missing or of another shape or type.
  const at::Tensor& need(const std::string& name, at::IntArrayRef shape, at::ScalarType type);
  // A value for each of `rows` steps or epochs, of any type of real numbers. `rows` negative: any number of them but
  // none.
  const at::Tensor& need_series(const std::string& name, std::int64_t rows);
  bool has(const std::string& name) const { return tensors_.count(name) != 0; }
  std::vector<std::string> names(const std::string& prefix) const;  // without the prefix
  // DataError naming an entry that was not asked for.
  void expect_all_taken() const;

 private:
  const at::Tensor& take(const std::string& name);

  const std::map<std::string, at::Tensor>& tensors_;
  std::set<std::string> taken_;
};

}  // namespace winnow::train
