// Settings of detectors that follow the noise by default, where it is not known what they should be: the published
// codes say so for the noise that they have, and winnow would guess. docs/methods/noisy-labels.md#3.4 and #6.7.
#pragma once

#include "inspection.h"

namespace winnow::sweep {

// UsageError, one line with what to write, for
//   forget_rate   left to labels.rate, under structured noise, which changes labels of half of the classes alone: half
//                 of that rate is what DeFT's code forgets
//   label_epochs  left to its default under a longer warm-up on synthetic noise, where DeFT's code keeps the given
//                 labels for as long as the warm-up
void check_noise_share(Inspection&);

}  // namespace winnow::sweep
