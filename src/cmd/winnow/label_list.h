// A run's given labels as a JSON list, as the reference codes of noisy labels keep them.
// docs/methods/noisy-labels.md#1.1.
#pragma once

#include "winnow/core/file.h"

namespace winnow::cmd {

// Position i is training image i. UsageError where the run has no given labels, or not of every image, or where the
// file is there already.
void write_label_list(const Path& run, const Path& list);

}  // namespace winnow::cmd
