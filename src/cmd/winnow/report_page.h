// The HTML page of a sweep: tables, curves, what the cluster did.
#pragma once

#include <utility>
#include <vector>

#include "winnow/report/page.h"

namespace winnow::cmd {

// Everything but tables and figures, which the caller has: curves of the first table, attempts and failures of the sweep's
// stages from the store's journal.
report::Page page_of(const sweep::Plan&, const store::Store&, const std::string& sweep_file, std::vector<report::Table> tables,
                     std::vector<std::pair<std::string, std::string>> figures);

}  // namespace winnow::cmd
