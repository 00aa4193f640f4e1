// The model of a stage that classifies: its towers and what of them is trained, the head and where it starts, and the
// prompts that name the classes. A part of a stage's line: docs/design.md#13.
#pragma once

#include <memory>
#include <optional>

#include "class_prompts.h"
#include "image_source.h"
#include "stage_model.h"
#include "text_items.h"
#include "texts_source.h"
#include "winnow/comm/collective.h"
#include "winnow/model/classifier_architecture.h"

namespace winnow::train {

class StageClassifier {
 public:
  // Of the settings `adapt`, `head` and their like; head_init, where there is one, says where the head starts. Of a
  // method that learns prompts also what they read. Collective. Borrows model and images. UsageError for settings that
  // do not go together; DataError for inputs that are of other classes.
  StageClassifier(const Stage&, const Context&, const StageModel&, ImageSource&, comm::Collective&, Trial*);
  // A fixed model: the head is the texts of the classes, with the model's own scale. UsageError for a model without
  // texts.
  static StageClassifier of_texts(const Stage&, const StageModel&, ImageSource&);

  model::Architecture& architecture() { return *architecture_; }
  const at::Tensor& head_rows() const { return options_.head_rows; }  // C x d, on the host; undefined: random ones
  // What a method sees: images, prompts beside them, or texts in the place of training images (`text_classes` handed
  // over).
  Source& seen() { return items_ ? static_cast<Source&>(*items_) : *inputs_; }

 private:
  StageClassifier(const StageModel& model, ImageSource& images) : model_(model), images_(images) {}
  void start_head(const Stage&, const Context&, comm::Collective&, Trial*);
  void build(const Settings&);

  const StageModel& model_;
  ImageSource& images_;
  model::ClassifierOptions options_;
  std::unique_ptr<model::Architecture> architecture_;
  std::shared_ptr<const ClassPrompts> prompts_;  // null: the method has none of its own
  std::unique_ptr<TextsSource> inputs_;
  std::unique_ptr<TextItems> items_;
};

}  // namespace winnow::train
