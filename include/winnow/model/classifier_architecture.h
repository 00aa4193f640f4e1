// The parts that a classification stage's method asks for: an adapted image tower and a cosine head, on a CLIP snapshot.
#pragma once

#include <memory>
#include <string>

#include "winnow/model/clip.h"

namespace winnow::model {

struct ClassifierOptions {
  std::string adapt;                              // adaptformer, linear-probe, full-tuning
  std::int64_t adapter_dim = 0;                   // 0: the default bottleneck
  std::string head_init;                          // text, random
  double scale = 25;
  std::int64_t classes = 0;
  at::Tensor class_tokens;                        // C x context, where head_init is text
  std::uint64_t seed = 0;
  at::ScalarType dtype = at::kFloat;
};

// Linear probing puts the head on the projected, normalised embedding, all else on the hidden feature. spec/pll.md 3.1.
// Borrows the snapshot.
std::unique_ptr<Architecture> classifier_architecture(const Snapshot&, ClassifierOptions);

// Both towers and the temperature, everything trained.
std::unique_ptr<Architecture> contrastive_architecture(const Snapshot&, at::ScalarType, double temperature);

}  // namespace winnow::model
