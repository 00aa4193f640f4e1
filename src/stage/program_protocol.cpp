#include "winnow/stage/program_protocol.h"

namespace winnow::protocol {

namespace {

constexpr Words<ProgramEvent>::Entry kWords[] = {
    {ProgramEvent::ready, "ready"},     {ProgramEvent::progress, "progress"},     {ProgramEvent::epoch, "epoch"},
    {ProgramEvent::resumed, "resumed"}, {ProgramEvent::checkpoint, "checkpoint"}, {ProgramEvent::note, "note"},
    {ProgramEvent::done, "done"},       {ProgramEvent::failed, "failed"},         {ProgramEvent::stopped, "stopped"}};
constexpr Words<ProgramEvent> kEvents("event", kWords);

}  // namespace

const Words<ProgramEvent>& program_events() { return kEvents; }

}  // namespace winnow::protocol
