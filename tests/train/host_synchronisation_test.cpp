// No host synchronisation inside a step, but one before each forward whose rows depend on results: SoLar has one, HTC
// two. There is no GPU in a test, so what is counted are the operations with which a host waits for one: a number read
// from a tensor, a shape that depends on values, a copy to another device (here from the CPU to the CPU, so nothing is
// copied).
#include <ATen/record_function.h>

#include "miniature.h"
#include "winnow/model/untrained_tower.h"
#include "winnow/train/scopes.h"

namespace winnow::train {
namespace {

// What a thread dispatches inside of scope::step or scope::pass, from now until the end of this object's life.
class Watch {
 public:
  Watch() {
    steps_ = passes_ = {};
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback(&begin, &end)
            .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION, at::RecordScope::USER_SCOPE})
            .needsInputs(true));
  }
  ~Watch() { at::removeCallback(handle_); }
  Watch(const Watch&) = delete;

  static const std::vector<std::vector<std::string>>& steps() {
    return steps_;
  }  // names of waiting operations, by step
  static const std::vector<std::vector<std::string>>& passes() { return passes_; }  // before and after each epoch

 private:
  // Where the host's part lies: parameters of views are drawn by it. The fused rule reads its counters by itself, on a
  // GPU on the GPU.
  static bool is_hosts(std::string_view name) { return name == scope::inputs || name.starts_with("aten::_fused_"); }
  static bool waits(std::string_view name) {
    static const std::set<std::string_view> waiting = {"aten::_local_scalar_dense",
                                                       "aten::nonzero",
                                                       "aten::nonzero_numpy",
                                                       "aten::masked_select",
                                                       "aten::argwhere",
                                                       "aten::equal",
                                                       "aten::allclose",
                                                       "aten::is_nonzero",
                                                       "aten::bincount",
                                                       "aten::_unique2",
                                                       "aten::unique_dim",
                                                       "aten::unique_consecutive",
                                                       "aten::repeat_interleave",
                                                       "aten::_to_cpu",
                                                       "aten::_assert_async"};
    return waiting.count(name) != 0;
  }
  // aten::to(self, dtype, layout, device, ...) that names a device and changes no type: cpu(), to(device).
  static bool moves(const at::RecordFunction& function) {
    auto inputs = function.inputs();
    if (std::string_view(function.name()) != "aten::to" || inputs.size() != 8 || !inputs[0].isTensor() ||
        !inputs[3].isDevice())
      return false;
    return inputs[1].isNone() || inputs[1].toScalarType() == inputs[0].toTensor().scalar_type();
  }
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
    std::string_view name = function.name();
    if (name == scope::step || name == scope::pass) {
      inside_ = name == scope::step ? &steps_ : &passes_;
      inside_->emplace_back();
    }
    if (is_hosts(name)) ++hosts_;
    if (inside_ && !hosts_ && (waits(name) || moves(function))) inside_->back().emplace_back(name);
    return nullptr;
  }
  static void end(const at::RecordFunction& function, at::ObserverContext*) {
    if (std::string_view name = function.name(); name == scope::step || name == scope::pass) inside_ = nullptr;
    if (is_hosts(function.name())) --hosts_;
  }

  at::CallbackHandle handle_;
  static inline thread_local std::vector<std::vector<std::string>> steps_, passes_;
  static inline thread_local std::vector<std::vector<std::string>>* inside_ = nullptr;
  static inline thread_local int hosts_ = 0;
};

class Silent final : public Observer {
 public:
  bool report_wanted(std::int64_t, std::int64_t) override { return false; }
};

class HostSynchronisation : public Miniature {
 protected:
  Silent silent_;

  void SetUp() override {
    Miniature::SetUp();
    model::write_snapshot(
        folder_ / "backbone",
        model::untrained_tower({{"model_type", "wide_resnet"}, {"depth", 10}, {"widen_factor", 1}, {"image_size", 12}},
                               7));
  }
  // Two epochs of two steps, the second one with all that a method ever does.
  Stage stage(const std::string& method, const std::string& profile) {
    Stage result = train(method);
    for (const auto& [key, value] : catalogue_.methods.at(method).profiles.contains(profile)
                                        ? catalogue_.methods.at(method).profiles.at(profile)
                                        : sweep::Assignments())
      result.settings.set(key, value);
    if (result.settings.has("warmup_epochs"))
      result.settings.set("warmup_epochs",
                          result.settings.at("warmup_epochs").is_number_float() ? Value(0.0) : Value(0));
    for (auto [key, value] : std::map<std::string, Value>{{"adapt", "linear-probe"},
                                                          {"head_init", "random"},
                                                          {"data.samples", 20},
                                                          {"data.test_samples", 10},
                                                          {"train.batch", 10}})
      result.settings.set(key, value);
    if (catalogue_.methods.at(method).labels == sweep::LabelNeed::given)
      result.settings.set("labels.kind", "symmetric");
    return result;
  }
  std::vector<std::vector<std::string>> steps(const Stage& stage) {
    Context own = context();
    own.inputs["backbone"] = folder_ / "backbone";
    Watch watch;
    execute(stage, own, *alone_, silent_);
    return Watch::steps();
  }
};

TEST_F(HostSynchronisation, IsOnlyWhereRowsDependOnResults) {
  for (const auto& [name, method] : catalogue_.methods) {
    if (name == "label-match" || method.recipe == "detect-train") continue;  // stages of others: select, then ce
    std::size_t allowed = name == "solar" ? 1 : name == "htc" ? 2 : 0;
    for (const char* profile : {"intended", "reference"}) {
      auto own = steps(stage(name, profile));
      ASSERT_EQ(own.size(), 4u) << name;
      for (std::size_t step = 0; step < own.size(); ++step) {
        std::vector<std::string> expected(step < 2 ? 0 : allowed, "aten::nonzero");
        EXPECT_EQ(own[step], expected) << name << ", " << profile << ", step " << step;
      }
      ASSERT_EQ(Watch::passes().size(), 4u) << name;
      if (name == "gmm") continue;  // its mixture is fitted on the host, once an epoch
      for (const auto& pass : Watch::passes()) EXPECT_THAT(pass, testing::IsEmpty()) << name << ", " << profile;
    }
  }
}

TEST_F(HostSynchronisation, IsNotInPretraining) {
  Stage stage = pretrain();
  Watch watch;
  execute(stage, context(), *alone_, silent_);
  EXPECT_EQ(Watch::steps().size(), 3u);
  for (const auto& step : Watch::steps()) EXPECT_THAT(step, testing::IsEmpty());
}

// The watch sees what it is there for.
TEST_F(HostSynchronisation, IsNoticed) {
  Watch watch;
  at::Tensor values = at::arange(4, at::kFloat);
  values.sum().item<float>();
  {
    RECORD_USER_SCOPE(scope::step);
    values.sum().item<float>();
    values.index({values > 1});
    {
      RECORD_USER_SCOPE(scope::inputs);
      values.nonzero();
    }
    EXPECT_TRUE(at::equal(values, values));
    values.cpu();
    values.to(at::kCPU);
    values.to(at::kDouble);  // stays where it is
  }
  EXPECT_THAT(Watch::steps(), testing::ElementsAre(testing::ElementsAre("aten::_local_scalar_dense", "aten::nonzero",
                                                                        "aten::equal", "aten::to", "aten::to")));
}

// A report reads the loss: an observer that wants one each step pays for it, no other does.
TEST_F(HostSynchronisation, AReportReadsTheLoss) {
  Context own = context();
  own.inputs["backbone"] = folder_ / "backbone";
  Watch watch;
  execute(stage("cc", "intended"), own, *alone_, quiet_);
  for (const auto& step : Watch::steps()) EXPECT_THAT(step, testing::Contains("aten::_local_scalar_dense"));
}

}  // namespace
}  // namespace winnow::train
