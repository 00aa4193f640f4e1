// A step never waits for the device, but where the rows of its forwards depend on results: SoLar once, HTC twice. And
// the host computes nothing in a step that is the device's to compute. docs/design.md#13.
#include <ATen/record_function.h>

#include <mutex>

#include "../train/graph.h"
#include "generated_stages.h"
#include "standin.h"
#include "winnow/train/scopes.h"

namespace winnow::train {
namespace {

class Silent final : public Observer {
 public:
  bool report_wanted(std::int64_t, std::int64_t) override { return false; }  // a report reads the loss
};

// What the host waits for in each step, and in each pass over the training set, while this object lives.
class WaitsOfScopes {
 public:
  WaitsOfScopes() {
    steps().clear(), passes().clear();
    handle_ = at::addGlobalCallback(at::RecordFunctionCallback(&begin, &end).scopes({at::RecordScope::USER_SCOPE}));
  }
  ~WaitsOfScopes() { at::removeCallback(handle_); }
  WaitsOfScopes(const WaitsOfScopes&) = delete;

  static std::vector<std::string>& steps() { return of(scope::step); }
  static std::vector<std::string>& passes() { return of(scope::pass); }

 private:
  static std::vector<std::string>& of(const std::string& scope) {
    static std::map<std::string, std::vector<std::string>> all;
    return all[scope];
  }
  static standin::Waits& before() {
    static standin::Waits waits;
    return waits;
  }
  static bool is_watched(std::string_view name) { return name == scope::step || name == scope::pass; }
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
    if (is_watched(function.name())) before() = standin::waits();
    return nullptr;
  }
  static void end(const at::RecordFunction& function, at::ObserverContext*) {
    if (!is_watched(function.name())) return;
    standin::Waits now = standin::waits(), then = before();
    of(function.name())
        .push_back(fmt::format("values {}, shapes {}, copies out {}, in {}", now.values - then.values,
                               now.shapes - then.shapes, now.copies_out - then.copies_out,
                               now.copies_in - then.copies_in));
  }
  at::CallbackHandle handle_;
};

// How often a step of the method may look at the device.
int looks_of(const std::string& method) { return method == "solar" ? 1 : method == "htc" ? 2 : 0; }

// Detectors that fit a mixture of the losses of all samples do so on the host, in a pass once an epoch.
bool fits_on_the_host(const std::string& method) {
  return std::set<std::string>{"gmm", "dividemix", "longremix", "rolt", "rolt-plus", "turn"}.count(method) != 0;
}

class Waits : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    ::setenv("WINNOW_CACHE", (folder_ / "machine").c_str(), 1);
    model::write_snapshot(
        folder_ / "backbone",
        model::untrained_tower({{"model_type", "wide_resnet"}, {"depth", 10}, {"widen_factor", 1}, {"image_size", 12}},
                               7));
    store::write_run_file(folder_ / "clip.h5", execute(pretrain(), context(), *alone_, quiet_).content);
  }
  Silent silent_;

  // Two epochs of four steps, the second one with all that a method ever does.
  Stage stage(const std::string& name, const char* profile = "intended") {
    const sweep::Method& method = catalogue_.methods.at(name);
    Stage result = train(name);
    set_own_of_profile(result.settings, method, profile);
    for (auto [key, value] : std::map<std::string, Value>{{"adapt", "linear-probe"},
                                                          {"head_init", "random"},
                                                          {"data.samples", 40},
                                                          {"data.test_samples", 10},
                                                          {"train.batch", 10}})
      result.settings.set(key, value);
    if (method.labels == sweep::LabelNeed::given) result.settings.set("labels.kind", "symmetric");
    if (result.settings.has("warmup_epochs"))
      result.settings.set("warmup_epochs",
                          result.settings.at("warmup_epochs").is_number_float() ? Value(0.0) : Value(0));
    return result;
  }
  Context on_device() {
    Context result = context();
    result.device = standin::device();
    result.keep_features = std::int64_t{64} << 20;
    result.inputs["backbone"] = folder_ / "backbone";
    return result;
  }
  // Prompts need a model with texts.
  Context for_stage(const Stage& stage) {
    Context result = on_device();
    if (stage.settings.has("context_length")) result.inputs["backbone"] = folder_ / "clip.h5";
    return result;
  }
};

// Masks of dropout are drawn on the host, and go to the device as bytes that nothing waits for.
TEST_F(Waits, OfDropout) {
  model::write_snapshot(
      folder_ / "dropout",
      model::untrained_tower(
          {{"model_type", "wide_resnet"}, {"depth", 10}, {"widen_factor", 1}, {"image_size", 12}, {"dropout", 0.3}},
          7));
  Stage own = stage("ce");
  own.settings.set("adapt", "full-tuning");
  Context context = on_device();
  context.inputs["backbone"] = folder_ / "dropout";
  WaitsOfScopes watch;
  execute(own, context, *alone_, silent_);
  ASSERT_EQ(WaitsOfScopes::steps().size(), 8u);
  for (const std::string& waits : WaitsOfScopes::steps()) EXPECT_EQ(waits, "values 0, shapes 0, copies out 0, in 0");
}

TEST_F(Waits, OfSteps) {
  for (const auto& [name, method] : catalogue_.methods) {
    if (method.recipe != "train") continue;
    SCOPED_TRACE(name);
    for (const char* profile : {"intended", "reference"}) {
      WaitsOfScopes watch;
      Stage own = stage(name, profile);
      execute(own, for_stage(own), *alone_, silent_);
      ASSERT_EQ(WaitsOfScopes::steps().size(), 8u);
      int looks = looks_of(name);
      for (std::size_t step = 0; step < 8; ++step)
        EXPECT_EQ(WaitsOfScopes::steps()[step],
                  fmt::format("values 0, shapes 0, copies out {}, in 0", step < 4 ? 0 : looks))
            << profile << ", step " << step;
      ASSERT_EQ(WaitsOfScopes::passes().size(), 4u);
      if (fits_on_the_host(name)) continue;
      for (const std::string& waits : WaitsOfScopes::passes())
        EXPECT_EQ(waits, "values 0, shapes 0, copies out 0, in 0") << profile;
    }
  }
}

TEST_F(Waits, OfPretraining) {
  Context context = on_device();
  WaitsOfScopes watch;
  execute(pretrain(), context, *alone_, silent_);
  EXPECT_EQ(WaitsOfScopes::steps().size(), 3u);
  for (const std::string& waits : WaitsOfScopes::steps()) EXPECT_EQ(waits, "values 0, shapes 0, copies out 0, in 0");
}

// Operators on tensors of the host, by the scope of a step that they ran in.
class HostWorkOfSteps {
 public:
  HostWorkOfSteps() {
    seen().clear();
    handle_ = at::addGlobalCallback(
        at::RecordFunctionCallback(&begin, &end)
            .needsInputs(true)
            .scopes({at::RecordScope::FUNCTION, at::RecordScope::USER_SCOPE, at::RecordScope::BACKWARD_FUNCTION}));
  }
  ~HostWorkOfSteps() { at::removeCallback(handle_); }
  HostWorkOfSteps(const HostWorkOfSteps&) = delete;
  static std::set<std::string>& seen() {
    static std::set<std::string> all;
    return all;
  }

 private:
  static bool is_large(const at::Tensor& tensor) { return tensor.defined() && tensor.is_cpu() && tensor.numel() > 1; }
  static bool of_device(std::string_view scope) {
    return scope == scope::forward || scope == scope::loss || scope == scope::module || scope == scope::backward ||
           scope == scope::optimiser || scope == "node";
  }
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
    if (function.scope() != at::RecordScope::FUNCTION) {
      scopes().emplace_back(function.scope() == at::RecordScope::USER_SCOPE ? function.name() : "node");
      return nullptr;
    }
    if (scopes().empty() || !of_device(scopes().back()) || standin::in_kernel()) return nullptr;
    for (const c10::IValue& value : function.inputs()) {
      bool hosts = value.isTensor() && is_large(value.toTensor());
      if (value.isTensorList())
        for (const at::Tensor& tensor : value.toTensorVector()) hosts = hosts || is_large(tensor);
      if (!hosts) continue;
      static std::mutex mutex;
      std::lock_guard lock(mutex);
      seen().insert(fmt::format("{} in {}", function.name(), scopes().back()));
    }
    return nullptr;
  }
  static void end(const at::RecordFunction& function, at::ObserverContext*) {
    if (function.scope() != at::RecordScope::FUNCTION) scopes().pop_back();
  }
  static std::vector<std::string>& scopes() {
    thread_local std::vector<std::string> all;
    return all;
  }
  at::CallbackHandle handle_;
};

// Executes a stage on the device, and nothing of its steps and passes may wait for it or be the host's work.
Execution watched_once(const Stage& stage, const Context& context, comm::Collective& alone,
                       const std::set<std::string>& declared) {
  std::string method = stage.settings.has("method") ? stage.settings.text("method") : "";
  WaitsOfScopes waits;
  HostWorkOfSteps work;
  Silent silent;
  Execution result = execute(stage, context, alone, silent);
  std::set<std::string> allowed;
  for (int looks = 0; looks <= looks_of(method); ++looks)
    allowed.insert(fmt::format("values 0, shapes 0, copies out {}, in 0", looks));
  for (const std::string& step : WaitsOfScopes::steps()) EXPECT_TRUE(allowed.count(step)) << "a step: " << step;
  if (!fits_on_the_host(method)) {
    for (const std::string& pass : WaitsOfScopes::passes())
      EXPECT_EQ(pass, "values 0, shapes 0, copies out 0, in 0") << "a pass";
  }
  EXPECT_THAT(HostWorkOfSteps::seen(), testing::IsSubsetOf(declared));
  return result;
}

// Where features of a frozen tower were kept, once more with them there.
Execution watched(const Stage& stage, Context context, comm::Collective& alone,
                  const std::set<std::string>& declared = {}) {
  Folder machine;
  ::setenv("WINNOW_CACHE", machine.path().c_str(), 1);
  context.device = standin::device();
  context.keep_features = std::int64_t{64} << 20;
  Execution result = watched_once(stage, context, alone, declared);
  if (!std::filesystem::exists(machine / "features")) return result;
  SCOPED_TRACE("with kept features");
  std::int64_t read = result.features_read;
  result = watched_once(stage, context, alone, declared);
  EXPECT_GT(result.features_read, read);
  return result;
}

// Small masks of dropout, which wide ResNets have, are drawn by the host and copied: docs/devices.md#9.
std::set<std::string> copies_of_dropout() {
  std::set<std::string> copies;
  for (const char* name : {"to", "_to_copy", "copy_", "_copy_from", "is_pinned"})
    copies.insert(fmt::format("aten::{} in {}", name, scope::forward));
  return copies;
}

bool is_a_wide_resnet(const Stage& stage) {
  const auto& settings = stage.settings.all();
  auto type = settings.find("architecture.model_type");
  return type != settings.end() && type->second == "wide_resnet";
}

// Of every adaptation, head, precision, optimiser, view and family: the same list as that of the equal bits.
class WaitsOfGenerated : public GeneratedStages {
 protected:
  void watch(const std::vector<Generated>& all) {
    for (const Generated& each : all) {
      SCOPED_TRACE(each.shown);
      bool dropout = each.shown == "wide resnet, full-tuning";
      watched(each.stage, context_of(each), *alone_, dropout ? copies_of_dropout() : std::set<std::string>());
      EXPECT_EQ(WaitsOfScopes::steps().size() % 2, 0u);
      EXPECT_GE(WaitsOfScopes::steps().size(), 4u) << "two epochs of several steps";
    }
  }
};

TEST_F(WaitsOfGenerated, EveryMethod) { watch(every_method()); }
TEST_F(WaitsOfGenerated, EveryValueOfMethods) { watch(every_value_of_methods()); }
TEST_F(WaitsOfGenerated, EveryAdaptationAndHead) { watch(every_adaptation_and_head()); }
TEST_F(WaitsOfGenerated, EveryPrecisionAndOptimiser) { watch(every_precision()); }
TEST_F(WaitsOfGenerated, PureFp16) { watch(every_adaptation_in_pure_fp16()); }
TEST_F(WaitsOfGenerated, EveryView) { watch(every_view()); }
TEST_F(WaitsOfGenerated, EveryFamily) { watch(every_family()); }

TEST_F(WaitsOfGenerated, InChunks) {
  Context context = this->context();
  context.chunk = 3;
  watched(small("pico"), context, *alone_);
  EXPECT_GE(WaitsOfScopes::steps().size(), 4u);
}

class WaitsOfRecipes : public Graph {
 protected:
  Execution execute_one(const Stage& stage, const Context& own) override {
    SCOPED_TRACE(to_string(stage.kind));
    bool dropout = stage.kind == StageKind::train && is_a_wide_resnet(stage);
    Execution result = watched(stage, own, *alone_, dropout ? copies_of_dropout() : std::set<std::string>());
    steps_ += WaitsOfScopes::steps().size();
    return result;
  }
  std::size_t steps_ = 0;
};

TEST_F(WaitsOfRecipes, EveryStage) {
  execute_each_once();
  for (const auto& [shown, text] : graphs()) {
    SCOPED_TRACE(shown);
    EXPECT_NO_THROW(graph(text, standin::device()));
  }
  EXPECT_GT(steps_, 100u);
}

TEST_F(Waits, AndTheHostComputesNothingOfAStep) {
  for (const auto& [name, method] : catalogue_.methods) {
    if (method.recipe != "train") continue;
    SCOPED_TRACE(name);
    HostWorkOfSteps work;
    Stage own = stage(name);
    execute(own, for_stage(own), *alone_, quiet_);
    EXPECT_THAT(HostWorkOfSteps::seen(), testing::IsEmpty());
  }
}

}  // namespace
}  // namespace winnow::train
