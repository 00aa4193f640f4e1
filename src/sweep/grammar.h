// The grammar of a sweep file (docs/design.md#3): what stands where, before anybody asks what the keys mean.
#pragma once

#include <string>
#include <vector>

#include "winnow/sweep/claim.h"

namespace winnow::sweep {

// One setting as it was written. `id` numbers all of a sweep in the order of the file, --set last.
struct Written {
  std::string key;  // dotted
  Value value;
  Place place;
  std::size_t id = 0;
};

using Row = std::vector<Written>;  // one value of an axis: several settings where the value is a table

struct Axis {
  std::string name;  // "seed", "labels", "zip"
  Place place;
  std::vector<Row> rows;  // never empty
};

struct Grid {
  Place place;
  std::vector<Written> fixed;  // settings of all its experiments
  std::vector<Axis> axes;      // in the order of the file; the last one varies fastest
};

struct Override {
  Place place;
  std::vector<Condition> when;
  std::vector<Written> set;
};

struct Exclude {
  Place place;
  std::vector<Condition> when;
};

struct SweepFile {
  std::string name, question;
  std::vector<Written> base;
  std::vector<Grid> grids;  // at least one: a sweep without grids is one experiment
  std::vector<Override> overrides;
  std::vector<Exclude> excludes;
  std::vector<Claim> claims;
  std::vector<Written> sets;  // --set
  std::size_t written = 0;    // ids are below it

  std::vector<const Written*> all() const;  // by id
};

// `file` is the name for messages; the sweep's name defaults to its stem.
SweepFile parse_sweep(std::string_view text, const std::string& file, const std::vector<std::string>& sets);

}  // namespace winnow::sweep
