// What a trial of a stage measures (Context::trial): one step where methods begin and one where they have warmed up, a
// first piece of every pass over a split, and from them what the whole stage takes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace winnow::train {

// Seconds. What only a piece was computed of is extrapolated to the whole, but for `spent`.
struct Trial {
  double first_step = 0, later_step = 0;         // of the first epoch, of the last one
  double first_passes = 0, later_passes = 0;     // over the training set, of an epoch
  double evaluation = 0;                         // after every epoch
  double once = 0;                               // of a stage: reading, labels, the head's start, writing
  double spent = 0;                              // in the steps, passes and evaluations of this trial
  std::int64_t steps_per_epoch = 0, epochs = 0;  // of the whole stage; 0: it does not train

  double epoch(std::int64_t number) const;
  double whole() const;
};

// Of a pass over a split: a first piece is computed, and its rows are repeated for the others.
struct SampledRows {
  std::int64_t computed = 0, asked = 0;
  double seconds = 0;  // for those that were computed

  double whole(double measured) const;  // of a pass that took `measured` seconds with them
};

// count rows: those of `rows`, again and again. `rows`: at least one, unless count is 0.
at::Tensor repeated(const at::Tensor& rows, std::int64_t count);

// The rows of piece(first, count) for all `rows`, `at_once` at a time. With a trial only the first piece is computed,
// its rows are repeated, and the time that all would take is added to the trial's `once`.
at::Tensor all_rows(std::int64_t rows, std::int64_t at_once, Trial*,
                    const std::function<at::Tensor(std::int64_t first, std::int64_t count)>& piece);

}  // namespace winnow::train
