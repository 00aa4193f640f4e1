// The texts that name a data set's classes to a model.
#pragma once

#include <string>
#include <vector>

#include "winnow/model/snapshot.h"
#include "winnow/model/text_tower.h"
#include "winnow/stage/stage.h"

namespace winnow::train {

// The class texts of a stage's head, as token ids: of its setting `template`, a prompt or a set of prompts that winnow
// ships; or of a file of templates, by the stage's fingerprint `templates`; beside them the descriptions of single
// classes in the file of its fingerprint `descriptions`. UsageError for a text that is longer than the model takes.
model::ClassTexts class_texts(const Stage&, const model::Snapshot&, const std::vector<std::string>& class_names);

}  // namespace winnow::train
