#include "winnow/stage/program.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../folder.h"
#include "../refusal.h"

namespace winnow {
namespace {

using ::testing::HasSubstr;

class ProgramTest : public ::testing::Test {
 protected:
  void SetUp() override {
    make_folders(folder_ / "lib");
    overwrite(folder_ / "run.sh", "echo\n");
    overwrite(folder_ / "lib/net", "weights");
    ASSERT_EQ(::chmod((folder_ / "run.sh").c_str(), 0755), 0);
  }
  Folder folder_, other_;
  Program program_{{"run.sh", "-v"}, {"lib/net", "run.sh"}, folder_};
};

TEST_F(ProgramTest, IsItsWordsAndTheNamesAndContentsOfItsFiles) {
  Hash128 before = program_.digest();
  program_.copy_files(other_ / "copy");
  EXPECT_EQ((Program{program_.command, program_.files, other_ / "copy"}.digest()), before) << "wherever it lies";
  EXPECT_EQ(::access((other_ / "copy/run.sh").c_str(), X_OK), 0);
  overwrite(folder_ / "lib/net", "other");
  EXPECT_NE(program_.digest(), before);
  overwrite(folder_ / "lib/net", "weights");
  EXPECT_EQ(program_.digest(), before);
  program_.command.pop_back();
  EXPECT_NE(program_.digest(), before);
}

TEST_F(ProgramTest, AFileThatIsGoneIsNamed) {
  program_.files.push_back("lib/gone");
  EXPECT_THAT(refusal([&] { program_.digest(); }), HasSubstr("lib/gone"));
}

TEST_F(ProgramTest, TravelsAsJson) {
  Program back = program_from_json(to_json(program_));
  EXPECT_EQ(back.digest(), program_.digest());
  EXPECT_THAT(refusal([] { program_from_json({{"command", {"sh"}}}); }), HasSubstr("program: "));
  EXPECT_THAT(refusal([] {
                program_from_json({{"command", 7}, {"files", Value::array()}, {"folder", "."}});
              }),
              HasSubstr("program: "));
}

}  // namespace
}  // namespace winnow
