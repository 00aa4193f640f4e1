// The subjects of kind = selection, one table a folder of cases.
#pragma once

#include <map>
#include <string>

#include "golden/case.h"

namespace winnow::golden {

using Subjects = std::map<std::string, void (*)(Case&)>;

Subjects partial_selections();       // partial labels
Subjects noisy_selections();         // noisy labels
Subjects unsupervised_selections();  // no labels

}  // namespace winnow::golden
