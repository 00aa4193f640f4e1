// The HTML page of a sweep: tables, curves, what the cluster did.
#pragma once

#include <utility>
#include <vector>

#include "winnow/fleet/gpu_time.h"
#include "winnow/report/page.h"

namespace winnow::cmd {

// Everything but tables and claims, which the caller has: curves and rankings of the tables, attempts and failures of
// the sweep's stages from the store's journal, and which of its methods are programs.
report::Page page_of(const sweep::Plan&, const sweep::Catalogue&, const store::Store&, store::RunReader&,
                     const std::string& sweep_file, std::vector<report::Table> tables,
                     std::vector<report::Judgement> claims);

// How long GPUs worked on the sweep's stages, by the store's journal.
fleet::GpuTime gpu_time_of(const sweep::Plan&, const store::Store&);

}  // namespace winnow::cmd
