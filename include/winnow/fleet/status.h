// How a run stands at this moment: <store>/status.json, which the coordinator replaces once a second.
#pragma once

#include <optional>

#include "winnow/core/file.h"
#include "winnow/core/settings.h"

namespace winnow::fleet {

// {"sweep","started","time","ended","counts":{done,failed,blocked,open,running},"stages","agents":[{host,slots,running}],
// "running":[{label,identity,attempt,width,host,since,epoch,epochs,step,steps,memory,loss}],"failures":[{label,class,text,final,time}]}
// Times are seconds since the epoch. None: no run was ever here. DataError for a file that is no status.
std::optional<Value> read_status(const Path& store);

// A coordinator that writes no more and did not say that it ended has died.
bool is_stale(const Value& status, double now);

}  // namespace winnow::fleet
