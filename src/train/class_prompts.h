// Class names with a learned context: the token rows that a method with prompts of its own reads.
// docs/methods/noisy-labels.md#2.1.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "winnow/core/settings.h"
#include "winnow/model/classifier_architecture.h"
#include "winnow/model/snapshot.h"

namespace winnow::train {

// Whether the stage's method learns a context: it declares context_length.
bool learns_context(const Settings&);

// Vectors of one context, as the setting context_length says; those of all classes where context_of is "class".
std::int64_t context_vectors(const Settings&, const model::Snapshot&, std::int64_t classes);

// The context of a classifier: how many vectors, and, where the method declares them, how many blocks have some of
// their own (context_depth) and the words that it starts as (context_words). adaptation.classes must be there.
// UsageError for words of fewer tokens than the context has vectors, and for a deep context that is not one in front of
// all names.
void set_context(const Settings&, const model::Snapshot&, model::ClassifierOptions&);

// Row s C + c is class c under context s, C classes. Settings context_length, context_of, name_place, period.
class ClassPrompts {
 public:
  // UsageError for a model without texts or whose texts are not CLIP's, and for a name that does not fit beside the
  // context.
  ClassPrompts(const Settings&, const model::Snapshot&, const std::vector<std::string>& class_names);

  // ids: B, on the host. B x columns, int64: only columns that the tower reads; ids below 0 are slots of the
  // context (prompt_learner.h).
  at::Tensor rows(const at::Tensor& ids) const;

 private:
  at::Tensor of_first_;       // C x columns
  std::int64_t vectors_ = 0;  // of one context
};

}  // namespace winnow::train
