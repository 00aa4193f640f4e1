#include "texts_source.h"

#include <utility>

#include "winnow/device/transfer.h"

namespace winnow::train {

TextsSource::TextsSource(Source& images, Prompts prompts, Captions captions, c10::Device device)
    : images_(images), prompts_(std::move(prompts)), captions_(std::move(captions)), device_(device) {}

at::Tensor TextsSource::inputs(const std::string& split, const std::string& view, const at::Tensor& ids,
                               std::int64_t epoch) {
  if (view.empty()) return device::to_device(prompts_(ids), device_);
  if (view == "caption" && captions_) return device::to_device(captions_(images_.samples_of(ids), epoch), device_);
  return images_.inputs(split, view, ids, epoch);
}

}  // namespace winnow::train
