// Wide residual networks and their training mode, against PyTorch's layers and torchvision's ResNet: numbers of
// reference/wide_resnet.py.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "../refusal.h"
#include "winnow/comm/collective.h"
#include "winnow/core/error.h"
#include "winnow/model/image_tower.h"
#include "winnow/model/untrained_tower.h"

namespace winnow::model {
namespace {

using testing::HasSubstr;

// The same sines as there: tensors in the order of their names there.
void fill(Snapshot& snapshot) {
  std::int64_t t = 0;
  for (auto& [name, tensor] : snapshot.tensors) {
    std::int64_t n = tensor.numel();
    at::Tensor wave = at::sin(0.37 * static_cast<double>(t + 1) +
                              at::arange(n, at::kDouble) * (0.11 * static_cast<double>(t % 7 + 1)))
                          .view(tensor.sizes());
    bool scale = name.ends_with("running_var") || (tensor.dim() == 1 && name.ends_with("weight"));
    if (tensor.dim() == 4) wave = wave * std::sqrt(4.0 * static_cast<double>(tensor.size(1)) / static_cast<double>(n));
    else if (tensor.dim() == 2) wave = wave / std::sqrt(static_cast<double>(tensor.size(1)));
    else wave = scale ? 1 + 0.5 * wave : 0.2 * wave;
    tensor = wave;
    ++t;
  }
}

Snapshot small(std::int64_t depth, std::int64_t widening) {
  Snapshot snapshot = untrained_tower({{"model_type", "wide_resnet"},
                                       {"depth", depth},
                                       {"widen_factor", widening},
                                       {"num_labels", 3},
                                       {"image_size", 12}},
                                      0);
  fill(snapshot);
  return snapshot;
}

// torchvision's tensors, renamed from Hugging Face's, whose configuration tells sizes.
Snapshot torchvisions() {
  Snapshot ours = untrained_tower({{"model_type", "resnet"},
                                   {"hidden_sizes", {256, 512, 1024, 2048}},
                                   {"depths", {1, 2, 1, 1}},
                                   {"num_labels", 3},
                                   {"width_per_group", 128}},
                                  0),
           result;
  result.source = "torchvision";
  result.config = {{"architecture", "wide_resnet50_2"}};
  auto replace = [](std::string& text, const std::string& from, const std::string& to) {
    if (std::size_t at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
  };
  for (const auto& [key, tensor] : ours.tensors) {
    std::string name = key;
    for (auto [from, to] : {std::pair{"embedder.embedder.convolution", "conv1"},
                            {"embedder.embedder.normalization", "bn1"},
                            {"encoder.stages.", "stage"},
                            {".layers.", "."},
                            {"shortcut.convolution", "downsample.0"},
                            {"shortcut.normalization", "downsample.1"},
                            {"classifier.1", "fc"}})
      replace(name, from, to);
    for (int i = 3; i >= 0; --i) {
      replace(name, fmt::format("stage{}", i), fmt::format("layer{}", i + 1));
      replace(name, fmt::format(".layer.{}.convolution", i), fmt::format(".conv{}", i + 1));
      replace(name, fmt::format(".layer.{}.normalization", i), fmt::format(".bn{}", i + 1));
    }
    result.tensors[name] = tensor;
  }
  fill(result);
  return result;
}

at::Tensor image(std::int64_t side) {
  return at::linspace(-1, 1, 3 * 3 * side * side, at::kDouble).mul(40).sin().view({3, 3, side, side});
}

struct Expected {
  std::vector<double> evaluation, training, after, average;
  double gradients;  // sum of the norms over all tensors
};

void expect_close(const at::Tensor& got, const std::vector<double>& want, const char* what) {
  at::Tensor wanted = at::tensor(want, at::kDouble);
  EXPECT_LT((got.flatten() - wanted).abs().max().item<double>(), 1e-7) << what << " " << got.flatten();
}

void check(const Snapshot& snapshot, std::int64_t side, const std::string& average, const Expected& expected) {
  auto tower = image_tower(snapshot, {at::kDouble, FeatureKind::logits});
  at::Tensor x = image(side);
  expect_close(tower->rows(x).features(), expected.evaluation, "evaluation");

  tower->train_everything();
  tower->use_batch_statistics();
  tower->weights().train_what_is_trainable();
  auto alone = comm::alone();
  at::Tensor logits = tower->rows_in_training(x, {*alone, 3, 0}).features();
  expect_close(logits.detach(), expected.training, "training");
  std::vector<at::Tensor> handles;
  for (Parameter* parameter : tower->weights().trained()) handles.push_back(parameter->use);
  double norms = 0;
  for (const at::Tensor& gradient : torch::autograd::grad({logits.square().sum()}, handles))
    norms += gradient.norm().item<double>();
  EXPECT_NEAR(norms / expected.gradients, 1, 1e-7);
  expect_close(tower->rows(x).features().detach(), expected.evaluation, "before the averages move");
  tower->move_averages();
  expect_close(tower->rows(x).features().detach(), expected.after, "after the averages moved");
  expect_close(tower->weights().find(average)->value.narrow(0, 0, 2), expected.average, "average");
}

TEST(WideResNet, IsThatOfPyTorch) {
  check(small(10, 2), 12, "bn1.running_var",
        {{0.11884951610439459, 0.10926509381853244, 0.1279313490324753, 0.07170192481260357, 3.807003018715949e-05,
          0.1134839891354627, 0.17660354198144462, 0.12341795288608085, 0.07815835782260483},
         {0.1549516124659678, 0.04813621596316106, 0.05735765290430883, 0.17121350108585714, -0.016778927204149835,
          0.004489025987196804, 0.2762091565481133, 0.0526457110532461, -0.06135691124186135},
         {0.12395708312376535, 0.1402202566384301, 0.1402799176542971, 0.08307936744203892, 0.033194649096770085,
          0.12080409770133668, 0.18198638502536896, 0.1581969185058281, 0.09238795696969472},
         {1.2293714197311305, 1.2655499143710804},
         37.51716193413546});
  check(small(16, 1), 12, "bn1.running_var",
        {{0.3607487297305769, 0.18815954273453234, -0.20161899368346606, 0.398608579562844, 0.21976524088914628,
          -0.2502665855375843, 0.27517975884638685, 0.2404613131386401, -0.13390180394473492},
         {0.011907978670523721, 0.322724854818728, 0.10129156261382573, 0.04511431239150072, 0.24176406323279515,
          0.09571898433913939, 0.035856426282003, 0.3340999472808322, 0.07346053780517202},
         {0.29994959467574206, 0.2035647137789589, -0.14607799310225764, 0.34122249888154993, 0.22304187693906014,
          -0.19399889509823595, 0.23728621112652973, 0.24207294097941784, -0.09655834138029881},
         {0.5306456628790589, 0.5857858512553726},
         116.85641757950734});
}

TEST(WideResNet, TheFiftyLayerOneIsTorchvisions) {
  check(torchvisions(), 40, "layer4.0.bn3.running_mean",
        {{2.1275799504737414, 2.2196731469932405, 2.259113225026455, 2.1784077820076306, 2.2715145910500603,
          2.3112287037914525, 2.1379385216241884, 2.23139952036573, 2.2720401104200363},
         {1.9700106804301447, 1.9088360576251477, 1.7994427648621918, 1.9473249183181136, 1.876903178152593,
          1.7587183272763065, 2.0121644479682623, 1.9356959400292721, 1.8106255750223115},
         {2.429145659140846, 2.5010153795131855, 2.5162183109216594, 2.422745492101483, 2.4942251010331113,
          2.509134792131903, 2.428213631320808, 2.500604652582282, 2.5163347443718767},
         {-0.29247509454775084, 0.5078429803008576},
         372057.98647744313});
}

// Several forwards before one move: the moments count by rows. Forwards that no move follows leave nothing.
TEST(WideResNet, AveragesMoveOnceTowardsAllForwards) {
  auto alone = comm::alone();
  auto average = [&](const std::vector<std::vector<std::int64_t>>& forwards) {
    auto tower = image_tower(small(10, 1), {at::kDouble});
    tower->use_batch_statistics();
    for (const auto& rows : forwards)
      tower->rows_in_training(image(12).narrow(0, rows[0], rows[1]), {*alone, rows[1], 0});
    tower->move_averages();
    return tower->weights().find("block1.layer.0.bn1.running_mean")->value.clone();
  };
  at::Tensor start = image_tower(small(10, 1), {at::kDouble})->weights().find("block1.layer.0.bn1.running_mean")->value;
  EXPECT_TRUE(at::equal(average({}), start));
  EXPECT_TRUE(at::allclose(average({{0, 3}}), average({{0, 1}, {1, 2}}), 1e-12, 1e-12))
      << "the mean of the batch's mean";
  auto tower = image_tower(small(10, 1), {at::kDouble});
  tower->use_batch_statistics();
  tower->rows_in_training(image(12), {*alone, 3, 0});
  tower->forget_forwards();
  tower->move_averages();
  EXPECT_TRUE(at::equal(tower->weights().find("block1.layer.0.bn1.running_mean")->value, start));
}

TEST(WideResNet, AFrozenTowerKeepsItsStoredStatistics) {
  auto alone = comm::alone();
  auto tower = image_tower(small(10, 1), {at::kDouble});
  EXPECT_FALSE(tower->has_batch_statistics());
  EXPECT_TRUE(
      at::equal(tower->rows_in_training(image(12), {*alone, 3, 0}).features(), tower->rows(image(12)).features()));
}

TEST(WideResNet, ARowIsDroppedOutAlikeInEveryChunk) {
  Snapshot snapshot = small(10, 2);
  snapshot.config["dropout"] = 0.3;
  auto tower = image_tower(snapshot, {at::kDouble, FeatureKind::logits});
  auto alone = comm::alone();
  at::Tensor x = image(12);
  auto rows = [&](std::int64_t first, std::int64_t count, std::uint64_t seed, std::uint64_t number) {
    return tower->rows_in_training(x.narrow(0, first, count), {*alone, 3, first, seed, number}).features();
  };
  at::Tensor whole = rows(0, 3, 1, 0);
  EXPECT_TRUE(at::allclose(at::cat({rows(0, 2, 1, 0), rows(2, 1, 1, 0)}), whole, 1e-12, 1e-12));
  EXPECT_FALSE(at::allclose(rows(0, 3, 2, 0), whole, 1e-3)) << "another seed";
  EXPECT_FALSE(at::allclose(rows(0, 3, 1, 1), whole, 1e-3)) << "another forward";
  EXPECT_TRUE(at::equal(tower->rows(x).features(), tower->rows(x).features())) << "none in evaluation mode";
}

TEST(WideResNet, WhatCannotBeIsRefusedByName) {
  auto tower = [](Value config) { return [config] { untrained_tower(config, 0); }; };
  EXPECT_THAT(refusal(tower({{"model_type", "wide_resnet"}, {"depth", 27}})),
              HasSubstr("config.json.depth: expected 6n + 4 (10, 16, 22, 28, ...), got 27"));
  EXPECT_THAT(refusal(tower({{"model_type", "wide_resnet"}, {"dropout", 1.0}})),
              HasSubstr("dropout: expected a number from 0 to below 1, got 1"));
  EXPECT_THAT(refusal(tower({{"model_type", "wide_resne"}})), HasSubstr("did you mean 'wide_resnet'?"));
  EXPECT_THAT(refusal(tower({{"model_type", "vit"}})),
              HasSubstr("only towers of model_type resnet and wide_resnet are initialised randomly"));
  Snapshot snapshot = small(10, 1);
  snapshot.tensors["bn2.weight"] = at::ones({1});
  EXPECT_THAT(refusal([&] { image_tower(snapshot, {}); }),
              HasSubstr("1 tensors that this architecture does not have: bn2.weight"));
  snapshot = small(10, 1);
  snapshot.tensors.erase("block2.layer.0.convShortcut.weight");
  EXPECT_THAT(refusal([&] { image_tower(snapshot, {}); }),
              HasSubstr("tensor 'block2.layer.0.convShortcut.weight' is missing"));
  snapshot = small(10, 1);
  for (const char* part : {"fc.weight", "fc.bias"}) snapshot.tensors.erase(part);
  snapshot.config.erase("num_labels");
  EXPECT_THAT(refusal([&] {
                image_tower(snapshot, {at::kDouble, FeatureKind::logits})->rows(image(12));
              }),
              HasSubstr("has no classifier of its own"));

  auto alone = comm::alone();
  auto one = image_tower(small(10, 1), {at::kDouble});
  one->use_batch_statistics();
  at::Tensor pixel = at::ones({1, 3, 1, 1}, at::kDouble);
  EXPECT_THAT(refusal([&] {
                one->rows_in_training(pixel, {*alone, 1, 0});
              }),
              HasSubstr("block1.layer.0.bn1: a batch of one row has one value here"));
}

}  // namespace
}  // namespace winnow::model
