#include "training_mode.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kept_numbers.h"
#include "winnow/core/error.h"

namespace winnow::model {

namespace {

constexpr double kEpsilon = 1e-5;

struct Moments {
  at::Tensor mean, variance;  // variance: biased
};

at::Tensor over_channels(const at::Tensor& per_channel) { return per_channel.view({1, -1, 1, 1}); }

double values_of(const at::Tensor& x, std::int64_t rows) { return static_cast<double>(rows * x.size(2) * x.size(3)); }

// Of the slices' own means and squared deviations from them (Chan et al. 1983): sums of squares would cancel.
Moments moments_of_all(const at::Tensor& x, const TrainingForward& forward) {
  std::int64_t channels = x.size(1);
  at::Tensor mine = at::zeros({1, 2, channels}, x.options());
  if (x.size(0) > 0) {
    auto [variance, mean] = at::var_mean(x, at::IntArrayRef{0, 2, 3}, /*correction=*/0);
    mine[0][0].copy_(mean);
    mine[0][1].copy_(variance * values_of(x, x.size(0)));
  }
  int size = forward.gang.size();
  at::Tensor all = forward.gang.gather_rows(mine, size);
  at::Tensor sum = at::zeros({channels}, x.options()), squares = at::zeros({channels}, x.options());
  auto count = [&](int rank) { return values_of(x, comm::slice_of(forward.rows, rank, size).size()); };
  for (int rank = 0; rank < size; ++rank) sum.add_(all[rank][0], count(rank));
  at::Tensor mean = sum / values_of(x, forward.rows);
  for (int rank = 0; rank < size; ++rank) squares.add_(all[rank][1]).add_((all[rank][0] - mean).square(), count(rank));
  return {mean, squares / values_of(x, forward.rows)};
}

// Normalises with the moments of all slices. The gradient of x needs two sums over all slices, too; those of weight and
// bias are this slice's share.
class NormaliseTogether : public torch::autograd::Function<NormaliseTogether> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, const TrainingForward* together, Moments* moments) {
    *moments = moments_of_all(x, *together);
    at::Tensor inverse = (moments->variance + kEpsilon).rsqrt();
    context->save_for_backward({x, weight, moments->mean, inverse});
    context->saved_data["rows"] = together->rows;
    context->saved_data["gang"] = reinterpret_cast<std::int64_t>(&together->gang);
    at::Tensor scale = weight * inverse;
    return x * over_channels(scale) + over_channels(bias - moments->mean * scale);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    torch::autograd::variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &mean = saved[2], &inverse = saved[3], &gradient = gradients[0];
    auto& gang = *reinterpret_cast<comm::Collective*>(context->saved_data["gang"].toInt());
    double values = values_of(x, context->saved_data["rows"].toInt());
    at::Tensor normal = (x - over_channels(mean)) * over_channels(inverse);
    at::Tensor of_bias = gradient.sum(at::IntArrayRef{0, 2, 3}),
               of_weight = (gradient * normal).sum(at::IntArrayRef{0, 2, 3});
    at::Tensor all = at::stack({of_bias, of_weight});
    gang.sum(all);
    at::Tensor of_x = over_channels(weight * inverse) *
                      (gradient - over_channels(all[0] / values) - normal * over_channels(all[1] / values));
    return {of_x, of_weight, of_bias, at::Tensor(), at::Tensor()};
  }
};

at::Tensor batch_norm(const at::Tensor& x, const BatchNorm& own, const at::Tensor& mean, const at::Tensor& variance,
                      bool training) {
  return at::batch_norm(x, own.weight->use, own.bias->use, mean, variance, training, /*momentum=*/1, kEpsilon,
                        /*cudnn_enabled=*/true);
}

}  // namespace

RunningMoments* TrainingMode::add(const std::string& name, Parameter* mean, Parameter* variance, double momentum) {
  all_.push_back({name, mean, variance, momentum, {}, {}, 0});
  return &all_.back();
}

bool TrainingMode::has_batch_statistics() const { return !all_.empty() && all_.front().mean->averaged; }

void TrainingMode::use_batch_statistics() {
  for (RunningMoments& own : all_) own.mean->averaged = own.variance->averaged = true;
}

void TrainingMode::move() {
  at::NoGradGuard no_gradient;
  for (RunningMoments& own : all_) {
    if (own.rows == 0) continue;
    own.mean->value.mul_(1 - own.momentum).add_(own.mean_seen, own.momentum / own.rows);
    own.variance->value.mul_(1 - own.momentum).add_(own.variance_seen, own.momentum / own.rows);
  }
  forget();
}

void TrainingMode::forget() {
  for (RunningMoments& own : all_) {
    own.mean_seen = own.variance_seen = at::Tensor();
    own.rows = 0;
  }
}

at::Tensor BatchNorm::operator()(const at::Tensor& x) const {
  return weight->wide ? normalised(x.to(weight->use.scalar_type())).to(x.scalar_type()) : normalised(x);
}

at::Tensor BatchNorm::normalised(const at::Tensor& x) const {
  const TrainingForward* forward = mode->forward();
  if (!forward || !moments->mean->averaged || forward->rows == 0)
    return batch_norm(x, *this, moments->mean->use, moments->variance->use, false);
  double values = values_of(x, forward->rows);
  if (values == 1)
    throw UsageError(
        fmt::format("{}: a batch of one row has one value here, and no variance: use larger batches (train.drop_last "
                    "leaves a short one out)",
                    moments->name));
  at::Tensor mean = at::zeros_like(moments->mean->value), variance = at::zeros_like(mean),
             result;  // variance: unbiased
  if (forward->gang.size() == 1) {
    result = batch_norm(x, *this, mean, variance, true);
  } else {
    Moments own;
    at::Tensor wide = x.to(mean.scalar_type());
    result = NormaliseTogether::apply(wide, weight->use, bias->use, forward, &own).to(x.scalar_type());
    mean = own.mean;
    variance = own.variance * (values / (values - 1));
  }
  at::NoGradGuard no_gradient;
  auto rows = static_cast<double>(forward->rows);
  moments->mean_seen = moments->rows == 0 ? mean * rows : moments->mean_seen.add_(mean, rows);
  moments->variance_seen = moments->rows == 0 ? variance * rows : moments->variance_seen.add_(variance, rows);
  moments->rows += rows;
  return result;
}

at::Tensor Dropout::operator()(const at::Tensor& x) const {
  const TrainingForward* forward = mode->forward();
  if (!forward || probability == 0) return x;
  std::int64_t numbers = x.numel() / std::max<std::int64_t>(1, x.size(0));
  at::Tensor mask = kept_numbers({forward->seed, fmt::format("dropout.{}", layer), forward->number}, forward->first,
                                 x.size(0), numbers, probability, x.device())
                        .view(x.sizes());
  auto factor = static_cast<float>(1 / (1 - probability));
  return x * (mask.to(x.scalar_type()) * static_cast<double>(factor));
}

}  // namespace winnow::model
