#include "text_items.h"

#include <ATen/ATen.h>

#include <utility>

#include "winnow/core/error.h"
#include "winnow/device/transfer.h"

namespace winnow::train {

TextItems::TextItems(Source& images, at::Tensor text_classes, std::int64_t epochs, std::int64_t steps,
                     const at::TensorOptions& real)
    : images_(images), on_host_(std::move(text_classes)), epochs_(epochs), steps_(steps) {
  given_ = device::to_device(on_host_, real.device());
  candidates_ = device::to_device(at::one_hot(on_host_, classes()).to(real.dtype().toScalarType()), real.device());
}

at::Tensor TextItems::inputs(const std::string& split, const std::string& view, const at::Tensor& ids,
                             std::int64_t epoch) {
  if (split == "train" && !view.empty()) throw InternalError("a text has no view");
  return images_.inputs(split, view, ids, epoch);
}

std::vector<Batch> TextItems::batches(std::int64_t) {
  return std::vector<Batch>(static_cast<std::size_t>(steps_), Batch{at::arange(on_host_.size(0)), on_host_});
}

}  // namespace winnow::train
