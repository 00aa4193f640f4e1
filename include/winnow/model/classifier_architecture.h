// The parts that a classification stage's method asks for: an adapted image tower and a head, on a snapshot.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "winnow/model/adaptation.h"
#include "winnow/model/image_tower.h"
#include "winnow/model/text_tower.h"
#include "winnow/model/tower.h"

namespace winnow::model {

enum class HeadKind { cosine, linear, l2normed, layernormed };
HeadKind parse_head(std::string_view);  // UsageError with the nearest

struct ClassifierOptions {
  std::string adapt;             // adaptation.h
  AdaptationOptions adaptation;  // with classes and seed
  HeadKind head = HeadKind::cosine;
  at::Tensor head_rows;         // C x d: initial rows of the head, normalised; undefined: random
  at::Tensor head_bias;         // C: initial bias of a linear head; undefined: zeros
  double scale = 25;            // of the cosine head
  bool projected = false;       // the head stands on FeatureKind::embedding, whatever is adapted
  bool siglip_as_clip = false;  // the head stands on FeatureKind::first_token
  at::ScalarType dtype = at::kFloat;
  Precision compute = Precision::as_stated;
  std::map<std::int64_t, at::Tensor> visual_prompts = {};  // keep_prompts: beside what `adapt` says
  // Tokens that a `joint` tower learns in front of its first LayerNorm, whatever `adapt` says, as GRIP's code has them:
  // N(0, 1/d). With context_vectors the tower reads texts, too, and one transformer makes the tokens of both
  // (src/model/paired_tower.h). 0: none. docs/methods/unsupervised.md#6.2.
  std::int64_t input_tokens = 0;
  c10::Device device = at::kCPU;  // of the stage: that of the frozen model beside such tokens, which is in no weights
  std::int64_t context_vectors = 0;  // of one learned context, those of all classes together
  std::int64_t context_depth = 1;    // blocks of the text tower that a context has vectors of its own for
  at::Tensor context_start;  // context_vectors x d of texts: initial vectors of the first block; undefined: random
};

FeatureKind feature_of(const ClassifierOptions&);  // what the head stands on

// Text rows for the head of these options: C x p class features, mapped back to the hidden feature where the tower
// projects and the head stands before the projection. Computed in the type and on the device of `real`, given on the
// host. UsageError for a model without texts. docs/methods/partial-labels.md#3.2.
at::Tensor text_head_rows(const Snapshot&, const ClassifierOptions&, const ClassTexts&, at::TensorOptions real);

// The same of texts that another stage learned (C x p, normalised, on the host). Before a projection the rows of a
// linear head are W = T P, so that its logits are T . (P h) as they would be behind it; others are normalised as above.
// docs/methods/unsupervised.md#3.5. UsageError for texts of another width than the model's.
at::Tensor learned_text_rows(const Snapshot&, const ClassifierOptions&, const at::Tensor& texts);

// Rows (C x k, on the host) of a head that another stage trained on this snapshot, as a head of these options has them:
// as they are where they have its columns d; those of a linear head on the projected embedding times the projection,
// W (P h) = (W P) h. UsageError for others.
at::Tensor rows_for_head(const Snapshot&, const ClassifierOptions&, const at::Tensor& rows);

// Linear probing puts the head on the projected embedding, all else, unless it says so, on the hidden feature.
// docs/methods/partial-labels.md#3.1. Borrows the snapshot.
std::unique_ptr<Architecture> classifier_architecture(const Snapshot&, ClassifierOptions);

// The tower without its adaptation: what a head is made for before training.
std::unique_ptr<Tower> bare_tower(const Snapshot&, const ClassifierOptions&);

// Both towers, everything trained. No head.
std::unique_ptr<Architecture> contrastive_architecture(const Snapshot&, at::ScalarType,
                                                       Precision = Precision::as_stated);

}  // namespace winnow::model
