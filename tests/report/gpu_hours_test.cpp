#include "winnow/report/gpu_hours.h"

#include <gtest/gtest.h>

namespace winnow::report {
namespace {

TEST(GpuHours, InWords) {
  EXPECT_EQ(gpu_hours(11700, 0), "3.25");
  EXPECT_EQ(gpu_hours(11700, 1440), "3.25, 0.40 of them in attempts without a result");
  EXPECT_EQ(gpu_hours(15, 7.2), "0.0042, 0.0020 of them in attempts without a result");
}

}  // namespace
}  // namespace winnow::report
