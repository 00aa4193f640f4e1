// Work on many images by several threads. at::parallel_for is one loop in code that is compiled without OpenMP, as ours
// is.
#pragma once

#include <cstdint>
#include <functional>

namespace winnow::view {

// Calls work(first, last) for parts of 0..count-1, each of at least `grain` but where there are fewer, on as many
// threads as torch may use (at::get_num_threads). What it throws is thrown here, after all parts have ended; of several
// that of the first part. Within it, and where a Serial lives, the calling thread does everything.
void in_parallel(std::int64_t count, std::int64_t grain, const std::function<void(std::int64_t, std::int64_t)>& work);

// For threads that are one of many already.
class Serial {
 public:
  Serial();
  ~Serial();
  Serial(const Serial&) = delete;
  Serial& operator=(const Serial&) = delete;

 private:
  bool was_;
};

}  // namespace winnow::view
