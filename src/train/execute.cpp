#include "winnow/train/execute.h"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>
#include <map>
#include <thread>

#include "executors.h"
#include "gang_hosts.h"
#include "winnow/core/host.h"
#include "winnow/core/revision.h"
#include "winnow/device/device.h"
#include "winnow/method/registry.h"
#include "winnow/stage/shared_code.h"

namespace winnow::train {

namespace {

Execution compute(const Stage& stage, const Context& context, comm::Collective& collective, Observer& observer) {
  if (stage.fingerprints.count("program")) return execute_program(stage, context, collective, observer);
  switch (stage.kind) {
    case StageKind::train: return execute_train(stage, context, collective, observer);
    case StageKind::pretrain: return execute_pretrain(stage, context, collective, observer);
    case StageKind::narrow: return execute_narrow(stage, context, collective, observer);
    case StageKind::score: return execute_score(stage, context, collective, observer);
    case StageKind::select: return execute_select(stage, context, collective, observer);
    case StageKind::cross_filter: return execute_cross_filter(stage, context, collective, observer);
    case StageKind::ensemble: return execute_ensemble(stage, context, collective, observer);
    case StageKind::evaluate: return execute_evaluate(stage, context, collective, observer);
    case StageKind::detect:
      return method::find_method(stage.settings.text("method")).select
                 ? execute_selection(stage, context, collective, observer)
                 : execute_train(stage, context, collective, observer);
    case StageKind::embed:
      return stage.settings.has("embed_texts") ? execute_text_features(stage, context, collective, observer)
                                               : execute_embed(stage, context, collective, observer);
  }
  throw InternalError(fmt::format("no executor for stages of kind {}", to_string(stage.kind)));
}

// What the columns are, for readers of the file: winnow/store/metric.h declares them, a method's own figures
// included.
void put_kinds(store::RunContent& content) {
  for (const char* table : {"metrics/final", "metrics/epochs"})
    if (auto found = content.tables.find(table); found != content.tables.end())
      for (const store::Column& column : found->second)
        if (std::optional<store::MetricKind> kind = store::declared_metric(column.name))
          content.metrics[column.name] = *kind;
}

}  // namespace

const Path& input_file(const Context& context, const std::string& name) {
  auto found = context.inputs.find(name);
  if (found == context.inputs.end())
    throw UsageError(fmt::format("the context names no run file for the input '{}'", name));
  return found->second;
}

int loaders_for(c10::Device device) {
  return device.is_cpu() ? 0 : std::clamp(static_cast<int>(std::thread::hardware_concurrency()) / 2, 1, 4);
}

Execution execute(const Stage& stage, const Context& context, comm::Collective& collective, Observer& observer) {
  require_shared_code(stage);
  double start = wall_seconds();
  if (context.trial && !context.checkpoint.empty())
    throw UsageError("a trial keeps no checkpoint: leave the folder out of the command");
  at::set_num_threads(context.threads);
  device::use_tf32(context.device,
                   stage.settings.has("train.precision") && stage.settings.text("train.precision") == "tf32");
  Execution result = compute(stage, context, collective, observer);
  if (result.skipped_images > 0)
    result.content.tables["metrics/final"].push_back(
        {"skipped_pictures", std::vector<std::int64_t>{result.skipped_images}});
  put_kinds(result.content);
  if (context.trial) {
    if (!result.trial) result.trial.emplace();  // a stage that is cheap is computed as it is
    result.trial->once += std::max(0.0, wall_seconds() - start - result.trial->spent);
  }
  result.content.trial = context.trial;
  result.content.stage = stage;
  result.content.provenance = {std::string(revision()),
                               gang_hosts(collective, context.device),
                               device::kind_of(context.device),
                               {{"torch", TORCH_VERSION}},
                               context.threads,
                               collective.size(),
                               context.attempt,
                               start,
                               wall_seconds(),
                               result.image_wait,
                               result.features_read,
                               context.chunk,
                               result.earlier_chunks};
  return result;
}

}  // namespace winnow::train
