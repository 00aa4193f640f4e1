// How a program ends: the only place where exceptions become a line and an exit code.
#pragma once

#include <functional>
#include <string>

namespace winnow::cmd {

// 0 all done, 1 internal error or machine, 2 usage or data; 3 (some stages failed), 4 (drained: it is to go on) and 5
// (cancelled by somebody: it is not to go on by itself) come from `run` itself.
enum ExitCode { kDone = 0, kBroken = 1, kUsage = 2, kSomeFailed = 3, kDrained = 4, kCancelled = 5 };

// Runs `body` and returns its exit code. Whatever it throws becomes exactly one line on standard error, "winnow: ...",
// and kUsage (UsageError, DataError) or kBroken (all others).
int guarded(const std::function<int()>& body);

// What an exception says, in one line, without the stack that torch appends.
std::string one_line(std::string message);

}  // namespace winnow::cmd
