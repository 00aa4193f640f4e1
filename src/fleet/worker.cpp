#include "worker.h"

#include <fmt/format.h>
#include <unistd.h>

#include <iterator>

#include "clock.h"
#include "foreign_result.h"
#include "winnow/core/error.h"
#include "winnow/core/host.h"
#include "winnow/data/dataset.h"
#include "winnow/data/weights.h"
#include "winnow/stage/data_sets.h"
#include "winnow/stage/trainer_protocol.h"

namespace winnow::fleet {

Worker::Worker(const Options& options)
    : options_(options), store_(options.store, options.references), wake_(make_pipe()) {
  make_nonblocking(wake_.first.get());
  make_nonblocking(wake_.second.get());
  thread_ = std::thread([this] { work(); });
}

Worker::~Worker() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
    to_prepare_.clear();
    waiting_.clear();
  }
  changed_.notify_one();
  thread_.join();
}

void Worker::prepare(Task task) {
  std::lock_guard lock(mutex_);
  to_prepare_.push_back(std::move(task));
  changed_.notify_one();
}

void Worker::commit(Result result) {
  std::lock_guard lock(mutex_);
  to_commit_.push_back(std::move(result));
  changed_.notify_one();
}

std::vector<Report> Worker::reports() {
  std::string bytes;
  read_available(wake_.first.get(), bytes, 4096);
  std::lock_guard lock(mutex_);
  return std::exchange(reports_, {});
}

void Worker::report(std::vector<Report> reports) {
  std::lock_guard lock(mutex_);
  reports_.insert(reports_.end(), std::make_move_iterator(reports.begin()), std::make_move_iterator(reports.end()));
  wake();
}

std::vector<std::string> Worker::notes() {
  std::lock_guard lock(mutex_);
  return std::exchange(notes_, {});
}

void Worker::note(std::string line) {
  std::lock_guard lock(mutex_);
  notes_.push_back(std::move(line));
  wake();
}

void Worker::wake() {
  std::string byte = ".";
  write_available(wake_.second.get(), byte);  // a full pipe has woken the other thread already
}

// Preparing goes first, in small portions: it feeds the trainers. Results that wait meanwhile are committed together,
// which costs a few syncs instead of a few for each.
void Worker::work() {
  constexpr std::size_t kPortion = 32;
  constexpr std::chrono::milliseconds kLook(500);
  sched::Time looked{};
  for (;;) {
    std::vector<Task> tasks;
    std::vector<Result> results;
    {
      std::unique_lock lock(mutex_);
      auto asked = [&] { return ending_ || !to_prepare_.empty() || !to_commit_.empty(); };
      if (waiting_.empty()) changed_.wait(lock, asked);
      else changed_.wait_for(lock, kLook, asked);
      if (now() - looked >= kLook) {
        looked = now();
        std::move(waiting_.begin(), waiting_.end(), std::back_inserter(to_prepare_));
        waiting_.clear();
      }
      while (!to_prepare_.empty() && tasks.size() < kPortion) {
        tasks.push_back(std::move(to_prepare_.front()));
        to_prepare_.pop_front();
      }
      results.swap(to_commit_);
      if (ending_ && results.empty()) return;
    }
    std::vector<Report> reports;
    for (Task& task : tasks) {
      if (std::optional<Report> done = prepared(task)) reports.push_back(std::move(*done));
      else if (std::lock_guard lock(mutex_); !ending_) waiting_.push_back(std::move(task));
    }
    if (!reports.empty()) report(std::move(reports));
    if (!results.empty()) commit_all(results);
  }
}

// An input is there: the coordinator was told so. A network file system that was asked for it before may hide it for a
// minute.
std::optional<Report> Worker::prepared(Task& task) {
  Report result{task.attempt, Report::Of::preparing};
  try {
    result.why = sched::FailureClass::user;
    task.stage = stage_from_json(Value::parse(task.stage_text));
    task.identity = task.stage.identity();
    protocol::Context context{.threads = options_.threads,
                              .loaders = options_.loaders,
                              .width = static_cast<int>(task.width),
                              .checkpoint_every = options_.checkpoint_every,
                              .keep_images = options_.keep_images,
                              .device_images = options_.device_images,
                              .keep_features = options_.keep_features,
                              .out_of_memory = task.out_of_memory};
    for (const auto& [name, print] : data_sets_of(task.stage)) context.data[name] = data_cache(name, print).string();
    if (auto print = task.stage.fingerprints.find("weights"); print != task.stage.fingerprints.end())
      context.inputs["backbone"] = weights_folder(task.stage.settings.text("model"), print->second).string();
    result.why = sched::FailureClass::transient;
    for (const auto& [name, input] : task.stage.inputs) {
      std::optional<Path> path = store_.find(input.stage);
      if (!path && !task.waits_since) task.waits_since = now();
      if (!path && now() - *task.waits_since < options_.timers.stale_names) return std::nullopt;
      if (!path)
        throw DataError(
            fmt::format("input '{}' (stage {}) is not in {}", name, input.stage.hex(), store_.root().string()));
      context.inputs[name] = std::filesystem::absolute(*path).string();
    }
    task.context = to_json(context).dump();
    task.output =
        std::filesystem::absolute(store_.temporary_path(task.identity, static_cast<int>(task.attempt.number)));
    task.checkpoint = std::filesystem::absolute(store_.checkpoint_path(task.identity));
    result.prepared = std::move(task);
  } catch (const std::exception& error) {
    result.text = fmt::format("on {}: {}", host_name(), error.what());
  }
  return result;
}

void Worker::expect(std::map<std::string, DataSource> datasets) {
  std::lock_guard lock(mutex_);
  for (auto& [name, source] : datasets) datasets_[name] = std::move(source);
}

DataSource Worker::source_of(const std::string& name) {
  std::lock_guard lock(mutex_);
  auto source = datasets_.find(name);
  if (source == datasets_.end()) throw UsageError(fmt::format("no source is configured for data set '{}'", name));
  return source->second;
}

Path Worker::data_cache(const std::string& name, const std::string& fingerprint) {
  if (auto known = caches_.find(fingerprint); known != caches_.end()) return known->second;
  const DataSource source = source_of(name);
  data::Manifest manifest = data::Manifest::from_preset(name, source.preset, source.source);
  manifest.preset = source.digest;
  double said = 0;
  auto progress = [&](std::string_view what, double done) {
    if (double time = wall_seconds(); time - said >= 1)
      said = time, note(fmt::format("{}: {} {}, {:.0f} %", host_name(), name, what, 100 * done));
  };
  std::optional<data::Record> record = data::read_record(name);
  if (!record) record = data::check(manifest, std::nullopt, progress);  // another machine than the one that planned
  data::require_unchanged(manifest, *record);
  if (record->fingerprint != fingerprint)
    throw DataError(
        fmt::format("data set '{}' in {} is not the one that the sweep was planned with (fingerprint {}, planned {}); "
                    "run `winnow data check {}` on every machine",
                    name, record->root.string(), record->fingerprint, fingerprint, name));
  return caches_[fingerprint] = data::ensure_cache(manifest, *record, progress);
}

Path Worker::weights_folder(const std::string& name, const std::string& fingerprint) {
  if (auto known = weights_.find(fingerprint); known != weights_.end()) return known->second;
  std::optional<data::WeightsRecord> record = data::read_weights_record(name);
  if (!record)
    throw DataError(
        fmt::format("weights of {} were never checked here: run `winnow model check {}` on every machine", name, name));
  data::require_unchanged(*record);
  if (record->fingerprint != fingerprint)
    throw DataError(fmt::format(
        "weights of {} in {} are not those that the sweep was planned with (fingerprint {}, planned {}); run "
        "`winnow model check {}` on every machine",
        name, record->root.string(), record->fingerprint, fingerprint, name));
  return weights_[fingerprint] = record->root;
}

// Writes or checks the file of one result; what fails here fails alone.
void Worker::write(Result& result, std::vector<store::Store::Pending>& pending, std::vector<Report>& failed) {
  Report report{result.task.attempt, Report::Of::committing};
  try {
    sched::CommitOutcome outcome{.seconds = result.provenance.end - result.provenance.start, .word = {}, .digest = {}};
    if (auto held = result.done.find("device_memory"); held != result.done.end() && held->is_number_integer())
      outcome.memory = std::max<std::int64_t>(0, held->get<std::int64_t>());
    report.why = sched::FailureClass::protocol;
    if (auto path = result.done.find("output"); path != result.done.end()) {
      if (*path != result.task.output.string())
        throw DataError(fmt::format("the trainer wrote {} instead of {}", path->dump(), result.task.output.string()));
      report.why = sched::FailureClass::transient;
      store::RunHeader header = store::verify_run_file(result.task.output);
      if (auto claimed = result.done.find("file_digest");
          claimed != result.done.end() && *claimed != header.file_digest.hex())
        throw DataError(fmt::format("run file {} has digest {}, the trainer says {}", result.task.output.string(),
                                    header.file_digest.hex(), claimed->dump()));
      outcome.digest = header.result_digest.hex();
    } else {
      store::RunContent run = run_of_metrics(result.task.stage, result.done, result.provenance, result.log);
      report.why = sched::FailureClass::transient;
      outcome.digest = store::write_run_file(result.task.output, run, store::Sync::later).result_digest.hex();
    }
    pending.push_back({result.task.output, result.task.identity});
    report.committed = std::move(outcome);
  } catch (const std::exception& error) {
    report.text = error.what();
    ::unlink(result.task.output.c_str());
  }
  failed.push_back(std::move(report));
}

void Worker::commit_all(std::vector<Result>& results) {
  std::vector<store::Store::Pending> pending;
  std::vector<Report> outcomes;
  for (Result& result : results) write(result, pending, outcomes);
  try {
    std::vector<store::Committed> commits = store_.commit_group(pending);
    auto next = commits.begin();
    for (Report& outcome : outcomes) {
      if (!outcome.committed) continue;
      const store::Committed& commit = *next++;
      outcome.committed->word = commit.outcome == store::Commit::committed       ? "committed"
                                : commit.outcome == store::Commit::already_there ? "already there"
                                : commit.outcome == store::Commit::differs       ? "differs"
                                                                                 : "conflict";
      if (!commit.why.empty()) outcome.committed->digest += " " + commit.why;
    }
    std::error_code stays;  // the next coordinator removes what this one cannot
    for (const auto& file : pending) std::filesystem::remove_all(store_.checkpoint_path(file.identity), stays);
  } catch (const std::exception& error) {
    // Which of them got their names is not known here, and need not be: another attempt finds its result already there.
    for (Report& outcome : outcomes) {
      if (!outcome.committed) continue;
      outcome.committed.reset();
      outcome.why = sched::FailureClass::transient;
      outcome.text = error.what();
    }
    for (const auto& file : pending) ::unlink(file.temporary.c_str());
  }
  report(std::move(outcomes));
}

}  // namespace winnow::fleet
