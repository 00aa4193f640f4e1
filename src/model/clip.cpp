#include "winnow/model/clip.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "winnow/core/error.h"
#include "winnow/device/transfer.h"
#include "winnow/model/normalise.h"
#include "winnow/text/family.h"

namespace winnow::model {

void require_whole(const Snapshot& snapshot) {
  text::Kind kind = kind_of(snapshot);
  if (kind.timm || (kind.family != text::Family::clip && kind.family != text::Family::siglip))
    return;  // the image tower names what it does not take
  TensorReader reader(snapshot, at::kFloat);
  std::vector<std::string> prefixes = {"vision_model.", "text_model.", "logit_scale"};
  if (kind.family == text::Family::clip) prefixes.insert(prefixes.end(), {"visual", "text_projection."});
  if (kind.family == text::Family::siglip) prefixes.emplace_back("logit_bias");
  for (const auto& [name, tensor] : snapshot.tensors)
    for (const std::string& prefix : prefixes)
      if (name.starts_with(prefix)) reader.ignore(name);
  reader.expect_all_taken({""});
}

at::Tensor pair_logits(const Snapshot& snapshot, const at::Tensor& image_features, const at::Tensor& text_features) {
  TensorReader reader(snapshot, image_features.scalar_type());
  bool siglip = kind_of(snapshot).family == text::Family::siglip;  // stores its two numbers as vectors of one
  std::vector<std::int64_t> shape(siglip ? 1 : 0, 1);
  auto number = [&](const char* name) { return device::to_device(reader.take(name, shape), image_features.device()); };
  at::Tensor logits =
      number("logit_scale").exp() * at::matmul(normalise_rows(image_features), normalise_rows(text_features).t());
  return siglip ? logits + number("logit_bias") : logits;
}

at::Tensor back_projected(const at::Tensor& text_features, const at::Tensor& projection) {
  return normalise_rows(at::matmul(text_features, projection));
}

}  // namespace winnow::model
