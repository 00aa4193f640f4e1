// What the stand-in promises: the CPU's bits, and CUDA's prohibitions.
#include "standin.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace standin {
namespace {

using at::Tensor;
using Tensors = std::vector<Tensor>;

// Made on the CPU by a fixed law.
Tensor numbers(at::IntArrayRef shape, std::int64_t salt = 1) {
  Tensor flat = at::arange(c10::multiply_integers(shape), at::kDouble);
  auto by = static_cast<double>(salt);
  return ((flat * 0.7548776662466927 * by + 0.5698402909980532 * by).frac() * 2 - 1).to(at::kFloat).view(shape);
}
Tensor whole(at::IntArrayRef shape, std::int64_t below, std::int64_t salt = 1) {
  return ((numbers(shape, salt) * 0.5 + 0.5) * static_cast<double>(below)).to(at::kLong).clamp(0, below - 1);
}

bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type()) return false;
  Tensor x = a.contiguous(), y = b.contiguous();
  return x.numel() == 0 || std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0;
}

using Compute = std::function<Tensors(c10::Device)>;

// Its results on the stand-in are there, and the CPU's bits.
void expect_same(const std::string& what, const Compute& compute) {
  SCOPED_TRACE(what);
  Tensors here = compute(at::kCPU), there = compute(device());
  ASSERT_EQ(here.size(), there.size());
  for (std::size_t i = 0; i < here.size(); ++i) {
    ASSERT_EQ(here[i].defined(), there[i].defined()) << "result " << i;
    if (!here[i].defined()) continue;
    EXPECT_EQ(there[i].device(), device()) << "result " << i;
    EXPECT_TRUE(same_bits(here[i].detach(), there[i].detach().cpu())) << "result " << i;
  }
}

// The results and the gradients of the sum of their squares.
Tensors with_gradients(const Tensors& leaves, const std::function<Tensors(const Tensors&)>& function) {
  Tensors taken;
  for (const Tensor& leaf : leaves) taken.push_back(leaf.detach().requires_grad_(true));
  Tensors results = function(taken);
  Tensor total;
  for (const Tensor& one : results) {
    Tensor square = one.to(at::kFloat).square().sum();
    total = total.defined() ? total + square : square;
  }
  Tensors gradients = torch::autograd::grad({total}, taken, {}, false, false, true);
  results.insert(results.end(), gradients.begin(), gradients.end());
  return results;
}

std::string refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "not refused";
}

struct Layer {
  Tensor w, b;
};

// A small vision transformer and some steps: its losses and parameters. Rule: 0 SGD, 1 Adam, 2 AdamW.
Tensors train_vit(c10::Device where, int steps, int rule) {
  constexpr std::int64_t D = 32, H = 4, N = 6, C = 5, P = 4;
  std::int64_t salt = 1;
  Tensors parameters;
  auto parameter = [&](at::IntArrayRef shape, double scale) {
    parameters.push_back((numbers(shape, ++salt) * scale).to(where).requires_grad_(true));
    return parameters.back();
  };
  Tensor patch = parameter({D, 3, P, P}, 0.1), position = parameter({1 + 16, D}, 0.1), token = parameter({D}, 0.1);
  Layer qkv{parameter({3 * D, D}, 0.2), parameter({3 * D}, 0.1)}, out{parameter({D, D}, 0.2), parameter({D}, 0.1)};
  Layer up{parameter({4 * D, D}, 0.2), parameter({4 * D}, 0.1)}, down{parameter({D, 4 * D}, 0.2), parameter({D}, 0.1)};
  Layer norm1{parameter({D}, 1), parameter({D}, 0.1)}, norm2{parameter({D}, 1), parameter({D}, 0.1)},
      head{parameter({C, D}, 0.3), parameter({C}, 0.1)};
  Tensor images = numbers({N, 3, 16, 16}, 77).to(where), labels = whole({N}, C, 5).to(where);
  Tensors first, second, counters, results;
  for (Tensor& p : parameters) {
    first.push_back(at::zeros_like(p));
    second.push_back(at::zeros_like(p));
    counters.push_back(at::zeros({}, p.options().dtype(at::kFloat).requires_grad(false)));
  }
  for (int step = 0; step < steps; ++step) {
    Tensor x = at::conv2d(images, patch, {}, P).flatten(2).transpose(1, 2);
    x = at::cat({token.expand({N, 1, D}), x}, 1) + position;
    Tensor y = at::layer_norm(x, {D}, norm1.w, norm1.b);
    Tensor parts = at::linear(y, qkv.w, qkv.b).view({N, -1, 3, H, D / H}).permute({2, 0, 3, 1, 4});
    Tensor seen = at::scaled_dot_product_attention(parts[0], parts[1], parts[2]).transpose(1, 2).reshape({N, -1, D});
    x = x + at::linear(seen, out.w, out.b);
    y = at::layer_norm(x, {D}, norm2.w, norm2.b);
    x = x + at::linear(at::gelu(at::linear(y, up.w, up.b)), down.w, down.b);
    Tensor loss = at::cross_entropy_loss(at::linear(x.select(1, 0), head.w, head.b), labels);
    results.push_back(loss.detach().clone());
    Tensors gradients = torch::autograd::grad({loss}, parameters);
    at::NoGradGuard no_gradient;
    if (rule == 0) {
      at::_fused_sgd_(parameters, gradients, first, 0.01, 0.9, 1e-1, 0, true, false, step == 0);
      continue;
    }
    at::_foreach_add_(counters, 1);
    if (rule == 1)
      at::_fused_adam_(parameters, gradients, first, second, {}, counters, 1e-2, 0.9, 0.999, 0.01, 1e-8, false, false);
    else
      at::_fused_adamw_(parameters, gradients, first, second, {}, counters, 1e-2, 0.9, 0.999, 0.01, 1e-8, false, false);
  }
  for (Tensor& p : parameters) results.push_back(p.detach());
  return results;
}

TEST(Standin, TrainsAsTheCpuDoes) {
  for (int rule : {0, 1, 2})
    expect_same("rule " + std::to_string(rule), [&](c10::Device where) { return train_vit(where, 4, rule); });
}

TEST(Standin, RefusesTensorsOfTheHost) {
  Tensor a = numbers({4, 4}).to(device()), b = numbers({4, 4}, 3), labels = whole({4}, 4);
  const std::pair<const char*, std::function<void()>> mixed[] = {
      {"add", [&] { (void)(a + b); }},
      {"add, the other way", [&] { (void)(b + a); }},
      {"add_", [&] { b.add_(a); }},
      {"mm", [&] { at::mm(a, b); }},
      {"linear", [&] { at::linear(a, b); }},
      {"cat",
       [&] {
         at::cat({a, b});
       }},
      {"index", [&] { a.index({labels}); }},
      {"index_select", [&] { a.index_select(0, labels); }},
      {"gather", [&] { a.gather(1, labels.unsqueeze(1)); }},
      {"nll_loss", [&] { at::nll_loss(a, labels); }},
      {"where", [&] { at::where(a > 0, a, b); }},
      {"index_put_", [&] { a.clone().index_put_({labels}, a); }},
      {"layer_norm", [&] { at::layer_norm(a, {4}, b[0]); }},
      {"conv2d",
       [&] {
         at::conv2d(a.view({1, 1, 4, 4}), b.view({1, 1, 4, 4}));
       }},
      {"embedding", [&] { at::embedding(a, labels); }},
      {"foreach",
       [&] {
         at::_foreach_add_(Tensors{a.clone(), b.clone()}, Tensors{a, a});
       }},
      {"out=", [&] { at::sub_out(b, a, a); }},
      {"equal", [&] { at::equal(a, b); }},
      {"cross entropy", [&] { at::cross_entropy_loss(a, labels); }},
      {"fused Adam with counters of the host",
       [&] {
         at::_fused_adam_({a.clone()}, {a}, {a.clone()}, {a.clone()}, {}, {at::ones({})}, 0.1, 0.9, 0.99, 0, 1e-8,
                          false, false);
       }},
  };
  for (const auto& [what, act] : mixed) EXPECT_THAT(refusal(act), testing::HasSubstr("tensors on one device")) << what;
  EXPECT_TRUE(same_bits((a * at::scalar_tensor(2.0)).cpu(), a.cpu() * 2));  // as CUDA, a scalar is taken
}

TEST(Standin, RefusesTensorsOfAnotherDevice) {
  Tensor a = numbers({4, 4}).to(device(1)), c = numbers({4, 4}).to(device(0)), labels = whole({4}, 4).to(device(1));
  EXPECT_THAT(refusal([&] { (void)(a + c); }), testing::HasSubstr("got tensors on"));
  EXPECT_THAT(refusal([&] { c.index_select(0, labels); }), testing::HasSubstr("got tensors on"));
}

TEST(Standin, RefusesDrawsAndWhatCudaLacks) {
  Tensor a = numbers({4, 4}).to(device()), labels = whole({4}, 4).to(device());
  auto options = at::TensorOptions(device());
  const std::pair<const char*, std::function<void()>> draws[] = {
      {"rand", [&] { at::rand({2}, options); }},       {"randn", [&] { at::randn({2}, options); }},
      {"dropout", [&] { at::dropout(a, 0.5, true); }}, {"multinomial", [&] { at::multinomial(a.abs(), 1); }},
      {"bernoulli", [&] { at::bernoulli(a.abs()); }},  {"randperm", [&] { at::randperm(4, options.dtype(at::kLong)); }},
  };
  for (const auto& [what, act] : draws) EXPECT_THAT(refusal(act), testing::HasSubstr("generator")) << what;
  EXPECT_THAT(refusal([&] { at::histogram(a, 3); }), testing::HasSubstr("CUDA has no kernel"));
  EXPECT_THAT(refusal([&] { at::mm(labels.view({2, 2}), labels.view({2, 2})); }), testing::HasSubstr("CUDA has no mm"));
}

using StandinDeathTest = testing::Test;

TEST(StandinDeathTest, ItsMemoryIsOutOfTheHostsReach) {
  Tensor a = numbers({4, 4}).to(device());
  const char* line = "the host accesses memory of the device";
  auto dies = [](const std::function<void()>& act) {
    explain_faults();
    act();
  };
  EXPECT_DEATH(dies([&] { std::printf("%f", a.const_data_ptr<float>()[0]); }), line);
  EXPECT_DEATH(dies([&] { a.mutable_data_ptr<float>()[3] = 1; }), line);
  EXPECT_DEATH(dies([&] { std::printf("%f", a.accessor<float, 2>()[1][1]); }), line);
  EXPECT_DEATH(dies([&] {
                 Tensor blob = at::from_blob(a.mutable_data_ptr(), {16}, at::kFloat);
                 std::printf("%f", blob.sum().item<float>());
               }),
               line);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_EQ(::write(ends[1], a.const_data_ptr(), 64), -1);
  EXPECT_EQ(errno, EFAULT);
}

struct Waiting {
  const char* what;
  std::function<void()> act;
  Waits expected;
};

TEST(Standin, CountsAndForbidsWaits) {
  Tensor a = numbers({4, 4}).to(device()), b = numbers({4, 4}, 3), labels = whole({4}, 4).to(device());
  Waits none, value{1, 0, 0, 0}, out{0, 1, 0, 0}, in{0, 0, 1, 0}, shape{0, 0, 0, 1};
  const Waiting all[] = {
      {"computing", [&] { at::softmax((a * 2).sum(0), 0); }, none},
      {"item", [&] { a.sum().item<float>(); }, value},
      {"equal", [&] { at::equal(a, a + 0); }, value},
      {"cpu", [&] { a.cpu(); }, out},
      {"copy in", [&] { b.to(device()); }, in},
      {"tensor",
       [&] {
         at::tensor({1, 2, 3}, at::TensorOptions(device()).dtype(at::kLong));
       },
       in},
      {"nonzero", [&] { at::nonzero(a > 0); }, shape},
      {"masked_select", [&] { a.masked_select(a > 0); }, shape},
      {"boolean index", [&] { a.index({a > 0}); }, shape},
      {"boolean index_put", [&] { a.clone().index_put_({a > 0}, at::zeros({}, a.options())); }, shape},
      {"integer index", [&] { a.index({labels}); }, none},
      {"unique", [&] { at::_unique2(labels); }, shape},
      {"bincount", [&] { at::bincount(labels, {}, 4); }, shape},
      {"one_hot", [&] { at::one_hot(labels, 4); }, none},
      {"one_hot without classes", [&] { at::one_hot(labels); }, value},
      {"factories", [&] { at::full({3}, 2.0, a.options()), at::arange(5, a.options()), at::eye(3, a.options()); },
       none},
      {"a number written", [&] { a.clone().select(0, 1).fill_(2); }, none},
      {"pinned, not blocking", [&] { b.pin_memory().to(device(), true); }, none},
      {"pinned, blocking", [&] { b.pin_memory().to(device()); }, in},
      {"not pinned, not blocking", [&] { b.to(device(), true); }, in},
      {"backward",
       [&] {
         Tensor x = a.detach().requires_grad_(true);
         torch::autograd::grad({(x * x).sum()}, {x});
       },
       none},
  };
  for (const auto& [what, act, expected] : all) {
    SCOPED_TRACE(what);
    reset();
    act();
    Waits got = waits();
    EXPECT_EQ(std::tuple(got.values, got.copies_out, got.copies_in, got.shapes),
              std::tuple(expected.values, expected.copies_out, expected.copies_in, expected.shapes));
    NoWaiting forbidden;
    EXPECT_THAT(refusal(act), testing::HasSubstr(expected.all() ? "the host waits in" : "not refused"));
  }
}

TEST(Standin, CountsBytesAndOperators) {
  reset();
  Tensor a = numbers({4, 4}).to(device());
  a.add_(a).relu_().add_(a);
  EXPECT_EQ(bytes_in(), 64);
  EXPECT_EQ(operators()["add_.Tensor"], 2);
  EXPECT_EQ(operators()["relu_"], 1);
}

TEST(Standin, SeesWhatTheHostComputes) {
  Tensor a = numbers({4, 4}).to(device()), b = numbers({4, 4});
  HostWork work;
  at::softmax((a * 2 + 1), 1);
  EXPECT_THAT(work.operators(), testing::IsEmpty());
  Tensor y = b + 1;
  EXPECT_THAT(work.operators(), testing::ElementsAre(testing::Key("aten::add")));
}

class StandinBits : public testing::Test {
 protected:
  Tensor x_ = numbers({6, 7}, 3), y_ = numbers({6, 7}, 5), rows_ = whole({6}, 6, 3), classes_ = whole({6}, 7, 9);
  Tensor image_ = numbers({2, 3, 9, 8}, 11);
};

TEST_F(StandinBits, OfViewsAndWritesThroughThem) {
  expect_same("views", [&](auto d) {
    Tensor t = x_.to(d);
    return Tensors{t.view({7, 6}),     t.t(),
                   t.narrow(1, 2, 3),  t[2],
                   t.unfold(0, 2, 1),  t.expand({2, 6, 7}),
                   t.diagonal(),       t.as_strided({2, 2}, {1, 3}, 4),
                   t.unsqueeze(0),     t.reshape({-1}),
                   t.split(2)[1],      t.unbind(0)[3],
                   t.slice(0, 1, 6, 2)};
  });
  expect_same("writes", [&](auto d) {
    Tensor t = x_.to(d).clone();
    t.narrow(1, 2, 3).mul_(2);
    t.t()[1].fill_(5);
    t.view({-1}).slice(0, 0, 42, 5).add_(1);
    t.diagonal().zero_();
    t.select(0, 1).copy_(t.select(0, 2));
    t[0][1] = 4;
    return Tensors{t};
  });
  expect_same("out=", [&](auto d) {
    Tensor t = x_.to(d), none = at::empty({0}, t.options()), hold = at::empty({0}, t.options());
    at::sub_out(none, t, t * 2);
    hold.resize_({3, 3}).fill_(2);
    return Tensors{none, hold};
  });
}

TEST_F(StandinBits, OfIndexing) {
  expect_same("reads", [&](auto d) {
    return with_gradients({x_.to(d)}, [&](const Tensors& l) {
      return Tensors{l[0].index_select(0, rows_.to(d)), l[0].gather(1, classes_.to(d).unsqueeze(1)),
                     l[0].index({rows_.to(d), classes_.to(d)}), at::embedding(l[0], rows_.to(d))};
    });
  });
  expect_same("writes", [&](auto d) {
    return with_gradients({x_.to(d), y_.to(d)}, [&](const Tensors& l) {
      return Tensors{l[0].index_add(0, rows_.to(d), l[1]),
                     l[0].index_copy(0, at::arange(6, rows_.to(d).options()), l[1]),
                     l[0].index_fill(0, rows_.to(d), 2.0), l[0].index_put({rows_.to(d)}, l[1], true),
                     l[0].scatter_add(0, rows_.to(d).unsqueeze(1).expand({6, 7}), l[1])};
    });
  });
  expect_same("order", [&](auto d) {
    Tensor t = x_.to(d);
    auto [values, places] = t.topk(3, 1);
    auto [sorted, order] = t.sort(/*stable=*/true, 0, false);
    return Tensors{values, places, sorted, order, t.argmax(1), t.argsort(std::int64_t{1}, false), t.amax(1)};
  });
  expect_same("masks", [&](auto d) {
    return with_gradients({x_.to(d), y_.to(d)}, [&](const Tensors& l) {
      return Tensors{at::where(l[0] > 0, l[0], l[1]), l[0].masked_fill(l[1] > 0, -1e9),
                     l[0].masked_select(l[1] > 0),    at::masked_scatter(l[0], l[1] > 0, l[1]),
                     l[0].clamp(-0.5, 0.5),           at::nan_to_num(l[0])};
    });
  });
}

TEST_F(StandinBits, OfArithmetic) {
  expect_same("elementwise", [&](auto d) {
    return with_gradients({x_.to(d)}, [&](const Tensors& l) {
      return Tensors{at::logsumexp(l[0], 1), at::softmax(l[0], 1),   at::log_softmax(l[0], 1),  at::sigmoid(l[0]),
                     at::gelu(l[0]),         at::gelu(l[0], "tanh"), at::leaky_relu(l[0], 0.1), l[0].exp(),
                     l[0].abs().log(),       l[0].abs().pow(0.3),    at::softplus(l[0])};
    });
  });
  expect_same("products", [&](auto d) {
    return with_gradients({x_.to(d), y_.to(d)}, [&](const Tensors& l) {
      return Tensors{at::einsum("ij,kj->ik", {l[0], l[1]}), at::matmul(l[0], l[1].t()),
                     at::bmm(l[0].view({2, 3, 7}), l[1].view({2, 7, 3})), at::linear(l[0], l[1])};
    });
  });
  expect_same("reductions", [&](auto d) {
    return with_gradients({x_.to(d)}, [&](const Tensors& l) {
      auto [variance, mean] = at::var_mean(l[0], 1);
      return Tensors{l[0].sum(1), l[0].norm(), variance, mean, l[0].cumsum(1), l[0].prod(1)};
    });
  });
  expect_same("foreach", [&](auto d) {
    Tensors list{x_.to(d).clone(), y_.to(d).clone()};
    at::_foreach_mul_(list, 0.5);
    at::_foreach_add_(list, Tensors{x_.to(d), x_.to(d)}, 2);
    return list;
  });
  expect_same("a second derivative", [&](auto d) {
    Tensor t = x_.to(d).detach().requires_grad_(true);
    Tensor g = torch::autograd::grad({t.pow(3).sum()}, {t}, {}, true, true)[0];
    return Tensors{torch::autograd::grad({g.square().sum()}, {t})[0]};
  });
  expect_same("linear algebra", [&](auto d) {
    Tensor s = numbers({5, 5}, 43).to(d), p = at::matmul(s, s.t()) + at::eye(5, s.options());
    return Tensors{at::linalg_cholesky(p), at::linalg_solve(p, s), std::get<1>(at::linalg_svd(s))};
  });
  expect_same("no rows", [&](auto d) {
    Tensor t = at::empty({0, 3}, x_.to(d).options());
    return Tensors{t + 1, t.sum(0), at::cat({t, x_.to(d).narrow(1, 0, 3)}), at::linear(t, numbers({2, 3}).to(d))};
  });
}

TEST_F(StandinBits, OfNetworks) {
  expect_same("convolution", [&](auto d) {
    return with_gradients({image_.to(d), numbers({4, 3, 3, 3}, 13).to(d), numbers({4}, 17).to(d)},
                          [&](const Tensors& l) {
                            return Tensors{at::conv2d(l[0], l[1], l[2], {2, 1}, {1, 1})};
                          });
  });
  expect_same("convolution, channels last", [&](auto d) {
    return with_gradients({image_.contiguous(at::MemoryFormat::ChannelsLast).to(d), numbers({4, 3, 3, 3}, 13).to(d)},
                          [&](const Tensors& l) { return Tensors{at::conv2d(l[0], l[1])}; });
  });
  for (bool training : {true, false})
    expect_same("batch_norm", [&](auto d) {
      Tensor mean = at::zeros({3}, x_.to(d).options()), variance = at::ones({3}, x_.to(d).options());
      Tensors result = with_gradients({image_.to(d), numbers({3}).to(d), numbers({3}, 2).to(d)}, [&](const Tensors& l) {
        return Tensors{at::batch_norm(l[0], l[1], l[2], mean, variance, training, 0.1, 1e-5, false)};
      });
      result.push_back(mean), result.push_back(variance);
      return result;
    });
  expect_same("norms and pools", [&](auto d) {
    return with_gradients({image_.to(d), numbers({8}).to(d), numbers({8}, 2).to(d)}, [&](const Tensors& l) {
      return Tensors{at::layer_norm(l[0], {8}, l[1], l[2]), at::max_pool2d(l[0], 3, 2, 1), at::avg_pool2d(l[0], 2),
                     at::upsample_bicubic2d(l[0], {12, 12}, false), at::_upsample_bicubic2d_aa(l[0], {5, 5}, false)};
    });
  });
  expect_same("attention", [&](auto d) {
    Tensor mask = at::full({9, 9}, -std::numeric_limits<float>::infinity()).triu_(1);
    return with_gradients(
        {numbers({2, 3, 9, 8}, 31).to(d), numbers({2, 3, 9, 8}, 37).to(d), numbers({2, 3, 9, 8}, 41).to(d)},
        [&](const Tensors& l) {
          return Tensors{at::scaled_dot_product_attention(l[0], l[1], l[2]),
                         at::scaled_dot_product_attention(l[0], l[1], l[2], {}, 0, true),
                         at::scaled_dot_product_attention(l[0], l[1], l[2], mask.to(d))};
        });
  });
  expect_same("losses", [&](auto d) {
    return with_gradients({x_.to(d)}, [&](const Tensors& l) {
      return Tensors{at::cross_entropy_loss(l[0], classes_.to(d)),
                     at::cross_entropy_loss(l[0], at::softmax(y_.to(d), 1)),
                     at::binary_cross_entropy_with_logits(l[0], at::sigmoid(y_.to(d)))};
    });
  });
}

}  // namespace
}  // namespace standin
