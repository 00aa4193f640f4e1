// Features of towers that nothing trains, computed once on a machine: later epochs and stages read them from its cache.
// A forward of such a tower depends on its weights, the images and the rows that are computed at once, and on nothing
// that a method does; what is read has the bits that this stage would compute. docs/design.md#6.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/core/hash.h"
#include "winnow/data/kept_rows.h"
#include "winnow/model/tower.h"
#include "winnow/train/source.h"

namespace winnow::train {

class KeptFeatures {
 public:
  // Files in `folder`, of at most `limit` bytes in all, and only while the disk has as many free: beyond that, files
  // that nothing has used for a day make room, or what is new is not kept. Views with draws get half of it, so that a
  // long training does not crowd out the test splits, which every stage reads. `computed`: what the bits of a forward
  // depend on beside its device and type, precision and chunks. Towers that are asked about lie on `real`'s device.
  KeptFeatures(Path folder, std::int64_t limit, std::string computed, at::TensorOptions real);

  // Which function a tower is: its weights, and what it answers to a few images of the test split (in view `plain`), by
  // this program, on this kind of device, with these threads. None where there is no such image. Reads the device.
  std::optional<Hash128> function_of(model::Tower&, Source&) const;

  // The rows of a forward of this function, B x d on the device: as they are kept, else as `compute` gives them, which
  // are then kept; those of another device than the CPU at the next settle(), so that no step waits. What cannot be
  // read or written, for want of room or of rights, is computed: no error.
  at::Tensor rows(const Hash128& function, const RowsContent&, std::int64_t rows, std::int64_t columns,
                  const std::function<at::Tensor()>& compute);
  void settle();  // reads the device

  std::int64_t rows_read() const { return rows_read_; }  // so far

 private:
  struct Pending {
    Path file;
    std::string series;
    Hash128 key;
    at::Tensor rows;
    bool fixed;
  };
  // What files of fixed views, or of others, may still take.
  struct Room {
    std::int64_t limit = 0, left = 0;
    bool full = false;
  };
  std::optional<at::Tensor> read(const Path& file, const std::string& series, const Hash128& key, std::int64_t rows,
                                 std::int64_t columns);
  void keep(Pending);
  std::string series(const Hash128& function, const RowsContent&, std::int64_t columns) const;
  Path file_of(const RowsContent&, const std::string& series) const;
  data::KeptRows& open(const Path& file, const std::string& series);
  Room& room_of(const Pending& pending) { return pending.fixed ? fixed_ : drawn_; }
  void look_for_room(Room&, std::int64_t bytes);
  void write(const Pending&);

  Path folder_;
  std::int64_t limit_;
  Room fixed_, drawn_;
  std::string computed_;
  at::TensorOptions real_;
  std::map<Path, data::KeptRows> files_;
  std::vector<Pending> pending_;
  std::int64_t pending_bytes_ = 0, rows_read_ = 0;
};

}  // namespace winnow::train
