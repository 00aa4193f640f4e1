#include "batch_numbers.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace winnow::train {

namespace {

constexpr std::size_t kSteps = 64;  // whose numbers are copied together

}  // namespace

BatchNumbers::BatchNumbers(const std::vector<Batch>& batches, c10::Device device)
    : batches_(batches), device_(device) {}

BatchNumbers::OfStep BatchNumbers::of(std::size_t step) {
  if (step >= first_ && step < last_) return there_[step - first_];
  first_ = step;
  last_ = std::min(step + kSteps, batches_.size());
  there_.clear();
  if (device_.is_cpu()) {  // they are there
    for (std::size_t i = first_; i < last_; ++i)
      there_.push_back({{batches_[i].ids, device_},
                        batches_[i].given.defined() ? method::Ids(batches_[i].given, device_) : method::Ids()});
    return there_.front();
  }
  std::vector<at::Tensor> numbers;
  for (std::size_t i = first_; i < last_; ++i) numbers.push_back(batches_[i].ids);
  bool given = batches_[first_].given.defined();
  for (std::size_t i = first_; given && i < last_; ++i) numbers.push_back(batches_[i].given);
  method::Ids all(at::cat(numbers), device_);
  std::int64_t rows = given ? all.size() / 2 : all.size(), begin = 0;
  for (std::size_t i = first_; i < last_; ++i) {
    std::int64_t end = begin + batches_[i].ids.size(0);
    there_.push_back({all.narrow(begin, end), given ? all.narrow(rows + begin, rows + end) : method::Ids()});
    begin = end;
  }
  return there_.front();
}

}  // namespace winnow::train
