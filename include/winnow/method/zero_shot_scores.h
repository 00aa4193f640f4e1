// Scores of a model that compares an image with its classes' texts, trained or not. Radford et al., "Learning
// transferable visual models from natural language supervision", 2021; docs/methods/unsupervised.md#2. Any device, no
// host synchronisation.
#pragma once

#include <ATen/core/Tensor.h>

namespace winnow::method {

// Text features of the classes, C x d of unit length: each text's features are normalised, averaged over the class and
// normalised again. text: C x n x d; present: C x n, 0 where a class has fewer than n texts. A class without texts
// becomes NaN.
at::Tensor averaged_texts(const at::Tensor& text, const at::Tensor& present);

// N x C: scale cos(feature, class). features: N x d; classes: C x d; neither need have unit length.
at::Tensor cosine_logits(const at::Tensor& features, const at::Tensor& classes, double scale);

}  // namespace winnow::method
