#include "trial_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "shown.h"
#include "spoken_duration.h"
#include "winnow/core/counted.h"

namespace winnow::cmd {

namespace {

std::string megabytes(std::int64_t bytes) {
  double mega = static_cast<double>(bytes) / (1 << 20);
  return mega < 10000 ? fmt::format("{:.0f} MB", mega) : fmt::format("{:.1f} GB", mega / 1024);
}

const char* word(ClassTrial::State state) {
  return state == ClassTrial::State::good ? "ok" : state == ClassTrial::State::failed ? "failed" : "blocked";
}

}  // namespace

TrialReport::TrialReport(const sweep::Plan& plan, const StageClasses& classes, std::vector<ClassTrial> trials,
                         std::size_t done, std::uint32_t trainers)
    : plan_(plan), classes_(classes), trials_(std::move(trials)), done_(done), trainers_(trainers) {
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    double all = 0;
    if (trials_[i].state == ClassTrial::State::good)
      for (std::uint32_t node : classes.all()[i].members) all += trials_[i].times.stage(epochs_of(node));
    seconds_.push_back(all);
  }
}

bool TrialReport::all_good() const {
  return std::all_of(trials_.begin(), trials_.end(),
                     [](const ClassTrial& trial) { return trial.state == ClassTrial::State::good; });
}

std::int64_t TrialReport::epochs_of(std::uint32_t node) const {
  const StageTimes& times = trials_[classes_.of(node)].times;
  if (times.epochs == 0) return 0;
  Settings settings = plan_.stage(node).settings;
  return settings.has("train.epochs") ? settings.integer("train.epochs") : times.epochs;
}

std::vector<std::size_t> TrialReport::taken_down_by(std::uint32_t failed) const {
  std::vector<bool> down(plan_.nodes().size());
  for (std::size_t i = 0; i < down.size(); ++i) {
    const auto& inputs = plan_.nodes()[i].inputs;
    std::uint32_t own = classes_.of(static_cast<std::uint32_t>(i));
    bool needs = std::any_of(inputs.begin(), inputs.end(), [&](std::uint32_t input) { return down[input]; });
    down[i] = own == failed || (own != StageClasses::kNone && needs);
  }
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < plan_.experiments(); ++i)
    if (down[plan_.cell_node(i)]) result.push_back(i);
  return result;
}

std::string TrialReport::name_of(std::size_t experiment) const {
  Settings settings = plan_.settings(experiment);
  std::string text;
  for (const std::string& axis : plan_.axes()) {
    if (!settings.has(axis)) continue;
    const Value& value = settings.all().at(axis);
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", value.is_string() ? "" : axis + " ", shown(value));
  }
  return text.empty() ? "the only experiment" : text;
}

std::vector<Job> TrialReport::jobs() const {
  std::vector<Job> result;
  std::vector<std::uint32_t> index(plan_.nodes().size(), StageClasses::kNone);
  for (std::uint32_t i = 0; i < index.size(); ++i) {
    std::uint32_t own = classes_.of(i);
    if (own == StageClasses::kNone || trials_[own].state != ClassTrial::State::good) continue;
    Job job{trials_[own].times.stage(epochs_of(i)), plan_.nodes()[i].width, {}};
    for (std::uint32_t input : plan_.nodes()[i].inputs)
      if (index[input] != StageClasses::kNone) job.inputs.push_back(index[input]);
    index[i] = static_cast<std::uint32_t>(result.size());
    result.push_back(std::move(job));
  }
  return result;
}

std::string TrialReport::text() const {
  std::size_t wide = 5;
  for (const StageClass& own : classes_.all()) wide = std::max(wide, own.name.size());
  wide = std::min<std::size_t>(wide, 90);
  bool on_gpus = std::ranges::any_of(trials_, [](const ClassTrial& trial) { return trial.device_memory > 0; });
  auto of_gpu = [&](const std::string& words) { return on_gpus ? fmt::format("  {:>10}", words) : ""; };
  std::string text = fmt::format("{:<{}}  {:>6}  {:>8}  {:>10}  {:>9}{}  {:>11}  {:>11}\n", "class", wide, "stages",
                                 "a step", "evaluation", "memory", of_gpu("GPU memory"), "a stage", "all of them");
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    const StageClass& own = classes_.all()[i];
    const ClassTrial& trial = trials_[i];
    text += fmt::format("{:<{}}  {:>6}  ", own.name, wide, own.members.size());
    if (trial.state != ClassTrial::State::good) {
      text +=
          fmt::format("{}\n", trial.state == ClassTrial::State::failed ? "FAILED" : "not tried: it needs what failed");
      continue;
    }
    auto of_training = [&](double seconds) { return trial.times.epochs > 0 ? spoken_duration(seconds) : "-"; };
    text += fmt::format("{:>8}  {:>10}  {:>9}{}  {:>11}  {:>11}\n", of_training(trial.times.step),
                        of_training(trial.times.evaluation), megabytes(trial.memory),
                        of_gpu(trial.device_memory > 0 ? megabytes(trial.device_memory) : "-"),
                        spoken_duration(trial.times.stage(epochs_of(own.tried))), spoken_duration(seconds_[i]));
  }
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    const ClassTrial& trial = trials_[i];
    if (trial.state != ClassTrial::State::failed) continue;
    std::vector<std::size_t> down = taken_down_by(static_cast<std::uint32_t>(i));
    text += fmt::format("\nFAILED {} ({}): {}\n", classes_.all()[i].name, trial.failure_class, trial.failure);
    text += fmt::format("  it would take down {} of {}:\n", down.size(), counted(plan_.experiments(), "experiment"));
    constexpr std::size_t kShown = 20;
    for (std::size_t k = 0; k < std::min(kShown, down.size()); ++k) text += fmt::format("    {}\n", name_of(down[k]));
    if (down.size() > kShown) text += fmt::format("    ... and {} more; --json names all\n", down.size() - kShown);
  }
  std::vector<Job> work = jobs();
  if (!work.empty()) {
    text +=
        fmt::format("\nabout {} with {}", spoken_duration(makespan(work, trainers_)), counted(trainers_, "trainer"));
    if (trainers_ == 1) text += fmt::format(", {} with 2", spoken_duration(makespan(work, 2)));
    text += all_good() ? "" : ", without what failed";
    text += "; a method that works more after a warm-up is taken to do so from its second epoch on\n";
  }
  return text;
}

Value TrialReport::json() const {
  Value classes = Value::array();
  for (std::size_t i = 0; i < trials_.size(); ++i) {
    const StageClass& own = classes_.all()[i];
    const ClassTrial& trial = trials_[i];
    Value entry = {{"class", own.name},
                   {"outcome", word(trial.state)},
                   {"stages", own.members.size()},
                   {"stage", plan_.nodes()[own.tried].identity.hex()}};
    if (trial.state == ClassTrial::State::good) {
      entry.update({{"step_seconds", trial.times.step},
                    {"evaluation_seconds", trial.times.evaluation},
                    {"memory_bytes", trial.memory},
                    {"stage_seconds", trial.times.stage(epochs_of(own.tried))},
                    {"all_seconds", seconds_[i]}});
      if (trial.device_memory > 0) entry["device_memory_bytes"] = trial.device_memory;
    } else {
      entry["reason"] = trial.failure;
    }
    if (trial.state == ClassTrial::State::failed) {
      entry["failure_class"] = trial.failure_class;
      entry["log"] = trial.log;
      entry["takes_down"] = Value::array();
      for (std::size_t experiment : taken_down_by(static_cast<std::uint32_t>(i)))
        entry["takes_down"].push_back({{"experiment", experiment}, {"name", name_of(experiment)}});
    }
    classes.push_back(std::move(entry));
  }
  std::vector<Job> work = jobs();
  return {{"sweep", plan_.name()},
          {"experiments", plan_.experiments()},
          {"stages", plan_.nodes().size()},
          {"done", done_},
          {"classes", classes},
          {"trainers", trainers_},
          {"ok", all_good()},
          {"seconds", makespan(work, trainers_)},
          {"seconds_of_one_trainer", makespan(work, 1)}};
}

}  // namespace winnow::cmd
