// CLIP: image and text tower with their projections, as Hugging Face stores them (family "clip"). Radford et al. 2021. An
// image tower that is a ModifiedResNet (open_clip's RN50 and its kin) keeps OpenAI's names, "visual.*".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "winnow/model/snapshot.h"
#include "winnow/model/tower.h"

namespace winnow::model {

class Adaptation;

struct ImageOutputs {
  at::Tensor last_hidden;                         // B x tokens x d, before the last LayerNorm; of a ModifiedResNet its map B x C x h x w
  at::Tensor hidden;                              // B x d: the class token after the last LayerNorm, before the projection
  at::Tensor projected;                           // B x p, not normalised
};

struct TextOutputs {
  at::Tensor last_hidden;                         // B x context x d, after the last LayerNorm
  at::Tensor hidden;                              // B x d: at the end token
  at::Tensor projected;                           // B x p, not normalised
};

enum class FeatureKind { hidden, projected };

// Rows of pixels B x 3 x H x W, normalised. "features" is `kind`; "projected" is there, too, where the tower projects.
// A ModifiedResNet projects inside its attention pool: `hidden` is `projected`, and `projection` the identity. It is computed
// with the stored statistics of its BatchNorms, is not trained (UsageError unless Train::none) and has no blocks (UsageError).
class ClipImageTower final : public Tower {
 public:
  // trainable: none of its own weights, the blocks' weights (full tuning, spec/pll.md 3.3), or all (pre-training).
  enum class Train { none, blocks, all };
  ClipImageTower(const Snapshot&, at::ScalarType, FeatureKind kind, Train);
  ~ClipImageTower() override;

  // Trained modules beside the blocks; `make` gets (blocks, width) and puts its parameters into this tower's weights.
  void adapt(std::unique_ptr<Adaptation>);
  std::int64_t blocks() const;
  std::int64_t tower_width() const;               // d
  const at::Tensor& projection() const;           // p x d

  Outputs rows(const at::Tensor& pixels) override;
  ImageOutputs encode(const at::Tensor& pixels) const;    // position table interpolated where the picture is of another size
  std::int64_t width() const override;
  std::int64_t image_size() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Rows of token ids B x context.
class ClipTextTower final : public Tower {
 public:
  ClipTextTower(const Snapshot&, at::ScalarType, bool trainable);
  ~ClipTextTower() override;

  Outputs rows(const at::Tensor& tokens) override;        // "features" and "projected": B x p
  TextOutputs encode(const at::Tensor& tokens) const;
  std::int64_t width() const override;
  std::int64_t context() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A snapshot whose every tensor is one of the two towers' or logit_scale; DataError names others.
void require_clip(const Snapshot&);

// exp(logit_scale) cosines, images x texts.
at::Tensor clip_logits(const Snapshot&, const at::Tensor& image_features, const at::Tensor& text_features);

// Normalised text features of the class prompts, C x p: tokens is C x context (or T x C x context: the normalised mean over
// templates of normalised features). spec/pll.md 3.2.
at::Tensor class_text_features(const ClipTextTower&, const at::Tensor& tokens);

// Text features mapped back to the image tower's feature space: normalise(t P^T), C x d. spec/pll.md 3.2.
at::Tensor back_projected(const at::Tensor& text_features, const at::Tensor& projection);

// Parameters by the snapshot's names: stacked query, key and value matrices split again.
std::map<std::string, at::Tensor> snapshot_layout(const std::map<std::string, at::Tensor>& parameters);

// An untrained CLIP: configuration and initial weights (Hugging Face's initialisation) from the counter stream of `seed`.
struct ClipSizes {
  std::int64_t image_size, patch, width, blocks, heads;
  std::int64_t text_width, text_blocks, text_heads, context, vocabulary, end_token;
  std::int64_t joint;
  double temperature;                             // initial
};
Snapshot untrained_clip(const ClipSizes&, std::uint64_t seed);

}  // namespace winnow::model
