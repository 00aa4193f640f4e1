#include "winnow/core/job_limit.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "winnow/core/host.h"

namespace winnow {
namespace {

class JobLimit : public testing::Test {
 protected:
  ~JobLimit() override { ::unsetenv("SLURM_JOB_END_TIME"); }
  static std::optional<double> left(const std::string& end) {
    ::setenv("SLURM_JOB_END_TIME", end.c_str(), 1);
    return seconds_until_job_ends();
  }
};

TEST_F(JobLimit, IsWhatSlurmSays) {
  ::unsetenv("SLURM_JOB_END_TIME");
  EXPECT_FALSE(seconds_until_job_ends());
  auto end = static_cast<std::int64_t>(wall_seconds()) + 100'000;
  std::optional<double> found = left(std::to_string(end));
  ASSERT_TRUE(found);
  EXPECT_LE(*found, 100'000);
  EXPECT_GT(*found, 90'000);
  EXPECT_EQ(left("1000"), 0.0) << "it has passed";
  for (const char* nothing : {"", "soon", "12x", "0"}) EXPECT_FALSE(left(nothing)) << nothing;
}

}  // namespace
}  // namespace winnow
