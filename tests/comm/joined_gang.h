// The gang that runs this test program: `mpirun -n k test-train --gtest_filter=Gang*`.
#pragma once

#include "winnow/comm/join_gang.h"

namespace winnow::comm {

inline constexpr const char* kAlone = "one process is no gang: run under mpirun";

inline Collective& gang() {
  static std::unique_ptr<Collective> joined = join_gang();  // once in a process
  return *joined;
}

}  // namespace winnow::comm
