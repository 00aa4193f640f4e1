// Subjects of the kinds that have many: tables of what computes each.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "golden/case.h"

namespace winnow::golden {

using Subjects = std::map<std::string, void (*)(Case&)>;

Subjects partial_selections();       // partial labels
Subjects noisy_selections();         // noisy labels
Subjects unsupervised_selections();  // no labels

Subjects stage_metrics();       // of one stage
Subjects metrics_of_several();  // of several models, seeds or data sets

// Runs the case by the first table that knows its subject; UsageError where none does.
void run_one_of(const std::vector<Subjects>&, Case&);

}  // namespace winnow::golden
