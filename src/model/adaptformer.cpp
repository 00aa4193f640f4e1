#include "adaptformer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "winnow/core/stream.h"

namespace winnow::model {

namespace {

class AdaptFormer final : public Adaptation {
 public:
  struct Bottleneck {
    LayerNorm norm;
    Linear down, up;
    Parameter* scale;
  };

  explicit AdaptFormer(std::vector<Bottleneck> bottlenecks) : bottlenecks_(std::move(bottlenecks)) {}

  at::Tensor after_mlp(std::size_t block, const at::Tensor& x, at::Tensor y) const override {
    const Bottleneck& own = bottlenecks_[block];
    return y + own.scale->use * own.up(at::relu(own.down(own.norm(x))));
  }

 private:
  std::vector<Bottleneck> bottlenecks_;
};

// Kaiming-normal with a = sqrt(5): deviation sqrt(2 / (1 + 5)) / sqrt(fan in).
at::Tensor kaiming_normal(std::int64_t out, std::int64_t in, Stream stream) {
  at::Tensor result = at::empty({out, in}, at::kDouble);
  double deviation = std::sqrt(1.0 / (3.0 * static_cast<double>(in)));
  double* values = result.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < out * in; ++i) values[i] = deviation * stream.normal();
  return result;
}

}  // namespace

std::unique_ptr<Adaptation> adaptformer(std::int64_t blocks, std::int64_t width, std::int64_t bottleneck, std::uint64_t seed,
                                        at::ScalarType dtype, Weights& weights) {
  std::vector<AdaptFormer::Bottleneck> all;
  Streams streams(seed, "init.adaptformer");
  for (std::int64_t i = 0; i < blocks; ++i) {
    auto add = [&](const char* part, at::Tensor value) {
      return weights.add(fmt::format("adaptformer_list.{}.{}", i, part), value.to(dtype), true);
    };
    AdaptFormer::Bottleneck own;
    own.norm = {add("ln.weight", at::ones({width})), add("ln.bias", at::zeros({width})), 1e-5};
    own.down = {add("down_proj.weight", kaiming_normal(bottleneck, width, streams.at(0, static_cast<std::uint32_t>(i)))),
                add("down_proj.bias", at::zeros({bottleneck}))};
    own.up = {add("up_proj.weight", at::zeros({width, bottleneck})), add("up_proj.bias", at::zeros({width}))};
    own.scale = add("scale", at::ones({1}));
    all.push_back(own);
  }
  return std::make_unique<AdaptFormer>(std::move(all));
}

std::int64_t default_bottleneck(std::int64_t classes, std::int64_t blocks) {
  double power = std::floor(std::log2(static_cast<double>(classes) / (2.0 * static_cast<double>(blocks))));
  return std::int64_t{1} << static_cast<int>(std::max(0.0, power));
}

}  // namespace winnow::model
