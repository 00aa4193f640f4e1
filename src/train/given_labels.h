// What a stage was told of its samples, in the run file.
#pragma once

#include "image_source.h"
#include "oracle.h"
#include "winnow/stage/stage.h"
#include "winnow/store/run_file.h"

namespace winnow::train {

// labels/samples and labels/given; and, where the labels are noisy and the true ones known, how the two differ.
void put_given(ImageSource&, const Oracle&, const Stage&, store::RunContent&);
// The same, or candidate sets (labels/candidates), where they are an output of the stage.
void put_labels(ImageSource&, const Oracle&, const Stage&, store::RunContent&);

}  // namespace winnow::train
