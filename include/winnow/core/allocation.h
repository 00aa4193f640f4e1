// How this process treats memory that it frees.
#pragma once

namespace winnow {

// Freed memory stays with the process instead of going back to the system: a trainer needs the same large tensors in
// every step, and having each of them mapped, filled with zeros and unmapped again costs more than many an operation on
// them (a batch of views: half of its time). Before the first large allocation. Nothing where the C library is not
// glibc.
void keep_freed_memory();

}  // namespace winnow
