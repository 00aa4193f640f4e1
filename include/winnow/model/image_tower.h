// Image towers of all families, built from a snapshot: CLIP's vision transformer and ModifiedResNet, SigLIP, ViT, MAE's
// encoder, ConvNeXt, ResNet, under Hugging Face's, timm's and open_clip's names. docs/results/partial-labels.md#5,
// docs/methods/noisy-labels.md#2, 4.2.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "winnow/model/precision.h"
#include "winnow/model/snapshot.h"
#include "winnow/model/tower.h"

namespace winnow::model {

struct LayerNorm;
class TrainingMode;
class Transformer;

// d: width of the tower, p: of the embedding that it shares with texts, T: tokens. Undefined where a family has none.
struct ImageOutputs {
  at::Tensor
      last_hidden;  // B x T x d (CLIP: before the last LayerNorm, others: after it); convolutional towers B x d x h x w
  at::Tensor hidden;               // B x d, the feature: class token after the last LayerNorm, or the pooled map
  at::Tensor projected;            // B x p, not normalised
  at::Tensor logits;               // B x classes of the checkpoint's own classifier
  at::Tensor pooler;               // B x d: ViT's tanh pooler
  std::vector<at::Tensor> blocks;  // B x T x d after each block, where they are asked for
};

// embedding: `projected` of a tower that projects, else `hidden`. logits: of the checkpoint's own classifier.
// first_token: of a SigLIP that is read as if it were a CLIP, the first patch's token after the last LayerNorm; of
// other towers `hidden`. docs/methods/partial-labels.md#S10.
enum class FeatureKind { hidden, embedding, logits, first_token };
struct ImageTowerOptions {
  at::ScalarType dtype = at::kFloat;
  FeatureKind feature = FeatureKind::hidden;  // what "features" is
  Precision compute = Precision::as_stated;
};

// Rows of pixels B x channels x H x W, normalised. With Precision::fp16_pure whoever has added the last adaptation lets
// the weights become fp16. A new tower is frozen: adaptations (adaptation.h) say what is
// trained.
class ImageTower : public Tower {
 public:
  ~ImageTower() override;
  Outputs rows(const at::Tensor& pixels) override;  // "features"
  Outputs rows_in_training(const at::Tensor& pixels, const TrainingForward&) override;
  Outputs rows_unadapted(const at::Tensor& pixels) override;  // of a transformer; a convolutional tower's are rows()
  bool has_batch_statistics() const override;
  void move_averages() override;
  void forget_forwards() override;
  std::int64_t width() const override;  // columns of "features"

  // Everything that the tower yields. A vision transformer takes images of other sizes and interpolates its position
  // table.
  virtual ImageOutputs encode(const at::Tensor& pixels, bool keep_blocks = false) const = 0;
  virtual std::int64_t image_size() const = 0;
  virtual std::int64_t tower_width() const = 0;       // d
  virtual std::int64_t classes() const { return 0; }  // of the checkpoint's own classifier; 0: it has none
  virtual const at::Tensor& projection() const;       // p x d; UsageError for a tower without one
  virtual bool projects() const { return false; }

  virtual Transformer* transformer() { return nullptr; }            // its blocks; null for convolutional towers
  virtual const LayerNorm* norm_before() const { return nullptr; }  // in front of its blocks; null: there is none
  virtual std::int64_t patch_area() const { return 0; }             // pixels of a patch, per channel
  // Features become scale * feature + shift (both d): where an adaptation of a ModifiedResNet ends. UsageError for
  // others.
  virtual void scale_features(Parameter* scale, Parameter* shift);

  void train_everything();                               // for pre-training and full fine-tuning
  void use_batch_statistics();                           // in forwards in training mode, by all BatchNorms
  const std::string& source() const { return source_; }  // the snapshot, for messages

 protected:
  ImageTower(const Snapshot&, ImageTowerOptions);
  virtual at::Tensor feature(const at::Tensor& pixels) const = 0;  // `options_.feature` alone

  ImageTowerOptions options_;
  std::unique_ptr<TrainingMode> mode_;  // what BatchNorms and dropout of the tower read

 private:
  std::string source_;
};

// By config.json's model_type or timm's architecture. DataError for a family that winnow does not have, a tensor that
// is missing, left over or of another shape: a tower is never built from random layers.
std::unique_ptr<ImageTower> image_tower(const Snapshot&, ImageTowerOptions);

}  // namespace winnow::model
