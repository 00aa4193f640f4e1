#include "winnow/stage/program_wishes.h"

#include <gmock/gmock.h>

#include "winnow/core/error.h"

namespace winnow {
namespace {

using ::testing::HasSubstr;

TEST(ProgramWishes, MemoryIsANumberAndAUnit) {
  EXPECT_EQ(parse_memory("8 GB"), 8'000'000'000);
  EXPECT_EQ(parse_memory("500MB"), 500'000'000);
  EXPECT_EQ(parse_memory("1.5 TB"), 1'500'000'000'000);
  EXPECT_EQ(parse_memory("2 GiB"), std::int64_t{2} << 30);
  for (const char* wrong : {"", "8", "GB", "-1 GB", "0 GB", "8 gb", "8 GB more", "1e30 TB", "nan GB"}) {
    try {
      parse_memory(wrong);
      ADD_FAILURE() << wrong << " was taken";
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr("a number and MB, GB, TB")) << wrong;
    }
  }
  EXPECT_EQ(memory_text(8'000'000'000), "8 GB");
  EXPECT_EQ(memory_text(500'000'000), "500 MB");
  EXPECT_EQ(memory_text(1'500'000'000'000), "1.5 TB");
}

TEST(ProgramWishes, TravelBesideTheProgram) {
  Value program = {{"command", {"sh"}}};
  put_wishes({}, program);
  EXPECT_EQ(program.size(), 1u) << "nothing is asked for";
  put_wishes({ProgramWishes::Device::gpu, 5}, program);
  EXPECT_EQ(wishes_of(program).device, ProgramWishes::Device::gpu);
  EXPECT_EQ(wishes_of(program).memory, 5);
  EXPECT_THROW(wishes_of({{"device", "tpu"}}), UsageError);
  EXPECT_THROW(wishes_of({{"memory", "much"}}), UsageError);
}

}  // namespace
}  // namespace winnow
