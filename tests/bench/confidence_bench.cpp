// What writing a step's confidences costs on a large set: the batch's rows alone, as the methods here do, beside a
// renormalisation of all N x C of them each step, as PartialCLIP's code does (docs/methods/partial-labels.md#5.2). One
// thread; needs 3 N C floats.
//   bench-confidence [N [C [BATCH]]]            default 1000000 365 64: Places-LT's classes, a million samples
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "winnow/method/formulas.h"

namespace {

template <class Body>
double milliseconds(int rounds, Body body) {
  body();
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i) body();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count() / rounds;
}

}  // namespace

int main(int argc, char** argv) {
  auto argument = [&](int at, std::int64_t fallback) { return argc > at ? std::atoll(argv[at]) : fallback; };
  std::int64_t N = argument(1, 1'000'000), C = argument(2, 365), B = argument(3, 64);
  at::set_num_threads(1);
  at::NoGradGuard no_gradient;
  at::Tensor candidates = at::empty({N, C}).bernoulli_(0.05);
  candidates.select(1, 0).fill_(1);
  at::Tensor confidence = candidates / candidates.sum(1, true);
  at::Tensor logits = at::randn({B, C}), ids = at::randint(N, {B}, at::TensorOptions(at::kLong));
  double rows = milliseconds(1000, [&] {
    confidence.index_copy_(0, ids, winnow::method::masked_softmax(logits, candidates.index_select(0, ids)));
  });
  double all = milliseconds(3, [&] {
    confidence.index_copy_(0, ids, at::softmax(logits, 1) * candidates.index_select(0, ids));
    confidence.div_(confidence.sum(1, true));
  });
  fmt::print("N = {}, C = {}, B = {}: rows of the batch {:.3f} ms a step, all rows {:.1f} ms a step: {:.0f} times\n", N,
             C, B, rows, all, all / rows);
}
