#include "winnow/store/foreign_array.h"

#include <gmock/gmock.h>

#include "fixture.h"

namespace winnow::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const Path& path, const std::string& name) {
  try {
    read_foreign_array(path, name);
  } catch (const DataError& error) {
    return error.what();
  }
  return "accepted";
}

// A run file is an HDF5 file, too.
TEST(ForeignArray, IsReadAsDoublesWhateverItsType) {
  Folder folder;
  RunContent run = small_run();
  run.arrays["a/halves"] = array_of(DType::f32, {2, 2}, std::vector<float>{0.5f, 1.5f, -2, 3});
  run.arrays["a/counts"] = array_of(DType::i64, {3}, std::vector<std::int64_t>{1, 2, 3});
  write_run_file(folder / "a.h5", run);
  ForeignArray halves = read_foreign_array(folder / "a.h5", "a/halves");
  EXPECT_THAT(halves.shape, ElementsAre(2, 2));
  EXPECT_THAT(halves.values, ElementsAre(0.5, 1.5, -2, 3));
  EXPECT_THAT(read_foreign_array(folder / "a.h5", "a/counts").values, ElementsAre(1, 2, 3));
}

TEST(ForeignArray, WhatCannotBeReadIsNamed) {
  Folder folder;
  write_run_file(folder / "a.h5", small_run());
  EXPECT_THAT(
      refusal(folder / "a.h5", "logits"),
      testing::AllOf(HasSubstr("a.h5"), HasSubstr("no data set 'logits'; there are: "), HasSubstr("metrics/final")));
  EXPECT_THAT(refusal(folder / "a.h5", "metrics/final"), HasSubstr("'metrics/final' holds no numbers"));
  EXPECT_THAT(refusal(folder / "b.h5", "logits"), HasSubstr("b.h5 is not there"));
  overwrite(folder / "c.h5", "no HDF5 at all");
  EXPECT_THAT(refusal(folder / "c.h5", "logits"), HasSubstr("c.h5: no HDF5 file"));
  std::string whole = read_file(folder / "a.h5");
  for (const std::string& content : {whole, whole.substr(512)}) {
    overwrite(folder / "d.h5", content.substr(0, content.size() / 2));
    EXPECT_EQ(refusal(folder / "d.h5", "logits"),
              (folder / "d.h5").string() + ": an HDF5 file that is cut short or damaged: copy or write it again");
  }
}

}  // namespace
}  // namespace winnow::store
