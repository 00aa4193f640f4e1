// The run file: one HDF5 file for each finished stage. docs/design.md#7 and src/store/README.md (the format).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "winnow/core/file.h"
#include "winnow/core/hash.h"
#include "winnow/stage/stage.h"
#include "winnow/store/metric.h"

namespace winnow::store {

enum class DType { u8, i64, f32, f64 };
std::size_t size_of(DType);

// A dense row-major array that owns its bytes.
struct Array {
  DType dtype = DType::f32;
  std::vector<std::size_t> shape;
  std::vector<std::byte> bytes;  // in the host's byte order; files are little-endian

  std::size_t count() const;
};

// A table is columns of equal length; a column holds integers or reals. Written as one compound data set.
struct Column {
  std::string name;
  std::variant<std::vector<std::int64_t>, std::vector<double>> values;
};
using Table = std::vector<Column>;

// Where and how a result came to be. Not part of the result digest.
struct Provenance {
  std::string code_version;  // winnow/core/revision.h; of a foreign trainer what it calls itself. "0.1.0": before
                             // revisions were recorded
  std::string host;
  std::string device;                            // "cpu: Intel(R) Xeon(R) Processor (family 6, model 207), AVX512"
  std::map<std::string, std::string> libraries;  // "torch" -> "2.11.0"
  int threads = 1;
  int width = 1;
  int attempt = 1;
  double start = 0, end = 0;       // seconds since 1970, UTC
  double image_wait = 0;           // of these the seconds in which a step or a pass had to wait for its images
  std::int64_t features_read = 0;  // rows of towers that nothing trains: taken from the machine's cache, not computed
  std::int64_t chunk = 0;          // rows that a tower computed at once; 0: all of a slice
  // Where it was resumed from attempts that computed in other pieces: theirs, in their order.
  std::vector<std::int64_t> earlier_chunks = {};
};

// Why two results of one stage may differ within rounding: other kinds of devices, chunks, widths or numbers of threads
// ("device CPU here, GPU in the store; ..."; docs/design.md#11). Empty: there is no such reason.
std::string reasons_to_differ(const Provenance& here, const Provenance& stored);

// What a stage computed. Paths use '/': "metrics/final", "labels/candidates", "weights/visual_projection.weight".
struct RunContent {
  Stage stage;
  std::map<std::string, Table> tables;       // "metrics/epochs", "metrics/steps", "metrics/final" (one row)
  std::map<std::string, Array> arrays;       // below selection/, labels/, predictions/, scores/, features/, weights/
  std::map<std::string, std::string> texts;  // small texts: "snapshot/config.json"
  // How often a true label was given as which: columns true, given, count (not 0). Of stages with one noisy label a
  // sample whose true ones are known; else empty. It describes labels/given and is no part of the result digest.
  Table confusion;
  MetricKinds metrics;  // what columns of metrics/final and metrics/epochs are, as far as the trainer says
  Provenance provenance;
  std::string log;     // the trainer's last lines
  bool trial = false;  // of a stage that was only tried: marked so that no store takes the file for a result

  // Hash of what the stage computed: identity, tables, arrays but that of labelled_samples.h, texts; without the
  // confusion, what metrics are, provenance and log.
  Hash128 result_digest() const;
  Hash128 result_digest(const Identity&) const;  // the same, for who knows the stage's identity already
};

struct Written {
  std::uint64_t bytes = 0;
  Hash128 file_digest;  // of all after the user block
  Hash128 result_digest;
};

// `later` leaves the syncing to Store::commit_group, which syncs many small files at the price of one.
enum class Sync { now, later };

// HDF5 is used by one thread at a time: callers of this header must not overlap in one process.
//
// Writes a complete run file at `path` (a temporary name that must not exist), flushed and synced. Every return code is
// checked. On any failure the file is removed and DeviceError (disk) or DataError (content that cannot be stored)
// thrown.
Written write_run_file(const Path& path, const RunContent&, Sync = Sync::now);

// What a run file says of itself without reading its content.
struct RunHeader {
  Identity identity;
  Hash128 file_digest;
  Hash128 result_digest;
  std::uint64_t bytes = 0;
  Provenance provenance;
};

// What a trial wrote (winnow try) is read by trials alone.
enum class Accept { results, trials_too };

// Verifies magic, schema, length and digest of the whole file, then reads. DataError naming the file and what is wrong
// with it (truncated, byte flipped, not a run file, newer schema). `arrays` false leaves the (large) arrays out.
RunHeader verify_run_file(const Path& path);
RunContent read_run_file(const Path& path, bool arrays = true, Accept = Accept::results);
Array read_array(const Path& path, const std::string& name);

}  // namespace winnow::store
