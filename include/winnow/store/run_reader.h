// Last metrics and curves of runs, wherever they come from quickest: table.h5 where its row is current, else the run
// file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "winnow/store/store.h"

namespace winnow::store {

// Keeps what it has read; for one thread. What it returns lives as long as it does.
class RunReader {
 public:
  explicit RunReader(const Store&);
  ~RunReader();
  RunReader(RunReader&&) noexcept;

  class Run {
   public:
    const std::string& file() const { return file_; }  // its path; no Path, whose parts cost more than reading the row
    Hash128 result_digest() const;
    std::vector<std::string> columns() const;                          // of metrics/final
    std::optional<double> final_value(std::string_view column) const;  // none: the run has no such column
    std::optional<MetricKind> kind(std::string_view column) const;     // none: the run file does not say what it is
    const std::string& code_version() const;
    const std::string& device() const;  // its kind; empty where the store was packed before kinds were
    Table epochs() const;               // metrics/epochs, as reals; empty where the run has none

    struct Source;  // what it came from

   private:
    friend class RunReader;
    std::string file_;
    Source* source_ = nullptr;
    std::size_t row_ = 0;
  };

  // The run of a stage, in the store or else in a reference; nullptr where none has a good one.
  const Run* find(const Identity&);

  // Looks for all of them at once, on two threads; what find() does not have to open a file for is then at hand.
  void expect(const std::vector<Identity>&);

  // Two places have results for one identity, and they differ: `used` is what find() returned.
  struct Disagreement {
    Identity identity;
    Path used, other;
  };
  const std::vector<Disagreement>& disagreements() const;
  const std::vector<std::string>& damaged() const;        // one line a run file that counts as absent
  const std::vector<std::string>& unused_tables() const;  // one line a table.h5 that could not be read, and why
  std::size_t from_table() const;                         // runs found so far, by where they came from
  std::size_t from_files() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace winnow::store
