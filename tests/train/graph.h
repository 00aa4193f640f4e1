// All stages of an experiment on the miniature data set, as a sweep plans them, each on what the ones before it
// computed.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "miniature.h"
#include "other_values.h"
#include "winnow/data/scores.h"
#include "winnow/sweep/plan.h"

namespace winnow::train {

class Graph : public Miniature {
 protected:
  struct Done {
    Stage stage;
    Path file;
    Execution execution;
    std::string planned = {};  // its identity in the plan, before it was made small: inputs name it
    const store::RunContent& content() const { return execution.content; }
  };

  void SetUp() override {
    Miniature::SetUp();
    Stage backbone = pretrain();
    backbone.settings.set("train.epochs", 20);  // it knows some of the classes
    store::write_run_file(folder_ / "backbone.h5", run(backbone).content);
  }

  using Chosen = std::map<std::string, std::string>;  // stage of a recipe -> its method

  // Of every stage its first method; then each of the others.
  static std::vector<Chosen> choices(const sweep::Method& method) {
    std::vector<Chosen> all(1);
    for (const auto& [stage, methods] : method.stages) all[0][stage] = methods[0];
    for (const auto& [stage, methods] : method.stages)
      for (std::size_t i = 1; i < methods.size(); ++i) all.push_back(all[0]), all.back()[stage] = methods[i];
    return all;
  }

  // A small experiment of a method whose recipe is more than training: what it needs, and little of everything.
  std::string small(const sweep::Method& method) const { return small(method, choices(method)[0]); }
  std::string small(const sweep::Method& method, const Chosen& chosen) const {
    std::string text = fmt::format("method = \"{}\"\n", method.name) + little_of(method, "", chosen);
    if (method.needs_a(sweep::Need::validation)) text += "data = { validation = 0.3, shots = 2 }\n";
    for (const auto& [stage, own] : chosen) {
      text += fmt::format("{}.method = \"{}\"\n", stage, own);
      if (own == method.stages.at(stage)[0]) continue;
      const sweep::Method& other = catalogue_.method(own);
      for (const sweep::Key& key : other.keys)  // texts that nano-clip's context has room for
        if (key.key == "prompt") text += stage + ".prompt = \"nano-clip-8\"\n";
      text += little_of(other, stage + ".") +
              fmt::format("{}.train = {{ epochs = 2, batch = 8, schedule = \"constant\", lr = 0.02 }}\n", stage);
    }
    if (method.stages.count("p1"))
      text += "p1.train = { epochs = 12, batch = 4, schedule = \"constant\", lr = 0.03 }\n";
    return text + "train = { epochs = 2, min_steps = 0, batch = 8, schedule = \"constant\" }\n";
  }

  static std::string text_of(const OtherValue& other) {
    std::string text = fmt::format("\"{}\" = {}\n", other.key->key, other.value.dump());
    for (const auto& [key, value] : other.needs) text += fmt::format("\"{}\" = {}\n", key, value.dump());
    return text;
  }

  // In the order of the plan; the last one is the cell. `text`: TOML of [base].
  std::vector<Done> graph(const std::string& text, c10::Device device) {
    Folder sweep_folder;
    write_file_atomically(sweep_folder / "s.toml",
                          "name = \"s\"\n[base]\ndataset = \"fashion-mnist\"\nmodel = \"nano-clip\"\n" + text);
    sweep::Catalogue catalogue = sweep::Catalogue::built_in({{"fashion-mnist", std::string(32, 'a')}});
    sweep::Plan plan = sweep::Plan::read(sweep_folder / "s.toml", catalogue);
    std::map<std::string, Path> files;
    std::vector<Done> all;
    const int number = graphs_++;
    for (std::uint32_t i = 0; i < plan.nodes().size(); ++i) {
      Stage stage = plan.stage(i);
      std::string identity = stage.identity().hex();
      const std::pair<std::string, std::string> where{identity, device.str()};
      if (auto done = done_.find(where); done != done_.end()) {
        files[identity] = done->second.file;
        all.push_back(done->second);
        continue;
      }
      if (stage.kind == StageKind::pretrain) {
        files[identity] = folder_ / "backbone.h5";
        continue;
      }
      stage.settings.set("dataset", "mini");
      stage.settings.set("data.first", 0);
      // A scorer's training is its preset's, of more images than there are.
      if (stage.settings.has("train.batch") && stage.settings.integer("train.batch") > 60)
        stage.settings.set("train.batch", 20);
      stage.fingerprints["data"] = "f";
      Context own = context();
      own.device = device;
      own.inputs.clear();
      for (const auto& [name, input] : stage.inputs) own.inputs[name] = files.at(input.stage.hex());
      Done done{stage, folder_ / fmt::format("{}.{}.h5", number, i), execute_one(stage, own), identity};
      expect_declared(done);
      store::write_run_file(done.file, done.content());
      files[identity] = done.file;
      if (once_) done_.emplace(where, done);
      all.push_back(std::move(done));
    }
    return all;
  }
  std::vector<Done> graph(const std::string& text) { return graph(text, device_); }

  // From here on a stage that was executed on a device is not executed again there.
  void execute_each_once() { once_ = true; }

  // Methods whose recipes do more than train or select.
  std::vector<std::string> graph_methods() const {
    std::vector<std::string> names;
    for (const auto& [name, method] : catalogue_.methods)
      if (method.recipe != "train" && method.recipe != "label-match" && method.recipe != "file" &&
          method.recipe != "detect-train")
        names.push_back(name);
    return names;
  }

  // Of every recipe that is more than one stage and needs no file of its user's, with every method that a stage of it
  // may have and every value of its words and flags, of every detector, of narrowed candidate sets and of every scorer:
  // what it is, and its [base].
  std::vector<std::pair<std::string, std::string>> graphs() const {
    std::vector<std::pair<std::string, std::string>> all;
    for (const std::string& name : graph_methods()) {
      std::set<std::string> seen;  // a value that every choice has is tried with one
      for (const Chosen& chosen : choices(catalogue_.methods.at(name))) {
        std::string shown = name;
        for (const auto& [stage, own] : chosen) shown += fmt::format(", {} {}", stage, own);
        all.emplace_back(shown, small(catalogue_.methods.at(name), chosen));
        for (const OtherValue& other : other_values(catalogue_.methods.at(name))) {
          if (!exists_for(*other.key, chosen) || !seen.insert(other.shown()).second) continue;
          // Two models that learn little may find no label clean: images whose labels are known always are.
          bool knows = declares(catalogue_.methods.at(name), "labelled_shots");
          all.emplace_back(shown + ", " + other.shown(), small(catalogue_.methods.at(name), chosen) + text_of(other) +
                                                             (knows ? "labelled_shots = 1\n" : ""));
        }
      }
    }
    all.emplace_back("coft, head_init = prompts", small(catalogue_.methods.at("coft")) + "head_init = \"prompts\"\n");
    const std::string noisy = "labels = { kind = \"symmetric\", rate = 0.3 }\n",
                      little = "train = { epochs = 2, batch = 10 }\n";
    all.emplace_back("label-match", "method = \"label-match\"\n" + noisy);
    for (const std::string& detector : catalogue_.methods.at("detect-train").stages.at("detect")) {
      if (detector == "file") continue;
      std::string text = fmt::format("method = \"detect-train\"\ndetect.method = \"{}\"\n", detector);
      auto with = [&](const OtherValue* other) {
        return text + little_of(catalogue_.methods.at(detector), "detect.", {}, other) + noisy + little;
      };
      all.emplace_back("detect-train after " + detector, with(nullptr));
      for (OtherValue other : other_values(catalogue_.methods.at("detect-train"))) {
        const auto& when = other.key->when;
        auto of = when.find("detect.method");
        if (of == when.end() || !std::count(of->second.begin(), of->second.end(), Value(detector))) continue;
        all.emplace_back("detect-train after " + detector + ", " + other.shown(), with(&other) + text_of(other));
      }
    }
    all.emplace_back("narrowed sets",
                     "method = \"cc\"\nlabels = { kind = \"flip\", rate = 0.3, keep_fraction = 0.5 }\n" + little);
    for (std::string scorer : data::kComputedScores) {
      if (scorer == "classifier") continue;  // has weights of its user's: GeneratedStages::every_scorer
      std::string of = scorer == "trained" ? ", scorer = { model = \"wide-resnet-10-1\", epochs = 1 }" : "";
      all.emplace_back("candidates by " + scorer,
                       fmt::format("method = \"cc\"\nlabels = {{ kind = \"instance-candidates\", rate = 0.3, scores = "
                                   "\"{}\"{} }}\n",
                                   scorer, of) +
                           little);
    }
    return all;
  }

  // Whoever looks closer has an execution of its own.
  virtual Execution execute_one(const Stage& stage, const Context& own) { return execute(stage, own, *alone_, quiet_); }

 private:
  // With these methods of its recipe's stages.
  static bool exists_for(const sweep::Key& key, const Chosen& chosen) {
    return std::all_of(key.when.begin(), key.when.end(), [&](const auto& condition) {
      const std::string& name = condition.first;
      if (!name.ends_with(".method")) return true;
      auto own = chosen.find(name.substr(0, name.size() - 7));
      return own == chosen.end() || std::count(condition.second.begin(), condition.second.end(), own->second) > 0;
    });
  }

  static bool declares(const sweep::Method& method, const std::string& key) {
    return std::any_of(method.keys.begin(), method.keys.end(), [&](const sweep::Key& own) { return own.key == key; });
  }

  static bool exists_beside(const OtherValue& other, const sweep::Key& key, const std::string& before) {
    return std::all_of(key.when.begin(), key.when.end(), [&](const auto& condition) {
      const auto& [name, values] = condition;
      return before + name != other.key->key || std::count(values.begin(), values.end(), other.value) > 0;
    });
  }

  // The keys of a method that make its stages long, under a name before them, where they exist for the methods of the
  // other stages. Nothing is all warm-up.
  static std::string little_of(const sweep::Method& method, const std::string& before, const Chosen& chosen = {},
                               const OtherValue* other = nullptr) {
    const std::map<std::string, std::string> little = {{"k", "2"},
                                                       {"rounds", "2"},
                                                       {"members", "2"},
                                                       {"embed_epochs", "2"},
                                                       {"search_steps", "[4, 3]"},
                                                       {"context_length", "2"},
                                                       {"text.steps", "5"},
                                                       {"source.dataset", "\"fashion-mnist\""},
                                                       {"source.shots", "2"},
                                                       {"p1.context_length", "2"}};
    std::string text;
    for (const sweep::Key& key : method.keys)
      if (!exists_for(key, chosen) || (other && !exists_beside(*other, key, before))) continue;
      else if (auto found = little.find(key.key); found != little.end() && key.fallback != Value(0))
        text += fmt::format("\"{}{}\" = {}\n", before, key.key, found->second);
      else if (key.key == "warmup_epochs")
        text += fmt::format("\"{}{}\" = {}\n", before, key.key,
                            key.fallback && key.fallback->is_number_float() ? "0.0" : "0");
    return text;
  }

  // Whoever reads the file knows what its figures are.
  static void expect_declared(const Done& done) {
    for (const char* table : {"metrics/final", "metrics/epochs"}) {
      auto found = done.content().tables.find(table);
      if (found == done.content().tables.end()) continue;
      for (const store::Column& column : found->second) {
        EXPECT_TRUE(store::declared_metric(column.name))
            << to_string(done.stage.kind)
            << (done.stage.settings.has("method") ? " of " + done.stage.settings.text("method") : "") << " writes "
            << column.name << ", which winnow/store/metric.h does not declare";
      }
    }
  }

  int graphs_ = 0;
  bool once_ = false;
  std::map<std::pair<std::string, std::string>, Done> done_;  // by planned identity and device
};

}  // namespace winnow::train
