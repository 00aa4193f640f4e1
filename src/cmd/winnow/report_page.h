// The HTML page of a sweep: tables, curves, what the cluster did.
#pragma once

#include <utility>
#include <vector>

#include "winnow/report/page.h"

namespace winnow::cmd {

// Everything but tables and claims, which the caller has: curves and rankings of the tables, attempts and failures of
// the sweep's stages from the store's journal.
report::Page page_of(const sweep::Plan&, const store::Store&, store::RunReader&, const std::string& sweep_file,
                     std::vector<report::Table> tables, std::vector<report::Judgement> claims);

}  // namespace winnow::cmd
