// GPUs with less memory than stages of a run are known to hold: each attempt there would run out of it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "winnow/core/settings.h"
#include "winnow/fleet/work.h"

namespace winnow::fleet {

// One line about the first GPU of a host that has less than a stage of an open class has held of one, with what to do;
// empty: there is none. `gpus` as to_json() of gpus.h writes them; `peaks` by class (recall.h), 0: not known.
std::string too_small_gpu(const Work&, const std::map<sched::ClassId, std::int64_t>& peaks, const Value& gpus,
                          const std::string& host);

}  // namespace winnow::fleet
