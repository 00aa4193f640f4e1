// Result versions of code that several kinds of stages and several methods share. Who mends a fault that changes
// results raises the version of the part that it is in, in shared_code.cpp; then exactly the stages that use the part
// get another identity and are recomputed.
//
// Planning decides which parts a stage uses (src/sweep/parts_of_stage.cpp) and writes them into it; the canonical form
// names those above 1 only, so that a part that was never mended is in no identity. A trainer refuses a stage whose
// versions are not its own.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "winnow/core/settings.h"
#include "winnow/stage/stage.h"

namespace winnow {

using PartVersions = std::map<std::string, int>;  // by part

// The closed list.
//   samples             which samples a stage has: strata, long tails, validation splits
//   labels              given labels and candidate sets from settings or label files
//   views               images as they are seen: drawn and applied, test views included
//   texts               prompts and class texts, before they are tokens
//   engine              batches and their order, optimisers, schedules, evaluation (engine.cut_rise: cut_rise.h)
//   head                classifier heads and how they start
//   adaptation.NAME     what of a tower is trained, by the setting `adapt`
//   family.NAME         the towers of a model family
//   texts.lowered       what train.precision = bf16 or fp16 does to towers of texts, and to both that are pre-trained
//   tokenizer.NAME      the tokenizers that models of a family may bring
//   snapshot.NAME       how a downloaded snapshot of a family is read: its configuration, the names of its tensors
//   preprocessing.NAME  size, mean and deviation of the images of a downloaded snapshot of a family
const PartVersions& shared_code();

// Whether the stage uses texts.lowered: a stage with learned prompts or a pre-training, in bf16 or fp16.
bool lowers_texts(const Stage&);

// UsageError, one line, where the stage uses a part in another version than this program has, or one that it does not
// know.
void require_shared_code(const Stage&);

// A stage to be executed, from JSON (stage_from_json), with require_shared_code. A stage that names no
// parts was described before there were any, so it means each at version 1: refused where this program has a later one.
Stage stage_to_execute(const Value&);

}  // namespace winnow
