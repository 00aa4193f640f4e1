#include "expected_durations.h"

#include <fmt/format.h>

#include <set>

#include "winnow/core/counted.h"

namespace winnow::cmd {

std::optional<ExpectedDurations> expected_durations(const fleet::Work& work,
                                                    const std::map<std::string, fleet::Duration>& durations,
                                                    std::optional<double> otherwise) {
  ExpectedDurations result;
  std::set<sched::ClassId> open;
  for (sched::StageId stage = 0; stage < work.graph.classes.size(); ++stage)
    if (!work.graph.done[stage]) open.insert(work.graph.classes[stage]);
  result.kinds = open.size();
  result.seconds.resize(work.classes.size());
  double spent = 0, size = 0;
  for (sched::ClassId id : open)
    if (auto known = durations.find(work.classes[id]); known != durations.end()) {
      result.seconds[id] = known->second.seconds;
      result.stages += known->second.stages;
      spent += known->second.seconds;
      size += work.sizes[id];
    } else {
      ++result.guessed;
    }
  if (result.guessed == result.kinds && result.kinds > 0 && !otherwise) return std::nullopt;
  for (sched::ClassId id : open)
    if (!durations.count(work.classes[id])) result.seconds[id] = otherwise ? *otherwise : spent / size * work.sizes[id];
  return result;
}

std::string basis(const ExpectedDurations& expected) {
  std::size_t known = expected.kinds - expected.guessed;
  if (known == 0) return "no stage like these has run here: the duration that was said";
  return fmt::format("what {} of {} kinds of stages took here ({}){}", known, expected.kinds,
                     counted(expected.stages, "stage"),
                     expected.guessed ? "; the others are guessed from their size" : "");
}

}  // namespace winnow::cmd
