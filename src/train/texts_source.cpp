#include "texts_source.h"

#include <utility>

#include "winnow/device/transfer.h"

namespace winnow::train {

TextsSource::TextsSource(Source& images, Prompts prompts, Captions captions, c10::Device device)
    : images_(images), prompts_(std::move(prompts)), captions_(std::move(captions)), device_(device) {}

const at::Tensor& TextsSource::prompts_there(const at::Tensor& ids) {
  constexpr std::size_t kMost = 64;  // a step asks for the same ones; whoever draws other ones each time keeps none
  const std::int64_t* first = ids.const_data_ptr<std::int64_t>();
  std::vector<std::int64_t> numbers(first, first + ids.numel());
  if (auto known = prompts_there_.find(numbers); known != prompts_there_.end()) return known->second;
  if (prompts_there_.size() == kMost) prompts_there_.clear();
  return prompts_there_[std::move(numbers)] = device::to_device(prompts_(ids), device_);
}

at::Tensor TextsSource::inputs(const std::string& split, const std::string& view, const at::Tensor& ids,
                               std::int64_t epoch) {
  if (view.empty() && prompts_) return prompts_there(ids.contiguous());
  if (view == "caption" && captions_) return device::to_device(captions_(images_.samples_of(ids), epoch), device_);
  return images_.inputs(split, view, ids, epoch);
}

}  // namespace winnow::train
