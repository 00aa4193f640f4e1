// Run files are read by programs that do not know winnow.
#include <gmock/gmock.h>

#include <cstdio>

#include "fixture.h"

namespace winnow::store {
namespace {

using testing::HasSubstr;

std::string output_of(const std::string& command, int* status) {
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::string text;
  char buffer[4096];
  while (std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, n);
  *status = ::pclose(pipe);
  return text;
}

RunContent run_with_curves() {
  RunContent run = small_run();
  std::vector<std::int64_t> epochs(1000);
  std::vector<double> loss(1000);
  for (std::size_t i = 0; i < epochs.size(); ++i)
    epochs[i] = static_cast<std::int64_t>(i), loss[i] = 1.0 / static_cast<double>(i + 1);
  run.tables["metrics/epochs"] = {{"epoch", epochs}, {"loss", loss}};
  run.arrays["selection/mask"] = array_of(DType::u8, {4}, std::vector<std::uint8_t>{1, 0, 1, 1});
  return run;
}

TEST(ForeignReaders, PandasReadsATable) {
  int status;
  if (output_of(WINNOW_SOURCE_DIR "/launch/python -c 'import h5py, pandas'", &status); status != 0)
    GTEST_SKIP() << "needs python3-h5py and python3-pandas: launch/setup installs them";
  Folder folder;
  write_run_file(folder / "a.h5", run_with_curves());
  overwrite(folder / "read.py", R"(
import sys, json, h5py, pandas
with h5py.File(sys.argv[1]) as run:
    epochs = pandas.DataFrame(run["metrics/epochs"][:])
    print(list(epochs.columns), len(epochs), round(epochs.loss.sum(), 6), epochs.epoch.dtype)
    print(run["selection/mask"][:].tolist(), run.attrs["host"].decode(), run.attrs["attempt"])
    print(json.loads(run["stage/json"][()])["settings"]["method"], run["log"][()].decode().splitlines()[-1])
)");
  std::string text = output_of(
      WINNOW_SOURCE_DIR "/launch/python " + (folder / "read.py").string() + " " + (folder / "a.h5").string(), &status);
  EXPECT_EQ(status, 0) << text;
  EXPECT_THAT(text, HasSubstr("['epoch', 'loss'] 1000 7.485471 int64"));
  EXPECT_THAT(text, HasSubstr("[1, 0, 1, 1] a-host 3"));
  EXPECT_THAT(text, HasSubstr("proden epoch 1"));
}

TEST(ForeignReaders, H5dumpReadsAFile) {
  int status;
  if (output_of("h5dump --version", &status); status != 0)
    GTEST_SKIP() << "needs h5dump: launch/setup installs hdf5-tools";
  Folder folder;
  write_run_file(folder / "a.h5", run_with_curves());
  std::string text = output_of("h5dump -d /metrics/final " + (folder / "a.h5").string(), &status);
  EXPECT_EQ(status, 0) << text;
  EXPECT_THAT(text, HasSubstr("H5T_IEEE_F64LE \"accuracy\""));
  EXPECT_THAT(text, HasSubstr("0.75"));
}

}  // namespace
}  // namespace winnow::store
