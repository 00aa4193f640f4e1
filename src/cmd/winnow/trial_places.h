// Where a trial finds what its stage reads: data caches, weights, inputs; and where it writes.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "winnow/data/dataset.h"
#include "winnow/stage/stage.h"
#include "winnow/store/store.h"
#include "winnow/sweep/catalogue.h"

namespace winnow::cmd {

// A folder that goes with everything in it. DeviceError where it cannot be made.
class TrialFolder {
 public:
  explicit TrialFolder(const Path& below);  // a fresh one below this
  ~TrialFolder();
  TrialFolder(const TrialFolder&) = delete;

  const Path& path() const { return path_; }

 private:
  Path path_;
};

class TrialPlaces {
 public:
  // What is done is read from the store and its references; what was tried from the folder. Borrows all.
  TrialPlaces(const store::Store& store, const TrialFolder& folder, const sweep::Catalogue& catalogue,
              data::Progress progress)
      : store_(store), folder_(folder), catalogue_(catalogue), progress_(std::move(progress)) {}

  Path output(const Identity&) const;
  // By the names of the context (src/fleet/README.md). DataError naming what is missing, and the command that brings
  // it.
  std::map<std::string, Path> data(const Stage&);
  std::map<std::string, Path> inputs(const Stage&) const;

 private:
  const Path& cache(const std::string& dataset, const std::string& fingerprint);

  const store::Store& store_;
  const TrialFolder& folder_;
  const sweep::Catalogue& catalogue_;
  data::Progress progress_;
  std::map<std::string, Path> caches_;  // by data set
};

}  // namespace winnow::cmd
