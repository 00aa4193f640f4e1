#include "winnow/core/allocation.h"

#include <malloc.h>

#include <climits>

namespace winnow {

void keep_freed_memory() {
#ifdef __GLIBC__
  ::mallopt(M_MMAP_MAX, 0);  // glibc would map every block of more than 32 MiB by itself
  ::mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

}  // namespace winnow
