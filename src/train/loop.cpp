#include "loop.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "winnow/core/error.h"

namespace winnow::train {

namespace {

void require_finite(const Engine& engine, const std::string& method_name) {
  if (engine.losses_finite()) return;
  throw UsageError(fmt::format("method {}: the loss is not finite at epoch {}, iteration {}: try a smaller train.lr", method_name,
                               engine.epoch(), engine.iteration()));
}

double last_loss(const Engine& engine) {
  auto found = engine.logged().find("loss");
  return found == engine.logged().end() ? 0 : found->second.back().item<double>();
}

}  // namespace

void train_loop(method::Method& method, const std::string& method_name, Engine& engine, Source& source, Observer& observer,
                const std::function<void(const EpochEnd&)>& after_epoch) {
  method::Setup setup(engine);
  method.setup(setup);
  std::int64_t epochs = source.epochs(), steps = source.steps_per_epoch();
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
    engine.begin_epoch(epoch);
    EpochEnd end{epoch, 0, engine.rate()};
    method::Pass pass(engine);
    {
      at::NoGradGuard no_gradient;
      method.before_epoch(pass);
    }
    std::int64_t number = 0;
    for (Batch& batch : source.batches(epoch)) {
      engine.begin_step(number);
      method::Step step(engine, batch.ids, batch.given);
      method.step(step);
      engine.end_step();
      double loss = last_loss(engine);
      end.loss += loss;
      observer.progress({epoch, epochs, epoch * steps + ++number, epochs * steps, loss});
      if (observer.stop_wanted()) throw Stopped();
    }
    require_finite(engine, method_name);
    at::NoGradGuard no_gradient;
    method.after_epoch(pass);
    engine.end_epoch();
    end.loss /= static_cast<double>(std::max<std::int64_t>(number, 1));
    after_epoch(end);
  }
}

method::Outputs predict_all(method::Method& method, Engine& engine, const std::string& split, std::int64_t rows) {
  at::NoGradGuard no_gradient;
  std::map<std::string, std::vector<at::Tensor>> pieces;
  std::vector<std::string> names;
  std::int64_t samples = engine.size_of(split);
  for (std::int64_t first = 0; first < samples; first += rows) {
    at::Tensor ids = at::arange(first, std::min(first + rows, samples), engine.facts().real.dtype(at::kLong));
    method::Forward forward(engine, ids, split);
    method::Outputs outputs = method.predict(forward);
    for (auto& [name, tensor] : outputs.all()) {
      if (!pieces.count(name)) names.push_back(name);
      pieces[name].push_back(tensor);
    }
  }
  method::Outputs result;
  for (const std::string& name : names) result.all().emplace_back(name, at::cat(pieces[name]));
  return result;
}

double accuracy(const method::Outputs& predictions, const at::Tensor& truth) {
  const at::Tensor& scores = predictions.has("prediction") ? predictions.at("prediction") : predictions.at("logits");
  return (scores.argmax(1) == truth).to(at::kDouble).mean().item<double>();
}

}  // namespace winnow::train
