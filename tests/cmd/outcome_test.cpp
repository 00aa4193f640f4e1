// Exceptions become one line and an exit code.
#include "outcome.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "winnow/core/error.h"

namespace winnow::cmd {
namespace {

TEST(Outcome, OneLineWithoutTheStackOfALibrary) {
  EXPECT_EQ(one_line("a shape\nis wrong\r\n"), "a shape is wrong");
  EXPECT_EQ(one_line("mat1 and mat2 shapes cannot be multiplied\nException raised from meta at a.cpp:1 (most recent "
                     "call first):\nframe #0: c10::Error"),
            "mat1 and mat2 shapes cannot be multiplied");
  EXPECT_EQ(one_line(""), "");
}

TEST(Outcome, ExitCodesTellWhoseMistakeItIs) {
  auto code_of = [](auto error) { return guarded([&]() -> int { throw error; }); };
  testing::internal::CaptureStderr();
  EXPECT_EQ(code_of(UsageError("key: what\nis allowed")), kUsage);
  EXPECT_EQ(code_of(DataError("file: damaged")), kUsage);
  EXPECT_EQ(code_of(InternalError("a promise")), kBroken);
  EXPECT_EQ(code_of(DeviceError("disk full")), kBroken);
  EXPECT_EQ(code_of(std::bad_alloc()), kBroken);
  EXPECT_EQ(code_of(std::runtime_error("library")), kBroken);
  std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 6) << said;
  EXPECT_THAT(said, testing::HasSubstr(": key: what is allowed\n"));
  EXPECT_EQ(guarded([] { return 3; }), 3);
}

}  // namespace
}  // namespace winnow::cmd
