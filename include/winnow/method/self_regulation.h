// PromptSRC's loss: cross-entropy of a prompted model that stays close to the frozen one in its features and
// predictions; PromptKD's teacher is trained with it. Khattak et al., "Self-regulating prompts: foundational model
// adaptation without forgetting", 2023, Eqs. 3 to 6; docs/methods/unsupervised.md#6.8. Any device, no host
// synchronisation.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

// All rows of unit length. image, frozen_image: B x p; text, frozen_text: C x p, the frozen one a mean over templates;
// label: B. Scalars:
struct SelfRegulation {
  at::Tensor labels;       // cross-entropy of scale cos(image, text)
  at::Tensor text, image;  // mean over elements of |text - frozen_text| and |image - frozen_image|
  at::Tensor predictions;  // KL(frozen || prompted) / (B C)
};
SelfRegulation self_regulation(const at::Tensor& image, const at::Tensor& text, const at::Tensor& frozen_image,
                               const at::Tensor& frozen_text, const at::Tensor& label, double scale);

}  // namespace winnow::method
