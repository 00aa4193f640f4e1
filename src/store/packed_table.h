// table.h5 in memory.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "summary.h"

namespace winnow::store {

class Reader;

class PackedTable {
 public:
  struct Row {
    Identity identity;
    Hash128 result_digest;
    Stamp stamp;
    std::string kind;
    double start = 0, end = 0;
    std::size_t layout = 0;                       // its columns
    std::size_t first_value = 0;                  // in values_
    std::size_t first_epoch = 0, epochs = 0;      // rows of the epochs' table
    std::size_t first_epoch_value = 0;            // in epoch_values_
    std::size_t stage_begin = 0, stage_size = 0;  // in stages_
  };

  PackedTable() = default;
  // Verified bytes. DataError for what is not a table.h5, damaged, or of another format. Curves and stages are read
  // when asked for.
  static PackedTable read(const Path&);

  std::size_t size() const { return rows_.size(); }
  const Row& row(std::size_t at) const { return rows_[at]; }
  std::optional<std::size_t> find(const Identity&) const;  // only in a table that was read, or sorted
  const std::vector<std::string>& columns(std::size_t at) const { return layouts_[rows_[at].layout].final; }
  const MetricKinds& metrics(std::size_t at) const { return layouts_[rows_[at].layout].metrics; }
  const std::string& code_version(std::size_t at) const { return layouts_[rows_[at].layout].code_version; }
  const std::string& device(std::size_t at) const { return layouts_[rows_[at].layout].device; }
  std::optional<double> final_value(std::size_t at, std::string_view column) const;
  Table epochs(std::size_t at);
  Summary summary(std::size_t at);

  // Why a run cannot stand in the table; empty: it can.
  static std::string refusal(const Summary&);
  std::size_t add(const Summary&, const Stamp&);  // its row
  void sort();                                    // by identity

  // The file, user block included.
  std::string bytes();

 private:
  struct Layout {                            // what many runs have in common
    std::vector<std::string> final, epochs;  // columns
    MetricKinds metrics;
    std::string code_version, device;  // device: empty in a table that an older winnow wrote
    bool operator<(const Layout& other) const {
      return std::tie(final, epochs, metrics, code_version, device) <
             std::tie(other.final, other.epochs, other.metrics, other.code_version, other.device);
    }
  };
  std::size_t layout_number(Layout);
  std::vector<std::string> united(std::vector<std::string> Layout::*columns) const;
  void index();
  void load_rest();  // curves and stages of a table that was read

  std::vector<Row> rows_;
  std::vector<Identity> sorted_;  // of rows_, where find() may look: side by side, because rows are long
  std::vector<Layout> layouts_;
  std::map<Layout, std::size_t> layout_numbers_;
  std::vector<double> values_, epoch_values_;  // row after row, in the order of the row's layout
  std::string stages_;                         // a line of JSON each
  // Open while the rest is not read: replacing the file by a newer one changes nothing here.
  std::shared_ptr<Reader> unread_;
};

}  // namespace winnow::store
