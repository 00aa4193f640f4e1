// A stage whose method is a program of its user's (docs/programs.md): what it learns from is handed over, what it
// predicts and selects is measured here.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "arrays.h"
#include "curves.h"
#include "executors.h"
#include "given_labels.h"
#include "handover.h"
#include "living_program.h"
#include "open_images.h"
#include "prediction_metrics.h"
#include "program_answers.h"
#include "sample_scores.h"
#include "winnow/core/error.h"
#include "winnow/core/job_limit.h"
#include "winnow/core/printable.h"
#include "winnow/device/device.h"
#include "winnow/stage/data_sets.h"
#include "winnow/stage/program_protocol.h"
#include "winnow/store/metric.h"

namespace winnow::train {

namespace {

using protocol::ProgramEvent;
using Figures = std::map<std::string, double>;

constexpr std::chrono::milliseconds kBetween{200};
constexpr std::chrono::seconds kToStop{18};  // of the 20 that the agent allows (src/fleet/README.md)

std::string text_of(const Value& event, const char* key, const std::string& otherwise = "") {
  auto found = event.find(key);
  return found != event.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

std::int64_t integer_of(const Value& event, const char* key, std::int64_t otherwise) {
  auto found = event.find(key);
  return found != event.end() && found->is_number_integer() ? found->get<std::int64_t>() : otherwise;
}

// Where a stage's folders lie: in that of its checkpoint, which every attempt finds again; without one in a temporary
// folder. An attempt on another kind of device or with other threads starts over, as winnow's own methods do
// (checkpoint.h): the result is a function of both.
class Folders {
 public:
  Folders(const Context& context, Observer& observer) {
    if (!context.checkpoint.empty()) {
      root_ = context.checkpoint / "program";
    } else {
      std::string pattern = (std::filesystem::temp_directory_path() / "winnow-program-XXXXXX").string();
      if (!::mkdtemp(pattern.data())) throw DeviceError(fmt::format("cannot make a folder {}", pattern));
      root_ = temporary_ = pattern;
    }
    root_ = std::filesystem::absolute(root_);
    std::string now = Value({{"device", device::kind_of(context.device)}, {"threads", context.threads}}).dump();
    std::error_code stays;
    if (std::filesystem::exists(root_ / "made_on.json") && read_file(root_ / "made_on.json") != now) {
      observer.note(fmt::format("{}: it is of {}, and this is {}; the stage starts over", root_.string(),
                                printable(read_file(root_ / "made_on.json").substr(0, 200)), now));
      std::filesystem::remove_all(root_);
    }
    std::filesystem::remove_all(handover(), stays);
    for (const Path& folder : {handover(), output(), checkpoint_of_program()}) make_folders(folder);
    write_file_atomically(root_ / "made_on.json", now);
  }
  ~Folders() {
    std::error_code stays;
    if (!temporary_.empty()) std::filesystem::remove_all(temporary_, stays);
  }
  Folders(const Folders&) = delete;

  Path handover() const { return root_ / "handover"; }
  Path output() const { return root_ / "output"; }
  Path checkpoint_of_program() const { return root_ / "checkpoint"; }
  Path epochs() const { return root_ / "epochs.json"; }

 private:
  Path root_, temporary_;
};

// The epochs that the program has reported, with what was measured of each. They are kept beside its checkpoint: a
// program that resumes goes on with the next one.
class Epochs {
 public:
  explicit Epochs(Path file) : file_(std::move(file)) {
    if (!std::filesystem::exists(file_)) return;
    Value said = Value::parse(read_file(file_), nullptr, false);
    if (!said.is_object()) return;  // the program starts over, or is told that an epoch is missing
    predictions_ = text_of(said, "predictions");
    for (const Value& row : said["rows"]) {
      Figures figures;
      for (const auto& [name, value] : row.items())
        figures[name] = value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
      rows_.push_back(std::move(figures));
    }
  }

  // `predictions`: the file of what was predicted then, or nothing.
  void add(std::int64_t epoch, Figures figures, const std::string& predictions) {
    auto next = static_cast<std::int64_t>(rows_.size());
    if (epoch < 0 || epoch > next || (epoch < next && heard_))
      throw UsageError(fmt::format("the program reports epoch {}, expected {}", epoch, next));
    rows_.resize(static_cast<std::size_t>(epoch));  // it resumes there, or starts over
    heard_ = true;
    for (const auto& [name, value] : rows_.empty() ? figures : rows_.front())
      if (!figures.count(name))
        throw UsageError(fmt::format("the program's epoch {} lacks the figure '{}'", epoch, name));
    if (!rows_.empty() && figures.size() != rows_.front().size())
      throw UsageError(fmt::format("the program's epoch {} has other figures than epoch 0", epoch));
    rows_.push_back(std::move(figures));
    predictions_ = predictions;
    write_file_atomically(file_, Value({{"rows", rows_}, {"predictions", predictions_}}).dump());
  }

  const std::vector<Figures>& rows() const { return rows_; }
  const std::string& predictions() const { return predictions_; }  // of the last one

 private:
  Path file_;
  std::string predictions_;
  std::vector<Figures> rows_;
  bool heard_ = false;
};

// A program's own figures. What winnow measures it cannot say.
Figures own_figures(const Value& event) {
  Figures result;
  auto found = event.find("metrics");
  if (found == event.end()) return result;
  if (!found->is_object()) throw UsageError("the program's 'metrics' are no JSON object");
  for (const auto& [name, value] : found->items()) {
    constexpr std::size_t kLongest = 100;
    if (name.empty() || name.size() > kLongest || printable(name) != name)
      throw UsageError(fmt::format("the program's figure '{}' must have a name of 1 to {} printable letters",
                                   printable(name.substr(0, 60)), kLongest));
    if (name != "loss" && store::declared_metric(name))
      throw UsageError(fmt::format(
          "the program reports '{}', which winnow measures itself, alike for all methods: give the figure another name",
          name));
    if (!value.is_number() && !value.is_null())
      throw UsageError(
          fmt::format("the program's figure '{}' is no number: {}", name, printable(value.dump().substr(0, 60))));
    result[name] = value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>();
  }
  return result;
}

class ProgramStage {
 public:
  ProgramStage(const Stage& stage, const Context& context, Observer& observer, ImageSource& source,
               const Oracle& oracle)
      : stage_(stage), context_(context), observer_(observer), source_(source), oracle_(oracle),
        folders_(context, observer), handover_(hand_over(stage, context, source, folders_.handover())),
        answers_(folders_.output(), handover_, source.classes()), measured_(source, oracle, stage.settings),
        epochs_(folders_.epochs()) {}

  void run(LivingProgram& program, store::RunContent& content) {
    std::optional<double> left = seconds_until_job_ends();
    program.send({{"do", "run"},
                  {"identity", stage_.identity().hex()},
                  {"attempt", context_.attempt},
                  {"handover", folders_.handover().string()},
                  {"output", folders_.output().string()},
                  {"checkpoint", folders_.checkpoint_of_program().string()},
                  {"device", context_.device.is_cpu() ? "cpu" : context_.device.str()},
                  {"threads", context_.threads},
                  {"out_of_memory", context_.out_of_memory},
                  {"epochs", epochs_.rows().size()},
                  {"time_left", left ? Value(*left) : Value()},
                  {"trial", context_.trial}});
    while (true) {
      if (std::optional<Value> event = program.next(kBetween)) {
        if (hear(*event)) return finish(*event, content);
      } else if (observer_.stop_wanted()) {
        stop(program);
      }
    }
  }

 private:
  // True: the stage is done.
  bool hear(const Value& event) {
    ProgramEvent kind = protocol::program_events().parse(text_of(event, "event"));
    if (std::string of = text_of(event, "identity"); of != stage_.identity().hex())
      throw UsageError(fmt::format("the program speaks of stage '{}' while it runs {}", printable(of.substr(0, 40)),
                                   stage_.identity().hex()));
    switch (kind) {
      case ProgramEvent::progress: report(event); return false;
      case ProgramEvent::epoch: measure(event); return false;
      case ProgramEvent::resumed:
        observer_.resumed(integer_of(event, "epoch", 0), integer_of(event, "step", 0));
        return false;
      case ProgramEvent::checkpoint: observer_.checkpointed(integer_of(event, "step", 0), 0, 0); return false;
      case ProgramEvent::note: observer_.note(printable(text_of(event, "text").substr(0, 1000))); return false;
      case ProgramEvent::failed: fail(event);
      case ProgramEvent::stopped: throw UsageError("the program stopped although nobody asked it to");
      case ProgramEvent::ready: throw UsageError("the program says twice that it is ready");
      case ProgramEvent::done: return true;
    }
    return false;
  }

  [[noreturn]] void fail(const Value& event) {
    std::string what = text_of(event, "class", "user"),
                why = printable(text_of(event, "message", "it does not say why"));
    if (what == "memory") throw DeviceError("out of memory: the program says: " + why);
    if (what == "transient") throw DeviceError("the program: " + why);
    throw UsageError("the program: " + why);
  }

  void report(const Value& event) {
    last_ = {integer_of(event, "epoch", 0), integer_of(event, "epochs", 0), integer_of(event, "step", 0),
             integer_of(event, "steps", 0), std::numeric_limits<double>::quiet_NaN()};
    if (auto metrics = event.find("metrics"); metrics != event.end() && metrics->is_object())
      if (auto loss = metrics->find("loss"); loss != metrics->end() && loss->is_number())
        last_.loss = loss->get<double>();
    if (observer_.report_wanted(last_.step, last_.steps)) observer_.progress(last_);
  }

  Figures measured(const std::string& file) {
    predictions_ = answers_.predictions(file);
    Figures figures = measured_.of_test(predictions_.at("test"));
    for (const std::string& name : source_.further_tests())
      figures[std::string(kAccuracyOn) + name] =
          measured_.of_further_test(name, predictions_.at(std::string(kFurtherTest) + name));
    if (predictions_.count("validation")) measured_.add_validation(predictions_.at("validation"), figures);
    return figures;
  }

  void measure(const Value& event) {
    std::int64_t epoch = integer_of(event, "epoch", -1);
    Figures figures;
    std::string file = text_of(event, "predictions");
    if (!file.empty()) figures = measured(file);
    figures.merge(own_figures(event));
    epochs_.add(epoch, std::move(figures), file);
    last_.epoch = epoch;
    last_.epochs = integer_of(event, "epochs", last_.epochs);
    if (last_.steps == 0 || stepless_) stepless_ = true, last_.step = epoch + 1, last_.steps = last_.epochs;
    observer_.progress(last_);
  }

  // Answers to the order `stop`, or is ended.
  void stop(LivingProgram& program) {
    program.send({{"do", "stop"}});
    auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < kToStop)
      if (std::optional<Value> event = program.next(kBetween)) {
        if (text_of(*event, "event") == "stopped") throw Stopped();
        if (hear(*event)) break;  // it had just ended; the stage is executed again
      }
    program.end();
    throw Stopped();
  }

  void finish(const Value& done, store::RunContent& content) {
    Figures last = epochs_.rows().empty() ? Figures() : epochs_.rows().back();
    if (std::string file = text_of(done, "predictions", epochs_.predictions()); !file.empty())
      for (const auto& [name, value] : measured(file)) last[name] = value;
    for (const auto& [name, value] : own_figures(done)) last[name] = value;
    bool predicted = last.count("accuracy") != 0;
    if (!predicted && stage_.kind == StageKind::train)
      throw UsageError("the program is done and has predicted nothing: neither an epoch nor 'done' names predictions");
    if (stage_.outputs.count(Output::selection)) put_selected(done, last, content);
    put_metrics(last, content);
    if (predicted && !predictions_.empty()) measured_.put_classes(content);
    put_labels(source_, oracle_, stage_, content);
    if (stage_.outputs.count(Output::scores)) put_scores_of(done, content);
    if (stage_.outputs.count(Output::weights)) put_weights_of(done, content);
    if (stage_.outputs.count(Output::predictions) && !predictions_.empty()) {
      for (const auto& [name, rows] : predictions_.at("test").all())
        content.arrays["predictions/" + name] = array_of(rows);
      content.arrays["predictions/samples"] = array_of(source_.samples("test"));
    }
  }

  void put_selected(const Value& done, Figures& last, store::RunContent& content) {
    std::string file = text_of(done, "selection");
    if (file.empty()) throw UsageError("the program is done and has selected nothing: 'done' must name its selection");
    SelectedSubset subset = answers_.selection(file, source_.labels().given);
    add_selection_metrics(subset.mask, subset.label, source_.classes(), oracle_, last);
    if (std::string words = without_sample(subset, source_.class_names()); !words.empty()) observer_.note(words);
    if (context_.trial) subset.mask.fill_(1);  // so that later stages are tried on as much as they can get
    put_selection(subset, {}, source_, content);
  }

  void put_scores_of(const Value& done, store::RunContent& content) {
    std::string file = text_of(done, "scores");
    if (file.empty()) throw UsageError("the program is done and gives no scores: 'done' must name them");
    put_scores(source_.samples("train"), answers_.scores(file), content);
  }

  void put_weights_of(const Value& done, store::RunContent& content) {
    std::string file = text_of(done, "weights");
    if (file.empty()) throw UsageError("the program is done and gives no weights: 'done' must name them");
    for (const auto& [name, values] : answers_.weights(file)) content.arrays["weights/" + name] = array_of(values);
  }

  // Without epochs there is one row of figures and no curve.
  void put_metrics(const Figures& last, store::RunContent& content) const {
    Curves curves;
    const std::vector<Figures>& rows = epochs_.rows();
    for (std::size_t e = 0; e < rows.size(); ++e) curves.add({static_cast<std::int64_t>(e), 0, 0}, rows[e]);
    if (!rows.empty()) curves.put(content, {});
    store::Table& table = content.tables["metrics/final"];
    for (const auto& [name, value] : last) {
      auto known =
          std::find_if(table.begin(), table.end(), [&](const store::Column& column) { return column.name == name; });
      if (known == table.end()) table.push_back({name, std::vector<double>{value}});
      else known->values = std::vector<double>{value};
    }
  }

  const Stage& stage_;
  const Context& context_;
  Observer& observer_;
  ImageSource& source_;
  const Oracle& oracle_;
  Folders folders_;
  Handover handover_;
  ProgramAnswers answers_;
  PredictionMetrics measured_;
  Epochs epochs_;
  std::map<std::string, model::Outputs> predictions_;  // the last ones, by split
  Report last_{0, 0, 0, 0, std::numeric_limits<double>::quiet_NaN()};
  bool stepless_ = false;  // it reports epochs alone
};

// The one that lives on from the stage before, or a new one.
LivingProgram& program_of(const Stage& stage, const Context& context, Observer& observer,
                          std::unique_ptr<LivingProgram>& last) {
  const std::string& print = stage.fingerprints.at("program");
  bool on_gpu = !context.device.is_cpu();  // of two presets of one program one may want none
  if (last && (!last->lives() || last->fingerprint() != print || last->threads() != context.threads ||
               last->sees_gpu() != on_gpu))
    last.reset();
  if (!last)
    last = std::make_unique<LivingProgram>(*context.program, print, context.threads, on_gpu, [&] {
      if (observer.stop_wanted()) throw Stopped();
    });
  return *last;
}

}  // namespace

Execution execute_program(const Stage& stage, const Context& context, comm::Collective& collective,
                          Observer& observer) {
  const Settings& settings = stage.settings;
  if (!context.program)
    throw UsageError(
        fmt::format("method {} is a program: the command must say how it is started (\"program\" beside the stage)",
                    settings.text("method")));
  if (collective.size() > 1)
    throw UsageError(
        fmt::format("method {} is a program, which one process executes: width must be 1", settings.text("method")));
  auto [opened, oracle] = open_images(stage, context,
                                      {.labels = settings.has("labels.kind") || stage.inputs.count("labels") != 0,
                                       .earlier = EarlierLabels::of(stage, context)});
  ImageSource& source = *opened;
  Execution result;
  result.skipped_images = source.skipped();
  if (context.trial) result.trial.emplace();
  std::unique_ptr<LivingProgram> own;
  std::unique_ptr<LivingProgram>& last = context.programs ? context.programs->last() : own;
  LivingProgram& program = program_of(stage, context, observer, last);
  try {
    ProgramStage(stage, context, observer, source, oracle).run(program, result.content);
  } catch (const Stopped&) {
    throw;  // it waits for its next stage
  } catch (...) {
    if (program.lives()) program.end();  // nobody knows what it does meanwhile
    last.reset();
    throw;
  }
  return result;
}

}  // namespace winnow::train
