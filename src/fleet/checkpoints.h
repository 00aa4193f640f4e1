// Where checkpoints lie, and when they go. What is in them is the trainer's business.
#pragma once

#include "winnow/stage/stage.h"
#include "winnow/store/store.h"

namespace winnow::fleet {

Path checkpoint_folder(const Path& store, const Identity&);      // <store>/checkpoints/<identity>
void remove_checkpoint(const Path& store, const Identity&);      // of a stage that is done; what cannot be removed stays
// Checkpoints of stages that are done: their agents died between commit and removal. How many there were.
std::size_t remove_finished_checkpoints(const store::Store&);

}  // namespace winnow::fleet
