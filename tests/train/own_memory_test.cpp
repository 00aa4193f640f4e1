// Every part that an update writes lies in memory of its own: what trains one part moves no other.
#include "../../src/train/own_memory.h"

#include "miniature.h"
#include "skip_warmup.h"
#include "winnow/method/registry.h"
#include "winnow/train/engine.h"

namespace winnow::train {
namespace {

using testing::AllOf;
using testing::HasSubstr;

at::Tensor numbers(std::int64_t count) { return at::linspace(-1, 1, count, at::kDouble); }

TEST(OwnMemory, OverlapsAreNamedWhateverTheirForm) {
  at::Tensor all = numbers(12).view({3, 4}), apart = all.clone();
  auto said = [](const std::vector<Held>& written, const std::vector<Held>& read) {
    return refusal([&] { require_own_memory(written, read); });
  };
  require_own_memory({{"a", all}, {"b", apart}}, {{"c", numbers(12)}});
  for (const at::Tensor& other : {all, all.view({12}), all.t(), all.narrow(0, 2, 1), all.select(1, 3), all.detach(),
                                  at::from_blob(all.mutable_data_ptr<double>() + 11, {1}, all.options())}) {
    EXPECT_THAT(said({{"a", all}, {"b", other}}, {}), AllOf(HasSubstr("a"), HasSubstr("b"), HasSubstr("share memory")));
    EXPECT_THAT(said({{"a", all}}, {{"b", other}}), HasSubstr("share memory"));
    EXPECT_THAT(said({{"b", other}}, {{"a", all}}), HasSubstr("share memory"));
    require_own_memory({{"d", apart}}, {{"a", all}, {"b", other}});  // what nobody writes may be the same
  }
  require_own_memory({{"rows 0", all.narrow(0, 0, 1)}, {"rows 1, 2", all.narrow(0, 1, 2)}}, {});
  require_own_memory({{"none", at::Tensor()},
                      {"none either", at::Tensor()},
                      {"empty", all.narrow(0, 1, 0)},
                      {"a", all},
                      {"sizes alone", at::empty({3}, at::TensorOptions(at::kMeta))}},
                     {});
}

// A wide tensor that nobody writes hides none of those behind it.
TEST(OwnMemory, FindsTheSecondOfSeveral) {
  at::Tensor all = numbers(30);
  EXPECT_THAT(refusal([&] {
                require_own_memory({{"x", all.narrow(0, 3, 1)}},
                                   {{"small", all.narrow(0, 0, 2)}, {"wide", all}, {"late", all.narrow(0, 20, 5)}});
              }),
              AllOf(HasSubstr("wide"), HasSubstr("x ")));
  EXPECT_THAT(refusal([&] {
                require_own_memory({{"long", all}, {"short", numbers(3)}, {"last", all.narrow(0, 29, 1)}},
                                   {{"early", all.narrow(0, 0, 0)}});
              }),
              AllOf(HasSubstr("long"), HasSubstr("last")));
}

// A tower and heads of one weight, which a dishonest architecture gives to several of them.
struct OneWeight final : model::Architecture {
  struct Tower final : model::Tower {
    explicit Tower(const at::Tensor& a) { weights_.add("A", a, true)->value = a; }
    std::int64_t width() const override { return 4; }
    model::Outputs rows(const at::Tensor& inputs) override { return {{"features", inputs}}; }
  };
  struct Head final : model::Module {
    explicit Head(const at::Tensor& w) { weights_.add("W", w, true)->value = w; }
    at::Tensor apply(const std::vector<at::Tensor>& inputs, bool) override { return inputs.at(0); }
  };
  at::Tensor tower_weight = numbers(12).view({3, 4}), head_weight = numbers(12).view({3, 4}).clone(),
             snapshot = numbers(12).clone();
  bool tower_shares = false, head_shares = false, tail_is_head = false;
  std::unique_ptr<model::Tower> tower(std::string_view, model::TowerKind) override {
    return std::make_unique<Tower>(tower_shares ? snapshot.view({3, 4}) : tower_weight);
  }
  std::unique_ptr<model::Module> head(std::string_view name, model::HeadStart) const override {
    if (head_shares) return std::make_unique<Head>(tower_weight);
    return std::make_unique<Head>(name == "tail" && !tail_is_head ? head_weight.clone() : head_weight);
  }
  std::vector<std::pair<std::string, at::Tensor>> originals() const override { return {{"vision.A", snapshot}}; }
};

struct TwoHeads final : method::Method {
  bool sharer = false;
  void setup(method::Setup& setup) override {
    setup.network("main", method::TowerKind::image);
    if (sharer) setup.network_sharing("teacher", "main", method::TowerKind::image);
    setup.head("head");
    setup.head("tail");
    setup.optimiser("main", {"main", "head", "tail"});
  }
  void step(method::Step&) override {}
  method::Outputs predict(method::Forward&) override { return {}; }
};

struct NoRows final : Source {
  at::Tensor given_ = at::zeros({2}, at::kLong);
  std::map<std::string, at::Tensor> none_;
  std::int64_t classes() const override { return 3; }
  std::int64_t size(const std::string&) const override { return 2; }
  std::int64_t epochs() const override { return 1; }
  std::int64_t steps_per_epoch() const override { return 1; }
  std::int64_t batch() const override { return 2; }
  at::Tensor inputs(const std::string&, const std::string&, const at::Tensor&, std::int64_t) override {
    return numbers(8).view({2, 4});
  }
  std::vector<Batch> batches(std::int64_t) override { return {}; }
  const at::Tensor& given() override { return given_; }
  const at::Tensor& candidates() override { return given_; }
  const std::map<std::string, at::Tensor>& handed_over() const override { return none_; }
};

TEST(OwnMemory, TheEngineRefusesPartsThatAreOneTensor) {
  Settings settings{std::map<std::string, Value>{
      {"train.optimizer", "adam"}, {"train.weight_decay", 0.0}, {"train.betas", {0.9, 0.999}}, {"train.eps", 1e-8}}};
  NoRows rows;
  auto alone = comm::alone();
  TwoHeads method;
  auto set_up = [&](OneWeight architecture) {
    return refusal([&] {
      Engine({&settings, 1, 1, 2, 2, 3, at::TensorOptions(at::kDouble)}, rows, architecture, *alone).set_up(method);
    });
  };
  OneWeight tails, towers, heads;
  tails.tail_is_head = towers.tower_shares = heads.head_shares = true;
  EXPECT_THAT(set_up(tails),
              AllOf(HasSubstr("'W' of module 'head'"), HasSubstr("'W' of module 'tail'"), HasSubstr("share memory")));
  EXPECT_THAT(set_up(towers), AllOf(HasSubstr("the model's 'vision.A'"), HasSubstr("'A' of network 'main'")));
  EXPECT_THAT(set_up(heads), AllOf(HasSubstr("'A' of network 'main'"), HasSubstr("'W' of module 'head'")));
  EXPECT_EQ(set_up({}), "accepted");
  method.sharer = true;  // declared: the same tower under two names
  EXPECT_EQ(set_up({}), "accepted");
}

// Whole stages of every method, on the real architecture.
class OwnMemoryOfMethods : public Miniature {
 protected:
  void SetUp() override {
    Miniature::SetUp();
    store::write_run_file(folder_ / "backbone.h5", run(pretrain()).content);
  }
  // One step of everything; the engine's own check lets it begin.
  Execution trained(const std::string& method, const std::string& init, const std::string& precision,
                    const std::string& adapt, int epochs = 1) {
    Stage stage = train(method);
    bool given = catalogue_.methods.at(method).labels == sweep::LabelNeed::given;
    if (given || init == "linear-probe") stage.settings.set("labels.kind", "clean");
    stage.settings.set("head_init", init);
    stage.settings.set("train.precision", precision);
    stage.settings.set("adapt", adapt);
    stage.settings.set("train.epochs", epochs);
    stage.settings.set("train.batch", 60);
    skip_warmup(stage, epochs);
    return run(stage);
  }
  void expect_apart(const Trace& trace, const std::string& what) {
    std::vector<Held> all;
    for (const auto& tensors : {trace.parameters, trace.states})
      for (const auto& [name, tensor] : tensors) all.push_back({name, tensor});
    EXPECT_EQ(winnow::refusal([&] { require_own_memory(all, {}); }), "accepted") << what;
  }
};

TEST_F(OwnMemoryOfMethods, EveryHeadInBothPrecisions) {
  for (const auto& [name, declared] : catalogue_.methods) {
    if (declared.recipe != "train") continue;
    for (const char* init : {"text", "random", "class-mean", "linear-probe"})
      for (const char* precision : {"fp32", "fp64"}) {
        if (std::string(init) == "linear-probe" && declared.labels != sweep::LabelNeed::given) continue;
        expect_apart(trained(name, init, precision, "linear-probe").trace,
                     fmt::format("{} {} {}", name, init, precision));
      }
  }
}

TEST_F(OwnMemoryOfMethods, EveryAdaptation) {
  for (const char* adapt : {"full-tuning", "bias-tuning", "ln-tuning", "mask", "vpt-shallow", "vpt-shallow-ln",
                            "vpt-front", "vpt-deep", "lora", "ssf-attn", "ssf-mlp", "ssf-ln", "adapter", "adaptformer"})
    for (const char* precision : {"fp32", "fp64"})
      for (const char* method : {"htc", "idgp", "pico"})  // two heads, two towers, a copy that follows
        expect_apart(trained(method, "text", precision, adapt).trace,
                     fmt::format("{} {} {}", method, adapt, precision));
}

// The two classifiers start as one, and from the second epoch on they learn different targets.
TEST_F(OwnMemoryOfMethods, HeadAndTailOfHtcGoTheirOwnWays) {
  for (const char* init : {"text", "class-mean"})
    for (const char* precision : {"fp32", "fp64"}) {
      Trace trace = trained("htc", init, precision, "adaptformer", /*epochs=*/2).trace;
      EXPECT_FALSE(at::equal(trace.parameters.at("head.weight"), trace.parameters.at("tail.weight")))
          << init << ' ' << precision;
    }
}

// What the first update moves by is the rule's step, once: with SGD the rate times the gradient.
TEST_F(OwnMemoryOfMethods, AnUpdateMovesEachWeightOnce) {
  for (const auto& [name, declared] : catalogue_.methods) {
    if (declared.recipe != "train") continue;
    Stage stage = train(name);
    if (declared.labels == sweep::LabelNeed::given) stage.settings.set("labels.kind", "symmetric");
    for (auto [key, value] : std::map<std::string, Value>{{"train.epochs", 1},
                                                          {"train.batch", 60},
                                                          {"train.precision", "fp64"},
                                                          {"adapt", "linear-probe"},
                                                          {"train.optimizer", "sgd"},
                                                          {"train.momentum", 0.0},
                                                          {"train.weight_decay", 0.0},
                                                          {"train.nesterov", false},
                                                          {"train.schedule", "constant"}})
      stage.settings.set(key, value);
    skip_warmup(stage, 1);
    stage.settings.set("train.lr", 0.0);
    std::map<std::string, at::Tensor> before = run(stage).trace.parameters;
    constexpr double kRate = 0.5;
    stage.settings.set("train.lr", kRate);
    Trace trace = run(stage).trace;
    double moved = 0, gradients = 0;
    for (const auto& [parameter, tensor] : trace.parameters)
      if (!parameter.starts_with("key.")) moved += (tensor - before.at(parameter)).square().sum().item<double>();
    for (const auto& [optimiser, gradient] : trace.first_gradients) gradients += gradient.square().sum().item<double>();
    EXPECT_NEAR(moved, kRate * kRate * gradients, 1e-9 * gradients) << name;
    EXPECT_GT(gradients, 0) << name;
  }
}

}  // namespace
}  // namespace winnow::train
