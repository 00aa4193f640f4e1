// Prompts that are longer than a model's context: every stage that encodes them would refuse them, so planning does.
#pragma once

#include "winnow/sweep/catalogue.h"
#include "winnow/sweep/plan.h"

namespace winnow::cmd {

// UsageError naming model, class, text, its tokens and the limit. Only where this machine has the snapshot's tokenizer
// (or the settings that a model's own vocabulary is learned from) and knows the class names; else nothing is said.
// DataError for a tokenizer that is missing or broken.
void check_prompts(const sweep::Plan&, const sweep::Catalogue&);

}  // namespace winnow::cmd
