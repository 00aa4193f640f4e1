#include "loop.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <ATen/record_function.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <set>

#include "batch_numbers.h"
#include "curves.h"
#include "saved_entries.h"
#include "winnow/core/error.h"
#include "winnow/method/chunks.h"
#include "winnow/train/scopes.h"

namespace winnow::train {

namespace {

enum Wish : std::uint8_t { kReport = 1, kSave = 2, kStop = 4 };

class Loop {
 public:
  Loop(method::Method& method, std::string method_name, Engine& engine, Source& source, const Surroundings& around,
       Curves& curves)
      : method_(method), method_name_(std::move(method_name)), engine_(engine), source_(source), around_(around),
        curves_(curves), epochs_(source.epochs()), steps_(source.steps_per_epoch()),
        loss_(at::zeros({}, engine.facts().real.dtype(at::kDouble))) {}

  void run(const Evaluate& evaluate) {
    engine_.set_up(method_);
    Place place = resume();
    for (std::int64_t epoch = place.epoch; epoch < epochs_; ++epoch) {
      run_epoch(epoch, epoch == place.epoch ? place.step : 0, evaluate);
    }
  }
  void try_out(const Evaluate&, Trial&);

 private:
  void one_step(std::int64_t number, BatchNumbers&);
  void try_epoch(std::int64_t epoch, Trial&);
  double step_of_trial(std::int64_t epoch, std::int64_t number, BatchNumbers&, Trial&);
  double timed(Trial&, const std::function<void()>& action);
  void run_epoch(std::int64_t epoch, std::int64_t first_step, const Evaluate& evaluate);
  Place resume();
  void require_fit(const Place&, const std::map<std::string, at::Tensor>&) const;
  void after_step(std::int64_t epoch, std::int64_t done);
  void save(std::int64_t epoch, std::int64_t done);
  void require_finite();
  Wish wish(std::int64_t step);

  method::Method& method_;
  std::string method_name_;
  Engine& engine_;
  Source& source_;
  const Surroundings& around_;
  Curves& curves_;
  std::int64_t epochs_, steps_;
  at::Tensor loss_;  // on the device: sum over the epoch's steps
  double rate_ = 0;  // of the epoch's first step
};

void Loop::one_step(std::int64_t number, BatchNumbers& numbers) {
  engine_.begin_step(number);
  BatchNumbers::OfStep batch = numbers.of(static_cast<std::size_t>(number));
  method::Step step(engine_, batch.ids, batch.given);
  method_.step(step);
  engine_.end_step();
  loss_.add_(engine_.last_loss().to(at::kDouble));
}

void Loop::run_epoch(std::int64_t epoch, std::int64_t first_step, const Evaluate& evaluate) {
  engine_.begin_epoch(epoch);
  method::Pass pass(engine_);
  if (first_step == 0) {
    loss_.zero_();
    rate_ = engine_.rate();
    at::NoGradGuard no_gradient;
    RECORD_USER_SCOPE(scope::pass);
    method_.before_epoch(pass);
  }
  engine_.begin_steps(/*resumed=*/first_step != 0);
  std::vector<Batch> batches = source_.batches(epoch);
  BatchNumbers numbers(batches, engine_.facts().real.device());
  for (auto number = first_step; number < static_cast<std::int64_t>(batches.size()); ++number) {
    RECORD_USER_SCOPE(scope::step);
    one_step(number, numbers);
    after_step(epoch, number + 1);
  }
  require_finite();
  EpochEnd end{epoch, 0, rate_};
  {
    at::NoGradGuard no_gradient;
    {
      RECORD_USER_SCOPE(scope::pass);
      method_.after_epoch(pass);
    }
    engine_.end_epoch();
    end.loss = loss_.item<double>() / static_cast<double>(std::max<std::size_t>(batches.size(), 1));
    curves_.add(end, evaluate());
  }
}

// Methods begin with the first epoch and have warmed up by the last one, if ever.
void Loop::try_out(const Evaluate& evaluate, Trial& trial) {
  engine_.set_up(method_);
  engine_.sample_passes();
  trial.steps_per_epoch = steps_;
  trial.epochs = epochs_;
  for (std::int64_t epoch : std::set<std::int64_t>{0, epochs_ - 1}) try_epoch(epoch, trial);
  if (epochs_ == 1) trial.later_step = trial.first_step, trial.later_passes = trial.first_passes;
  EpochEnd end{epochs_ - 1, engine_.last_loss().item<double>(), rate_};
  trial.evaluation = timed(trial, [&] {
    at::NoGradGuard no_gradient;
    curves_.add(end, evaluate());
  });
}

// What takes a moment only is done a few times: a first step is slower than those that follow. Then the epoch's last
// batch, which may be a short one.
void Loop::try_epoch(std::int64_t epoch, Trial& trial) {
  constexpr double kMoment = 0.3;
  constexpr std::int64_t kSteps = 3;
  engine_.skip_to(epoch, 0);
  rate_ = engine_.rate();
  method::Pass pass(engine_);
  double fastest = 0, passes = timed(trial, [&] {
                        at::NoGradGuard no_gradient;
                        method_.before_epoch(pass);
                        engine_.begin_steps(/*resumed=*/false);
                      });
  std::vector<Batch> batches = source_.batches(epoch);
  BatchNumbers there(batches, engine_.facts().real.device());
  auto count = static_cast<std::int64_t>(batches.size());
  std::set<std::int64_t> numbers{count - 1};
  for (std::int64_t number = 0; number < std::min(kSteps, count); ++number) {
    if (number > 0 && fastest > kMoment) break;
    numbers.insert(number);
    double seconds = step_of_trial(epoch, number, there, trial);
    fastest = number == 0 ? seconds : std::min(fastest, seconds);
    numbers.erase(number);
  }
  for (std::int64_t number : numbers) step_of_trial(epoch, number, there, trial);
  passes += timed(trial, [&] {
    at::NoGradGuard no_gradient;
    method_.after_epoch(pass);
    engine_.end_epoch();
  });
  (epoch == 0 ? trial.first_step : trial.later_step) = fastest;
  (epoch == 0 ? trial.first_passes : trial.later_passes) = passes;
}

double Loop::step_of_trial(std::int64_t epoch, std::int64_t number, BatchNumbers& numbers, Trial& trial) {
  RECORD_USER_SCOPE(scope::step);
  engine_.skip_to(epoch, number);
  double seconds = timed(trial, [&] {
    one_step(number, numbers);
    require_finite();  // reads the device: whatever is still to be computed is waited for
  });
  after_step(epoch, number + 1);
  return seconds;
}

// Seconds of an action, its passes extrapolated to whole ones.
double Loop::timed(Trial& trial, const std::function<void()>& action) {
  engine_.begin_pass();
  engine_.take_sampled_rows();
  auto start = std::chrono::steady_clock::now();
  action();
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  trial.spent += seconds;
  return engine_.take_sampled_rows().whole(seconds);
}

// Process 0 watches the clock and the observer; all do the same.
Wish Loop::wish(std::int64_t step) {
  std::uint8_t wishes = 0;
  if (around_.collective.rank() == 0) {
    if (around_.observer.report_wanted(step, epochs_ * steps_)) wishes |= kReport;
    if (around_.checkpoint.due()) wishes |= kSave;
    if (around_.observer.stop_wanted()) wishes |= kStop;
  }
  if (around_.collective.size() > 1) around_.collective.broadcast(std::as_writable_bytes(std::span(&wishes, 1)));
  return static_cast<Wish>(wishes);
}

void Loop::after_step(std::int64_t epoch, std::int64_t done) {
  std::int64_t step = epoch * steps_ + done;
  Wish wishes = wish(step);
  if (wishes & kReport) {
    require_finite();
    around_.observer.progress({epoch, epochs_, step, epochs_ * steps_, engine_.last_loss().item<double>()});
  }
  if ((wishes & (kSave | kStop)) && around_.checkpoint.kept()) save(epoch, done);
  if (wishes & kStop) throw Stopped();
}

void Loop::save(std::int64_t epoch, std::int64_t done) {
  require_finite();  // no checkpoint keeps a state that is beyond repair
  std::map<std::string, at::Tensor> tensors = engine_.save();
  curves_.save(tensors);
  tensors["epoch.loss"] = loss_;
  tensors["epoch.rate"] = at::tensor({rate_}, at::TensorOptions(at::kDouble));
  around_.checkpoint.write({epoch, done}, epoch * steps_ + done, tensors);
}

// All of it is looked at before any of it is used.
void Loop::require_fit(const Place& place, const std::map<std::string, at::Tensor>& tensors) const {
  if (place.epoch < 0 || place.epoch >= epochs_ || place.step < 0 || place.step > steps_)
    throw DataError("its position (epoch, step) is outside this stage");
  SavedEntries entries(tensors);
  entries.need("epoch.loss", {}, at::kDouble);
  entries.need("epoch.rate", {1}, at::kDouble);
  engine_.require_fit(entries, place.epoch, place.epoch * steps_ + place.step);
  curves_.require_fit(entries, place.epoch);
  entries.expect_all_taken();
}

Place Loop::resume() {
  std::optional<Checkpoint::Saved> saved = around_.checkpoint.read();
  if (!saved) return {};
  const Place& place = saved->place;
  try {
    require_fit(place, saved->tensors);
  } catch (const DataError& error) {
    around_.checkpoint.refuse(error.what());
    return {};
  }
  engine_.load(saved->tensors);
  curves_.load(saved->tensors);
  loss_.copy_(saved->tensors.at("epoch.loss"));
  rate_ = saved->tensors.at("epoch.rate").item<double>();
  if (around_.collective.rank() == 0) around_.observer.resumed(place.epoch, place.epoch * steps_ + place.step);
  return place;
}

// The batch is drawn again: its samples are a function of epoch and step.
void Loop::require_finite() {
  std::optional<std::int64_t> bad = engine_.bad_iteration();
  if (!bad) return;
  std::int64_t epoch = *bad / steps_, step = *bad % steps_;
  at::Tensor samples = source_.samples_of(source_.batches(epoch).at(static_cast<std::size_t>(step)).ids);
  constexpr std::int64_t kShown = 8;
  std::string named;
  for (std::int64_t i = 0; i < std::min(kShown, samples.size(0)); ++i)
    named += fmt::format("{}{}", i ? ", " : "", samples[i].item<std::int64_t>());
  if (samples.size(0) > kShown) named += fmt::format(", ... ({} in all)", samples.size(0));
  throw UsageError(
      fmt::format("method {}: the loss is not finite at epoch {}, step {}, on samples {}: try a smaller train.lr",
                  method_name_, epoch, step, named));
}

}  // namespace

void train_loop(method::Method& method, const std::string& method_name, Engine& engine, Source& source,
                const Surroundings& around, Curves& curves, const Evaluate& evaluate) {
  Loop loop(method, method_name, engine, source, around, curves);
  around.trial ? loop.try_out(evaluate, *around.trial) : loop.run(evaluate);
}

method::Outputs predict_all(method::Method& method, Engine& engine, const std::string& split) {
  at::NoGradGuard no_gradient;
  std::map<std::string, std::vector<at::Tensor>> pieces;
  std::vector<std::string> names;
  engine.begin_pass();
  method::for_each_chunk(engine.size_of(split), engine.facts().real.device(), [&](const method::Ids& ids) {
    method::Forward forward(engine, ids, split);
    method::Outputs outputs = method.predict(forward);
    for (auto& [name, tensor] : outputs.all()) {
      if (!pieces.count(name)) names.push_back(name);
      pieces[name].push_back(tensor);
    }
  });
  method::Outputs result;
  for (const std::string& name : names) result.all().emplace_back(name, device::to_host(at::cat(pieces[name])));
  engine.settle_features();
  return result;
}

}  // namespace winnow::train
