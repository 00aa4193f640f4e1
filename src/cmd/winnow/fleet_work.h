// Planned sweeps as a fleet's work.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "duration_class.h"
#include "stage_order.h"
#include "table_rows.h"
#include "united_plans.h"
#include "winnow/fleet/work.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::cmd {

// In which order stages start: those of the first sweep that needs them, or of its first row (table_rows.h).
enum class Order { by_sweeps, by_rows };

// What is done, or is an input of nothing that has still to be done, counts as done. Stages and sweeps have the numbers
// that they have in the plans, to which the work refers.
class FleetWork {
 public:
  // `files` and `catalogues`: the sweeps' and what they were planned against, in the order of the plans. UsageError
  // where two sweeps need stages of a data set that their presets describe differently.
  FleetWork(const UnitedPlans&, const std::vector<std::string>& files, const std::vector<sweep::Catalogue>&,
            Order = Order::by_sweeps);
  FleetWork(const FleetWork&) = delete;

  const fleet::Work& work() const { return work_; }
  fleet::Work& work() { return work_; }

  // UsageError where that work's data sets, which must be described alike, are not.
  void require_alike(const FleetWork& other) const;
  // The plans have got a further one, in the last place; `alone`: the same plan by itself. `first`: before all others;
  // `replaces`: the place of its earlier version, whose turn it takes.
  fleet::Addition extend(const FleetWork& alone, bool first, std::optional<std::size_t> replaces);

 private:
  struct Kind {
    DurationClass of;
    std::set<std::string> datasets = {};  // that its stages read
    std::int64_t memory = 0;              // fleet::Work::memory
  };

  void take_sweep(std::size_t plan, const std::string& file, sched::Priority, const TableRows&);
  TableRows rows_of(std::size_t plan) const;
  void take_stage(std::uint32_t stage, Kind);
  Kind kind_of(std::uint32_t stage) const;
  void take_sources(std::size_t plan, const sweep::Catalogue&);
  sched::Priority end_of_priorities() const;

  struct Turn {
    sched::Priority first, end;
  };

  const UnitedPlans& plans_;
  const Order order_;
  fleet::Work work_;
  std::map<std::string, sched::ClassId> classes_;
  std::vector<Kind> kinds_;  // by class
  std::vector<Turn> turns_;  // by sweep: of its rows
  Programs programs_;
};

}  // namespace winnow::cmd
