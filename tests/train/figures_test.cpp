// What is special about a method after its warm-up is counted in the run file.
#include "miniature.h"

namespace winnow::train {
namespace {

class FiguresTest : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
  }
  // Column of metrics/epochs.
  std::vector<double> column(const store::RunContent& content, const std::string& name) {
    for (const store::Column& column : content.tables.at("metrics/epochs"))
      if (column.name == name) return std::get<std::vector<double>>(column.values);
    ADD_FAILURE() << "no column " << name;
    return {};
  }
};

// Four steps an epoch, two epochs: nothing in the first, something in the second.
TEST_F(FiguresTest, TellWhetherAMethodLeftItsWarmUp) {
  const std::map<std::string, std::string> counter = {
      {"solar", "selected"}, {"htc", "selected"}, {"pop", "cleared"}, {"pico", "steps_after_warmup"}, {"idgp", "steps_after_warmup"}};
  for (const auto& [method, name] : counter) {
    Stage stage = train(method);
    if (method == "pico" || method == "idgp" || method == "pop") stage.settings.set("warmup_epochs", 1);
    if (method == "pop") stage.settings.set("theta", 0.9);
    std::vector<double> counts = column(run(stage).content, name);
    ASSERT_EQ(counts.size(), 2u) << method;
    EXPECT_EQ(counts[0], 0) << method;
    EXPECT_GT(counts[1], 0) << method;
  }
}

TEST_F(FiguresTest, AreThoseOfMethodsThatHaveSome) {
  store::RunContent pop = run(train("pop")).content;
  EXPECT_THAT(column(pop, "theta"), testing::ElementsAre(1e-3, 1e-3)) << "still in its warm-up";
  store::RunContent cc = run(train("cc")).content;
  for (const store::Column& column : cc.tables.at("metrics/epochs"))
    EXPECT_THAT(column.name, testing::AnyOf("epoch", "loss", "learning_rate", "accuracy"));
}

}  // namespace
}  // namespace winnow::train
