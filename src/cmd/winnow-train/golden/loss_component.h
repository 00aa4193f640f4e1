// Losses that several methods share and that are no method's own: mixup, negative entropy, MixMatch, and the terms of
// ProMix and RoLT.
#pragma once

#include "golden/case.h"
#include "winnow/method/registry.h"

namespace winnow::golden {

// Null where the subject is a method's.
method::Tensors (*component_loss(const std::string& subject))(const Settings&, const method::Tensors&);

}  // namespace winnow::golden
