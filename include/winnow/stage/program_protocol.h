// How a trainer and a method that is a program speak, one JSON object a line: docs/programs.md#5.
#pragma once

#include "winnow/stage/trainer_protocol.h"

namespace winnow::protocol {

inline constexpr int kProgramVersion = 1;  // of `ready`
// The file descriptor on which it writes its events: whatever a library prints on standard output is part of its log.
inline constexpr int kProgramEvents = 3;

// What a program says. Its orders are a trainer's.
enum class ProgramEvent { ready, progress, epoch, resumed, checkpoint, note, done, failed, stopped };
const Words<ProgramEvent>& program_events();

}  // namespace winnow::protocol
