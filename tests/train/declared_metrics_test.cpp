// Every metric that a stage writes is declared, and is what it is declared to be: reports show shares in percent by
// that alone.
#include "../method/recorded.h"
#include "miniature.h"
#include "skip_warmup.h"
#include "winnow/core/revision.h"
#include "winnow/device/device.h"
#include "winnow/method/registry.h"

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

// A state that is one number is a figure of each epoch. Here of all that is registered, whatever stage or recipe runs
// it: that of a state which is kept for every epoch is as long as the run.
TEST_F(DeclaredMetrics, AreAllStatesOfOneNumber) {
  constexpr std::int64_t kEpochs = 2;
  Replay recorded = method::recorded_run(6, 3, 3, kEpochs);
  auto alone = comm::alone();
  Observer quiet;
  std::map<std::string, sweep::Method> methods = catalogue_.methods;
  methods.insert(catalogue_.parts.begin(), catalogue_.parts.end());
  std::set<std::string> figures, ran;
  for (const auto& [name, own] : methods) {
    if (own.recipe != "train" && own.inputs.empty()) continue;  // all of it is its recipe: other methods' stages
    Context context;
    context.replay = &recorded;
    ran.insert(name);
    for (const auto& [state, value] :
         execute(method::recorded_stage(own, catalogue_, recorded), context, *alone, quiet).trace.states) {
      if (value.dim() != 0 && !(value.dim() == 1 && value.size(0) == kEpochs)) continue;
      figures.insert(state);
      EXPECT_TRUE(store::declared_metric(state))
          << name << " has the figure " << state << ", which winnow/store/metric.h does not declare";
    }
  }
  for (const char* known : {"theta", "cleared", "selected", "steps_after_warmup", "best_alpha", "best_beta", "acc_val"})
    EXPECT_TRUE(figures.count(known)) << known << ": a test that finds none of them proves nothing";
  const std::set<std::string> of_other_kinds = {"contrastive", "zero-shot"};
  for (const method::Entry& entry : method::registry())
    EXPECT_TRUE(ran.count(entry.name) || entry.select || of_other_kinds.count(entry.name))
        << entry.name << " was left out";
}

TEST_F(DeclaredMetrics, AreAllThatPretrainingWritesAndTheRunSaysWhoComputedIt) {
  Execution made = run(pretrain());
  check(made.content, "pretrain");
  EXPECT_EQ(made.content.provenance.code_version, revision());
  EXPECT_EQ(made.content.provenance.device, device::kind_of(device_));
}

}  // namespace
}  // namespace winnow::train
