// Few labelled images that a list names, in place of those that are drawn: data.shot_list.
// docs/methods/unsupervised.md#7.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace winnow::train {

// Where in `rows` (N, int64: places in the data set's training set, on the host) the images of a recorded list stand,
// ascending; `labels` (N, int64) are those of the rows. UsageError in terms of `key` where a class does not have as
// many as `shots`, and where an image of the list is none of the rows; DataError as data::read_shot_list.
std::vector<std::int64_t> listed_shots(const std::string& fingerprint, const at::Tensor& rows, const at::Tensor& labels,
                                       const std::vector<std::string>& class_names, std::int64_t shots,
                                       const char* key);

}  // namespace winnow::train
