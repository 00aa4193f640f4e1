// Label match: keeps the samples whose given label is what a fixed model sees. docs/methods/noisy-labels.md#6.6.
#include "winnow/method/registry.h"
#include "winnow/method/selections.h"

namespace winnow::method {

Entry label_match_entry() { return {"label-match", nullptr, nullptr, &label_match}; }

}  // namespace winnow::method
