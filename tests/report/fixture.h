// A sweep and a store with made-up results.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "../folder.h"
#include "winnow/report/table.h"

namespace winnow::report {

class ReportTest : public ::testing::Test {
 protected:
  sweep::Plan plan(const std::string& text) const {
    Path file = folder_ / "s.toml";
    write_file_atomically(file,
                          "name = \"ambiguity\"\nquestion = \"Which one?\"\n[base]\ndataset = \"fashion-mnist\"\n"
                          "model = \"nano-clip\"\n" +
                              text);
    return sweep::Plan::read(file, sweep::Catalogue::built_in({{"fashion-mnist", "0123456789abcdef0123456789abcdef"}}));
  }
  store::Store store() const { return store::Store(folder_ / "results"); }

  // Commits a run file for this experiment with these last metrics.
  void finish(const sweep::Plan& plan, std::size_t experiment,
              const std::vector<std::pair<std::string, double>>& metrics, const store::MetricKinds& kinds = {},
              const std::string& revision = "", const std::string& device = "cpu") const {
    store::RunContent run;
    run.stage = plan.stage(plan.cell_node(experiment));
    run.metrics = kinds;
    run.provenance.code_version = revision;
    run.provenance.device = device;
    store::Table& final = run.tables["metrics/final"];
    final.push_back({"epoch", std::vector<std::int64_t>{2}});
    for (const auto& [name, value] : metrics) final.push_back({name, std::vector<double>{value}});
    run.tables["metrics/epochs"] = {{"epoch", std::vector<std::int64_t>{0, 1, 2}},
                                    {"accuracy", std::vector<double>{0.1, 0.2, 0.3}}};
    for (const auto& [name, values] : further_curves_) run.tables["metrics/epochs"].push_back({name, values});
    store::Store target = store();
    Path part = target.temporary_path(run.stage.identity(), 1);
    store::write_run_file(part, run);
    ASSERT_EQ(target.commit(part, run.stage.identity()), store::Commit::committed);
  }
  Table table(const sweep::Plan& plan, const Metric& metric = {}) const {
    return build_table(plan, read_results(plan, store(), metric), metric);
  }

  std::map<std::string, std::vector<double>> further_curves_;  // of three epochs, of what `finish` commits

  Folder folder_;
};

// 2 methods x 2 rates x 2 seeds.
inline const char* const kAmbiguity = R"([[grid]]
method = ["cc", "proden"]
labels = [{ kind = "flip", rate = 0.1 }, { kind = "flip", rate = 0.7 }]
seed = [0, 1]
)";

}  // namespace winnow::report
