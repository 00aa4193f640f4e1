// How a run stands at this moment: <store>/status.json, which the coordinator replaces once a second.
#pragma once

#include <optional>

#include "winnow/core/file.h"
#include "winnow/core/settings.h"

namespace winnow::fleet {

// {"sweep","host","started","time","ended","stages","before","counts":{done,failed,blocked,open,running},
//  "left":{"seconds","slots","kinds","guessed"},
//  "waiting":{"inputs","room","given","preparing","pause","next_try","wide":[{"width","stages"}]},
//  "sweeps":[{"sweep","stages","before","complete","counts":{done,failed,blocked,open,running}}],
//  "agents":[{host,slots,running,heard,quarantined_until,quarantined_devices:{NAME:until},
//    gpus:[{name,uuid,index,memory,used,utilisation,temperature,unusable}]}],
//  "former":[{host,gpus}],
//  "running":[{label,sweeps,identity,attempt,width,host,since,epoch,epochs,step,steps,rate,phase,memory,device_memory,
//    device_peak,loss}],
//  "failures":[{label,sweeps,identity,class,text,final,time}],"failures_left_out"}
//
// "sweep" is the sweep's name, or the names of several with ", " between them; "sweeps" counts for each what it needs,
// so that a stage that two need counts in both (empty for a run of an older winnow).
// Times are seconds since the epoch, by the coordinator's clock. `before`: stages that were done when the run began.
// `left` is absent while nothing is known: what is known of the open stages of `kinds` kinds, spread over `slots`;
// `waiting`: of the open stages that do not run, how many wait for an input, for a free slot (of those, by width,
// stages wider than 1, which wait for slots of one agent), were given to an agent ahead, were given to one that has a
// slot free for them (it fetches data or inputs, or waits for memory of its GPU), and pause after a failed attempt; the
// first of these is tried again in `next_try` seconds. `quarantined_until`, and by name of a device
// `quarantined_devices`: stages failed there in a row. `failures`: the last of every stage that failed for good, and
// some after which it is tried again, in their order; of many stages the last hundred.
// `guessed` stages are of kinds without a known duration (time_left.h). `running` of an agent counts slots. `rate`:
// steps a second. `former`: agents that have left, `gpus` as they saw them last.
//
// "state" is added here: "running", "ended", or "died" for a coordinator that neither lives nor said that it ended.
// None: no run was ever here. DataError for a file that is no status.
std::optional<Value> read_status(const Path& store);

}  // namespace winnow::fleet
