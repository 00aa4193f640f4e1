// What was recorded on this machine under a name by which sweeps call it: scores, templates, masks. A record is a file
// NAME.json.
#pragma once

#include <functional>
#include <string>

#include "winnow/core/file.h"
#include "winnow/core/settings.h"

namespace winnow::data {

// UsageError unless it is a plain file name. `of`: "scores".
void require_record_name(const std::string& name, const char* of);

// Calls `read` for every record in the folder; no folder has none. DataError where one is not what `read` takes it for:
// it says so by a JSON exception or a DataError. `what`: "a record of scores"; `command`: "winnow data scores", which
// makes it again.
using ReadRecord = std::function<void(const Value&)>;
void read_records(const Path& folder, const char* what, const char* command, const ReadRecord& read);
// The same of those that lie in a folder of each data set.
void read_records_of_datasets(const Path& folder, const char* what, const char* command, const ReadRecord& read);

}  // namespace winnow::data
