// python/winnow/results.py, which knows nothing of winnow, prints the means of the table.
#include <cstdio>

#include "fixture.h"

namespace winnow::report {
namespace {

std::string output_of(const std::string& command, int& status) {
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::string text;
  char buffer[4096];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, n);
  status = ::pclose(pipe);
  return text;
}

class Analysis : public ReportTest {};

TEST_F(Analysis, ReadsRunFilesWithH5pyAndPandas) {
  int status = 0;
  output_of(WINNOW_SOURCE_DIR "/launch/python -c 'import h5py, pandas'", status);
  if (status != 0) GTEST_SKIP() << "needs python3-h5py and python3-pandas: launch/setup installs them";
  sweep::Plan p = plan(kAmbiguity);
  const double accuracy[] = {0.8, 0.81, 0.5, 0.52, 0.85, 0.87, 0.625, 0.75};
  for (std::size_t i = 0; i < 8; ++i) finish(p, i, {{"accuracy", accuracy[i]}});
  std::string text =
      output_of("PYTHONPATH=" WINNOW_SOURCE_DIR "/python " WINNOW_SOURCE_DIR "/launch/python -m winnow.results " +
                    (folder_ / "results").string(),
                status);
  EXPECT_EQ(text,
            "                    mean  std  count\n"
            "labels.rate method                  \n"
            "0.1         cc     80.50 0.71      2\n"
            "            proden 86.00 1.41      2\n"
            "0.7         cc     51.00 1.41      2\n"
            "            proden 68.75 8.84      2\n");
  Table t = table(p);
  for (const auto& row : t.cells)
    for (const Cell& cell : row) {
      char line[32];
      std::snprintf(line, sizeof line, "%.2f %.2f      %zu", 100 * cell.summary->mean, 100 * *cell.summary->deviation,
                    cell.done());
      EXPECT_NE(text.find(line), std::string::npos) << line;
    }
}

}  // namespace
}  // namespace winnow::report
