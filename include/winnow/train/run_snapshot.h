// A model's snapshot inside a run file: arrays below weights/, small files below snapshot/.
#pragma once

#include "winnow/model/snapshot.h"
#include "winnow/store/run_file.h"

namespace winnow::train {

void put_snapshot(const model::Snapshot&, store::RunContent&);
model::Snapshot snapshot_of(const store::RunContent&, const std::string& source);  // DataError where there is none
// A downloaded snapshot's folder, or the run file of a pretrain stage.
model::Snapshot snapshot_at(const Path&, store::Accept = store::Accept::results);

}  // namespace winnow::train
