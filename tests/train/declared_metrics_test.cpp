// Every metric that a stage writes is declared, and is what it is declared to be: reports show shares in percent by
// that alone.
#include "miniature.h"
#include "skip_warmup.h"
#include "winnow/core/revision.h"
#include "winnow/device/device.h"

namespace winnow::train {
namespace {

class DeclaredMetrics : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
  }
  static void check(const store::RunContent& content, const std::string& what) {
    for (const char* table : {"metrics/final", "metrics/epochs"})
      for (const store::Column& column : content.tables.at(table)) {
        ASSERT_TRUE(store::declared_metric(column.name))
            << what << " writes " << column.name << ", which winnow/store/metric.h does not declare";
        ASSERT_TRUE(content.metrics.count(column.name)) << column.name;
        EXPECT_EQ(content.metrics.at(column.name), *store::declared_metric(column.name));
        if (store::declared_metric(column.name)->unit != store::Unit::share) continue;
        for (double value : std::get<std::vector<double>>(column.values))
          EXPECT_TRUE(value >= 0 && value <= 1) << what << ": " << column.name << " " << value;
      }
  }
};

TEST_F(DeclaredMetrics, AreAllThatEveryMethodWrites) {
  for (const auto& [name, method] : catalogue_.methods) {
    if (method.recipe != "train") continue;
    Stage stage = train(name);
    if (method.labels == sweep::LabelNeed::given) stage.settings.set("labels.kind", "symmetric");
    stage.settings.set("train.epochs", 1);
    skip_warmup(stage, 1);
    stage.settings.set("data.validation", 0.2);
    check(run(stage).content, name);
  }
}

TEST_F(DeclaredMetrics, AreAllThatPretrainingWritesAndTheRunSaysWhoComputedIt) {
  Execution made = run(pretrain());
  check(made.content, "pretrain");
  EXPECT_EQ(made.content.provenance.code_version, revision());
  EXPECT_EQ(made.content.provenance.device, device::kind_of(device_));
}

}  // namespace
}  // namespace winnow::train
