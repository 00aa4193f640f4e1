#include "too_small_gpus.h"

#include <fmt/format.h>

namespace winnow::fleet {

namespace {

double gigabytes(std::int64_t bytes) { return static_cast<double>(bytes) / 1e9; }

}  // namespace

std::string too_small_gpu(const Work& work, const std::map<sched::ClassId, std::int64_t>& peaks, const Value& gpus,
                          const std::string& host) {
  const std::int64_t* most = nullptr;
  sched::ClassId kind = 0;
  for (std::size_t stage = 0; stage < work.graph.classes.size(); ++stage) {
    if (work.graph.done[stage]) continue;
    auto peak = peaks.find(work.graph.classes[stage]);
    if (peak == peaks.end() || peak->second == 0 || (most && peak->second <= *most)) continue;
    most = &peak->second;
    kind = peak->first;
  }
  if (!most) return "";
  for (const Value& gpu : gpus) {
    std::int64_t memory = gpu.value("memory", std::int64_t{0});
    if (memory == 0 || memory >= *most) continue;
    return fmt::format(
        "host {}: GPU {} {} ({}) has {:.1f} GB, and a stage of class '{}' has held {:.1f} GB of one: leave it out "
        "(CUDA_VISIBLE_DEVICES), take a smaller train.batch, or let stages run out of memory there and be tried again "
        "in smaller pieces (--small-gpus)",
        host, gpu.value("index", 0), gpu.value("name", ""), gpu.value("uuid", ""), gigabytes(memory),
        work.classes[kind], gigabytes(*most));
  }
  return "";
}

}  // namespace winnow::fleet
