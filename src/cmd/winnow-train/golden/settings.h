// A case's config as settings of a sweep. tests/golden/README.md.
#pragma once

#include "golden/case.h"

namespace winnow::golden {

// Keys and words as sweep files write them ("optimizer.lr" is train.lr, "pos_logits" pos-logits, "grip(5)" a schedule
// with a warm-up). `table`: that table's keys stand for those outside it ("p1" of two stages); empty: none does.
Settings settings_of(const Case&, const std::string& table = "");

// The method of this name; of a system, the one whose stage its cases of a single stage record.
std::string method_of(const Case&);

// What was read of these settings counts as read of the case.
void mark_read(Case&, const Settings&, const std::string& table = "");

}  // namespace winnow::golden
