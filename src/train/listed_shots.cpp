#include "listed_shots.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/data/shot_lists.h"

namespace winnow::train {

std::vector<std::int64_t> listed_shots(const std::string& fingerprint, const at::Tensor& rows, const at::Tensor& labels,
                                       const std::vector<std::string>& class_names, std::int64_t shots,
                                       const char* key) {
  std::vector<std::int64_t> places = data::read_shot_list(fingerprint);
  at::Tensor listed = at::isin(rows, at::tensor(places, at::kLong)).nonzero().flatten();
  auto wanted = static_cast<std::int64_t>(places.size());
  if (listed.size(0) != wanted)
    throw UsageError(
        fmt::format("data.shot_list: {} of its {} images are none of the {} training samples that the other settings "
                    "data.* leave",
                    wanted - listed.size(0), wanted, rows.size(0)));
  auto classes = static_cast<std::int64_t>(class_names.size());
  at::Tensor counts = at::bincount(labels.index_select(0, listed), {}, classes);
  for (std::int64_t c = 0; c < classes; ++c)
    if (auto there = counts[c].item<std::int64_t>(); there != shots)
      throw UsageError(fmt::format("{} = {}: data.shot_list has {} image{} of the class '{}'", key, shots, there,
                                   there == 1 ? "" : "s", class_names[static_cast<std::size_t>(c)]));
  const auto* first = listed.const_data_ptr<std::int64_t>();
  return {first, first + listed.numel()};
}

}  // namespace winnow::train
