#include "doctor_toolkit.h"

#include <gmock/gmock.h>

#include <fstream>

#include "../folder.h"

namespace winnow::cmd {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class DoctorToolkit : public testing::Test {
 protected:
  void header(const char* name, const char* text) {
    std::filesystem::create_directories(folder_ / "include");
    std::ofstream(folder_ / "include" / name) << text;
  }
  Folder folder_;
};

TEST_F(DoctorToolkit, NamesTheVersionOfEach) {
  header("cuda_runtime_api.h", "/* CUDA */\n#define CUDART_VERSION  13000\n");
  header("nccl.h", "#define NCCL_MAJOR 2\n#define NCCL_MINOR 28\n#define NCCL_PATCH 9\n");
  header("cudnn_version.h", "#define CUDNN_MAJOR 9\n#define CUDNN_MINOR 15\n#define CUDNN_PATCHLEVEL 1\n");
  std::vector<Check> checks = toolkit_checks(folder_.path());
  ASSERT_EQ(checks.size(), 3u);
  for (const Check& check : checks) EXPECT_EQ(check.state, Check::State::good) << check.name;
  EXPECT_THAT(checks[0].found, StartsWith("13.0, "));
  EXPECT_THAT(checks[1].found, StartsWith("2.28.9, "));
  EXPECT_THAT(checks[2].found, StartsWith("9.15.1, "));
}

TEST_F(DoctorToolkit, SaysWhatIsMissingForEach) {
  std::vector<Check> checks = toolkit_checks(folder_ / "nothing");
  ASSERT_EQ(checks.size(), 3u);
  for (const Check& check : checks) EXPECT_EQ(check.state, Check::State::missing) << check.name;
  EXPECT_THAT(checks[0].advice, HasSubstr("install a CUDA 13 toolkit"));
  EXPECT_THAT(checks[1].advice, HasSubstr("install libnccl-dev for CUDA 13"));
  EXPECT_THAT(checks[2].advice, HasSubstr("install libcudnn9-dev-cuda-13"));
}

TEST_F(DoctorToolkit, AnotherToolkitIsNone) {
  header("cuda_runtime_api.h", "#define CUDART_VERSION 12080\n");
  Check toolkit = toolkit_checks(folder_.path()).at(0);
  EXPECT_EQ(toolkit.state, Check::State::missing);
  EXPECT_THAT(toolkit.found, StartsWith("12.8, "));
  EXPECT_THAT(toolkit.advice, HasSubstr("built with CUDA 13"));
}

}  // namespace
}  // namespace winnow::cmd
