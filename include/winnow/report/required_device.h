// Refusing a report whose numbers do not all come from one kind of device.
#pragma once

#include <string>

#include "winnow/store/run_reader.h"
#include "winnow/sweep/plan.h"

namespace winnow::report {

// UsageError unless the kind of every stage's device holds `wanted` ("cpu", "H200"), saying which others there are and
// how many stages each has. Pre-trained backbones are data, and do not count; nor do stages that are not there.
void require_device(const sweep::Plan&, store::RunReader&, const std::string& wanted);

}  // namespace winnow::report
