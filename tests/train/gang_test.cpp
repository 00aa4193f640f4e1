// A gang computes what one process computes. Alone there is nothing to compare: run them as `mpirun -n k test-train
// --gtest_filter=Gang*`. Golden cases of methods are run as gangs as well (tests/CMakeLists.txt).
#include <sched.h>
#include <unistd.h>

#include "../comm/joined_gang.h"
#include "miniature.h"
#include "rows_source.h"
#include "winnow/core/host.h"
#include "winnow/model/toy.h"
#include "winnow/train/engine.h"

namespace winnow::train {
namespace {

using testing::HasSubstr;

// Every process has its own folder and files: nothing is shared but the collective.
using GangTest = Miniature;

// Gradients, not weights: Adam hides a constant factor. Towers count a sum over processes, modules (the temperature)
// once.
TEST_F(GangTest, PretrainingHasTheGradientsOfOneProcess) {
  if (comm::gang().size() == 1) GTEST_SKIP() << comm::kAlone;
  Stage stage = pretrain();
  stage.settings.set("train.precision", "fp64");
  at::Tensor whole = execute(stage, context(), *alone_, quiet_).trace.first_gradients.at("main");
  at::Tensor split = execute(stage, context(), comm::gang(), quiet_).trace.first_gradients.at("main");
  EXPECT_LT((whole - split).abs().max().item<double>(), 1e-10 * std::max(1.0, whole.abs().max().item<double>()));
}

TEST_F(GangTest, AStageHasTheSameResultDigestOnEveryProcess) {
  if (comm::gang().size() == 1) GTEST_SKIP() << comm::kAlone;
  Execution backbone = execute(pretrain(), context(), comm::gang(), quiet_);
  store::write_run_file(folder_ / "backbone.h5", backbone.content);
  for (const char* method : {"proden", "crdpll"}) {
    std::string own = execute(train(method), context(), comm::gang(), quiet_).content.result_digest().hex();
    EXPECT_EQ(own, comm::agree(comm::gang(), own)) << method;
  }
}

// Every process but the first two, which share one, has a host of its own.
TEST_F(GangTest, AResultNamesTheHostsOfAllProcesses) {
  if (comm::gang().size() == 1) GTEST_SKIP() << comm::kAlone;
  const std::string before = host_name();
  if (::unshare(CLONE_NEWUTS) != 0) GTEST_SKIP() << "only root gives a process another host name";
  const std::string own = fmt::format("node{}", std::max(0, comm::gang().rank() - 1));
  ASSERT_EQ(::sethostname(own.data(), own.size()), 0);
  std::string wanted = "node0";
  for (int node = 1; node < comm::gang().size() - 1; ++node) wanted += fmt::format(", node{}", node);
  EXPECT_EQ(execute(pretrain(), context(), comm::gang(), quiet_).content.provenance.host, wanted);
  ASSERT_EQ(::sethostname(before.data(), before.size()), 0);
}

TEST_F(GangTest, AProcessThatDriftsAwayIsFoundByTheNameOfTheTensor) {
  if (comm::gang().size() == 1) GTEST_SKIP() << comm::kAlone;
  Settings settings = gradient_descent();
  RowsSource source(at::empty({0, 2}, at::kDouble));
  bool last = comm::gang().rank() == comm::gang().size() - 1;
  auto toy =
      model::toy({{"A", at::full({2, 2}, last ? 1.0000001 : 1.0, at::kDouble)}, {"W", at::ones({3, 2}, at::kDouble)}},
                 {{"main", "A"}, {"head", "W"}}, 5);
  Engine engine({&settings, 1, 0, 1, 0, 3, at::TensorOptions(at::kDouble)}, source, *toy, comm::gang());
  engine.add_network("main", method::TowerKind::image, "", "");
  engine.add_head("head", method::HeadStart::of_stage);
  engine.add_optimiser("main", {"main", "head"});
  try {
    engine.end_epoch();
    ADD_FAILURE() << "accepted";
  } catch (const DeviceError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'main/A' differs in 1 of"));
  }
}

}  // namespace
}  // namespace winnow::train
