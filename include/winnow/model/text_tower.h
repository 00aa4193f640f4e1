// Text towers: CLIP's (causal, read at the end token) and SigLIP's (read at the last position).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "winnow/model/precision.h"
#include "winnow/model/snapshot.h"
#include "winnow/model/tower.h"

namespace winnow::model {

struct TextOutputs {
  at::Tensor last_hidden;  // B x context x d, after the last LayerNorm
  at::Tensor hidden;       // B x d: at the token that is read
  at::Tensor projected;    // B x p, not normalised
};

// Rows of token ids B x up to context columns. Negative ids are slots of a learned context (prompt_learner.h).
class TextTower : public Tower {
 public:
  ~TextTower() override;
  Outputs rows(const at::Tensor& tokens) override;  // "features": B x p, in the tower's precision
  // In the type of the weights.
  TextOutputs encode(const at::Tensor& tokens) const;
  std::int64_t width() const override;  // p
  std::int64_t context() const;
  std::int64_t token_width() const;  // d
  std::int64_t blocks() const;
  bool causal() const;  // columns after the token that is read change nothing
  std::int64_t last_read(
      const at::Tensor& tokens) const;  // the largest column that is read of these rows; waits for the device

  // The vectors of the slots: id -1 - j is row j of `vectors` (rows x d), a trained parameter of this name.
  void learn_context(const std::string& name, at::Tensor vectors);
  // In front of block i, for i = 1, 2, ..., these take the place of the tokens behind the first one: vectors[i - 1] is
  // M x d, a trained parameter NAME.i. For texts whose slots are tokens 1 to M (Khattak et al., "MaPLe: multi-modal
  // prompt learning", 2023, and "Self-regulating prompts", 2023: deep text prompts).
  void learn_deep_context(const std::string& name, const std::vector<at::Tensor>& vectors);
  void train_everything();

 private:
  friend std::unique_ptr<TextTower> text_tower(const Snapshot&, at::ScalarType, Precision);
  struct Impl;
  explicit TextTower(std::unique_ptr<Impl>);
  std::unique_ptr<Impl> impl_;
};

// Families clip and siglip; UsageError for others: they have no texts. Frozen until something is trained. With
// Precision::fp16_pure whoever has added the learned vectors lets the weights become fp16.
std::unique_ptr<TextTower> text_tower(const Snapshot&, at::ScalarType, Precision = Precision::as_stated);
bool has_texts(const Snapshot&);
std::int64_t text_context_of(const Snapshot&);  // tokens of a text at most, from the configuration alone
bool reads_causally(const Snapshot&);           // TextTower::causal, from the configuration alone
double logit_scale_of(const Snapshot&);         // exp of the trained logarithm; CLIP's largest, 100, where none is kept

// Token rows of class texts, on the host: C x context, one text a class; T x C x context, of T templates; or, where
// classes have texts of their own, K x context, class by class, `counts` saying how many each has (C numbers, at least
// 1).
struct ClassTexts {
  at::Tensor tokens;
  std::vector<std::int64_t> counts = {};
};

// Normalised features of each of the texts, on the tower's device, and the class that each is of.
struct TextFeatures {
  at::Tensor rows;     // K x p
  at::Tensor classes;  // K, int64, on the host
};
TextFeatures text_features(const TextTower&, const ClassTexts&);

// Normalised text features of the classes, C x p, on the tower's device; of several texts the normalised mean of
// normalised features. docs/methods/partial-labels.md#3.2.
at::Tensor class_text_features(const TextTower&, const ClassTexts&);

// Token rows without the columns that a causal tower would not read: up to the largest end position.
// docs/methods/unsupervised.md#1.
at::Tensor cropped(const TextTower&, const at::Tensor& tokens);

}  // namespace winnow::model
