// Names by which sweeps call what was recorded here: scores, templates, masks.
#pragma once

#include <string>

namespace winnow::data {

// UsageError unless it is a plain file name. `of`: "scores".
void require_record_name(const std::string& name, const char* of);

}  // namespace winnow::data
