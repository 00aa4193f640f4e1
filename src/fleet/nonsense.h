// What an agent says is looked at before any of it is believed: a rank of the job may be another program, of another
// build, or one whose memory is damaged. What is nonsense costs its agent the connection, and the run nothing.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "message.h"
#include "winnow/sched/scheduler.h"

namespace winnow::fleet {

// What is wrong with a message of an agent, in words for the person who watches; nothing if it can be believed.
// `stages`: of this run. What agents of another revision say when they join is not judged here: it must be understood,
// to refuse them.
std::string nonsense_in(const Message&, std::size_t stages);

// Likewise of a call, which is a command line for another agent: it comes from the one that leads the gang, the first
// of `parts`, and goes to one of the others.
std::string fault_of_call(sched::AgentId from, double part, const std::vector<sched::Part>& parts);

}  // namespace winnow::fleet
