// Where records lie: <cache>/datasets/NAME.json.
#pragma once

#include "winnow/data/dataset.h"

namespace winnow::data {

void write_record(const Record&);

}  // namespace winnow::data
