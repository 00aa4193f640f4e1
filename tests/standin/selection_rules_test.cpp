// Selection rules on the device: the CPU's bits, and the host waits for nothing.
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "../method/recorded.h"
#include "standin.h"
#include "winnow/device/transfer.h"
#include "winnow/method/candidate_sets.h"
#include "winnow/method/clean_probability.h"
#include "winnow/method/cross_filter.h"
#include "winnow/method/ensemble.h"
#include "winnow/method/formulas.h"
#include "winnow/method/high_confidence.h"
#include "winnow/method/key_queue.h"
#include "winnow/method/progressive_selection.h"
#include "winnow/method/quota.h"
#include "winnow/method/selections.h"
#include "winnow/method/top_k.h"
#include "winnow/method/uniform_selection.h"
#include "winnow/method/weight_average.h"
#include "winnow/method/zero_shot_scores.h"

namespace winnow::method {
namespace {

using Tensors = std::vector<at::Tensor>;
using Rule = std::function<Tensors(const Tensors&)>;

constexpr std::int64_t kSamples = 30, kClasses = 4;

// Logits of two models, given labels, losses, ids, an indicator.
Tensors inputs() {
  return {(random_tensor({kSamples, kClasses}, 1, -3, 3) * 2).round(),
          (random_tensor({kSamples, kClasses}, 2, -3, 3) * 2).round(),
          random_tensor({kSamples}, 3, 0, kClasses).floor().to(at::kLong),
          random_tensor({kSamples}, 4, 0, 0.69),
          random_tensor({kSamples}, 5).argsort(),
          random_tensor({kSamples}, 6) > 0};
}

void expect_device_rule(const char* name, const Rule& rule) {
  SCOPED_TRACE(name);
  Tensors on_host = inputs(), on_device;
  for (const at::Tensor& tensor : on_host) on_device.push_back(device::to_device(tensor, standin::device()));
  Tensors want = rule(on_host), got;
  {
    standin::NoWaiting no_waiting;
    got = rule(on_device);
  }
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].device(), standin::device()) << i;
    EXPECT_TRUE(at::equal(device::to_host(got[i]), want[i])) << i;
  }
}

TEST(SelectionRules, OfNoisyLabelsStayOnTheDevice) {
  expect_device_rule("label match", [](const Tensors& in) {
    Selected selected = label_match(in[0], in[2]);
    return Tensors{selected.mask, selected.label};
  });
  expect_device_rule("small loss", [](const Tensors& in) { return Tensors{small_losses(in[3], in[4], 0.3)}; });
  for (Consistency consistency : {Consistency::none, Consistency::clean_probability, Consistency::positive_logits})
    expect_device_rule("clean probability", [&](const Tensors& in) {
      CleanSelection selected = select_clean(in[0], in[1], in[2], consistency);
      return Tensors{selected.mask, selected.score, selected.label};
    });
  for (Padding padding : {Padding::none, Padding::sample_0})
    expect_device_rule("uniform selection", [&](const Tensors& in) {
      at::Tensor divergence = divergence_from_labels(at::softmax(in[0], 1), in[2]);
      UniformSelection selected = select_uniformly(divergence, in[2], kClasses, 0.1, 5, padding);
      return Tensors{selected.mask, selected.weight, selected.cut, selected.rate};
    });
  expect_device_rule("high confidence", [](const Tensors& in) {
    at::Tensor sets = lasting_sets(in[0].t() > 0, 2), largest = largest_set(sets, 3);
    return Tensors{sets, largest, confident_posterior(in[3], largest)};
  });
  expect_device_rule("progressive selection", [](const Tensors& in) {
    return Tensors{small_losses_of_classes(in[3], in[2], kClasses, 0.4), matched_confidence(in[3], 0.5)};
  });
  expect_device_rule("quota", [](const Tensors& in) {
    return Tensors{smallest_per_class(in[3], in[2], in[5], at::softmax(in[0][0], 0), 0.5)};
  });
  expect_device_rule("generalised cross-entropy",
                     [](const Tensors& in) { return Tensors{generalised_cross_entropy(in[0], in[2], 0.7)}; });
}

TEST(SelectionRules, WithoutLabelsStayOnTheDevice) {
  expect_device_rule("top K", [](const Tensors& in) {
    at::Tensor probability = at::softmax(in[0], 1);
    TopK all = top_k_argmax(probability, 3), some = top_k_argmax(probability, 3, in[5]);
    return Tensors{all.mask,
                   all.score,
                   all.label,
                   some.mask,
                   top_k_columnwise(probability, 3),
                   top_k_columnwise(probability, 3, in[5])};
  });
  expect_device_rule("candidate sets", [](const Tensors& in) {
    at::Tensor probability = at::softmax(in[0], 1);
    CandidateSets sets = candidate_sets(probability, 0.6, 0.5);
    return Tensors{sets.threshold, sets.candidates, candidate_weights(probability, sets.candidates, in[5], true),
                   candidate_weights(probability, sets.candidates, in[5], false)};
  });
  expect_device_rule("cross-filter", [](const Tensors& in) {
    Exchanged model = cross_filter({in[0], in[1]}, {in[1], in[0]});
    at::Tensor ids = in[4].narrow(0, 0, 4), score = in[3].clone();
    add_labelled(ids, in[2].narrow(0, 0, 4), model.label, model.clean, score);
    at::Tensor mask = in[0] > 0, scores = in[1].clone();
    add_labelled_pairs(ids, in[2].narrow(0, 0, 4), mask, scores);
    return Tensors{model.label, model.clean, score, mask, scores};
  });
  expect_device_rule("texts, scores, ensembles", [](const Tensors& in) {
    at::Tensor texts = averaged_texts(in[0].view({5, 6, kClasses}), in[5].view({5, 6}));
    at::Tensor both = at::stack({in[0], in[1]});
    return Tensors{texts, cosine_logits(in[1] + 0.1, texts, 100), mean_probability(both), mean_logits(both)};
  });
  expect_device_rule("queue, momentum", [](const Tensors& in) {
    KeyQueue queue = KeyQueue::empty(20, kClasses, in[0].options());
    enqueue(queue, in[0].narrow(0, 0, 13), in[4].narrow(0, 0, 13));
    enqueue(queue, in[0], in[4]);
    at::Tensor copy = in[1].clone();
    move_towards(copy, in[0], 0.9);
    return Tensors{queue.keys, queue.ids, queue.pointer, queue.filled, copy};
  });
}

}  // namespace
}  // namespace winnow::method
