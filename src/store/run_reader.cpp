#include "winnow/store/run_reader.h"

#include <deque>
#include <thread>
#include <unordered_map>

#include "packed_table.h"
#include "user_block.h"
#include "winnow/core/error.h"
#include "winnow/store/pack.h"

namespace winnow::store {

struct RunReader::Run::Source {
  PackedTable table;
};

namespace {

// "<root>/runs/", so that a path costs two appends: there may be a hundred thousand.
struct Place {
  std::string prefix;
  RunReader::Run::Source* packed;

  std::string path(const std::string& identity) const {
    std::string text;
    text.reserve(prefix.size() + 3 + identity.size() + 3);
    return text.append(prefix).append(identity, 0, 2).append(1, '/').append(identity).append(".h5");
  }
};

}  // namespace

struct RunReader::Impl {
  std::deque<Run::Source> tables;  // one a place, and last what was read from run files
  std::vector<Place> places;
  std::unordered_map<Identity, std::optional<Run>> found;
  std::vector<Disagreement> disagreements;
  std::vector<std::string> damaged, unused_tables;
  std::size_t from_table = 0, from_files = 0;

  std::optional<Run> look(const Identity&);
  std::optional<Run> read(const Place&, const std::string& path, const Identity&, const Stamp&);
  // Only what costs no more than a look at each place: a current row of the first, and nothing in the others.
  std::optional<Run> look_in_tables(const Identity&) const;
  void compare(const Run& used, const Place&, const std::string& path, const Identity&);
};

std::optional<RunReader::Run> RunReader::Impl::read(const Place& place, const std::string& path,
                                                    const Identity& identity, const Stamp& stamp) {
  Run run;
  run.file_ = path;
  if (std::optional<std::size_t> row = place.packed->table.find(identity);
      row && place.packed->table.row(*row).stamp == stamp) {
    run.source_ = place.packed;
    run.row_ = *row;
    ++from_table;
    return run;
  }
  try {
    Summary summary = read_summary(path);
    if (summary.identity != identity) throw DataError("run file " + path + " holds another stage than its name says");
    run.source_ = &tables.back();
    run.row_ = run.source_->table.add(summary, stamp);
    ++from_files;
    return run;
  } catch (const DataError& error) {
    damaged.push_back(error.what());
    return std::nullopt;
  }
}

// Only where two places have the stage: the header of the other file, or its row.
void RunReader::Impl::compare(const Run& used, const Place& place, const std::string& path, const Identity& identity) {
  std::optional<Stamp> stamp = stamp_of(path.c_str());
  if (!stamp) return;
  try {
    std::optional<std::size_t> row = place.packed->table.find(identity);
    bool current = row && place.packed->table.row(*row).stamp == *stamp;
    if ((current ? place.packed->table.row(*row).result_digest : read_user_block(path).result_digest) !=
        used.result_digest())
      disagreements.push_back({identity, used.file(), path});
  } catch (const DataError& error) {
    damaged.push_back(error.what());
  }
}

std::optional<RunReader::Run> RunReader::Impl::look(const Identity& identity) {
  std::string name = identity.hex();
  std::optional<Run> run;
  for (const Place& place : places) {
    std::string path = place.path(name);
    if (run) compare(*run, place, path, identity);
    else if (std::optional<Stamp> stamp = stamp_of(path.c_str())) run = read(place, path, identity, *stamp);
  }
  return run;
}

std::optional<RunReader::Run> RunReader::Impl::look_in_tables(const Identity& identity) const {
  std::string name = identity.hex();
  std::optional<Run> run;
  for (const Place& place : places) {
    std::string path = place.path(name);
    std::optional<Stamp> stamp = stamp_of(path.c_str());
    if (!stamp) continue;
    std::optional<std::size_t> row = run ? std::nullopt : place.packed->table.find(identity);
    if (!row || place.packed->table.row(*row).stamp != *stamp) return std::nullopt;
    run.emplace();
    run->file_ = std::move(path);
    run->source_ = place.packed;
    run->row_ = *row;
  }
  return run;
}

RunReader::RunReader(const Store& store) : impl_(std::make_unique<Impl>()) {
  std::vector<Path> roots{store.root()};
  roots.insert(roots.end(), store.references().begin(), store.references().end());
  for (const Path& root : roots) {
    Run::Source& source = impl_->tables.emplace_back();
    std::error_code absent;
    if (Path path = table_path(root); std::filesystem::exists(path, absent)) try {
        source.table = PackedTable::read(path);
      } catch (const std::exception& error) {
        impl_->unused_tables.push_back(error.what());
      }
    impl_->places.push_back({(root / "runs").string() + "/", &source});
  }
  impl_->tables.emplace_back();
}

RunReader::~RunReader() = default;
RunReader::RunReader(RunReader&&) noexcept = default;

const RunReader::Run* RunReader::find(const Identity& identity) {
  auto [found, fresh] = impl_->found.try_emplace(identity);
  if (fresh) found->second = impl_->look(identity);
  return found->second ? &*found->second : nullptr;
}

void RunReader::expect(const std::vector<Identity>& identities) {
  constexpr std::size_t kThreads = 2, kFew = 200;  // a thread costs as much as some ten looks
  std::vector<Identity> wanted;
  for (const Identity& identity : identities)
    if (!impl_->found.count(identity)) wanted.push_back(identity);
  if (wanted.size() < kFew) return;
  std::vector<std::optional<Run>> runs(wanted.size());
  auto look = [&](std::size_t part) {
    for (std::size_t i = wanted.size() * part / kThreads; i < wanted.size() * (part + 1) / kThreads; ++i)
      runs[i] = impl_->look_in_tables(wanted[i]);
  };
  std::vector<std::jthread> threads;
  for (std::size_t part = 1; part < kThreads; ++part) threads.emplace_back(look, part);
  look(0);
  threads.clear();  // joins
  impl_->found.reserve(impl_->found.size() + wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (runs[i] && impl_->found.try_emplace(wanted[i], std::move(runs[i])).second) ++impl_->from_table;
}

const std::vector<RunReader::Disagreement>& RunReader::disagreements() const { return impl_->disagreements; }
const std::vector<std::string>& RunReader::damaged() const { return impl_->damaged; }
const std::vector<std::string>& RunReader::unused_tables() const { return impl_->unused_tables; }
std::size_t RunReader::from_table() const { return impl_->from_table; }
std::size_t RunReader::from_files() const { return impl_->from_files; }

Hash128 RunReader::Run::result_digest() const { return source_->table.row(row_).result_digest; }
std::vector<std::string> RunReader::Run::columns() const { return source_->table.columns(row_); }
std::optional<double> RunReader::Run::final_value(std::string_view column) const {
  return source_->table.final_value(row_, column);
}
std::optional<MetricKind> RunReader::Run::kind(std::string_view column) const {
  const MetricKinds& metrics = source_->table.metrics(row_);
  auto found = metrics.find(std::string(column));
  return found == metrics.end() ? std::nullopt : std::optional(found->second);
}
const std::string& RunReader::Run::code_version() const { return source_->table.code_version(row_); }
const std::string& RunReader::Run::device() const { return source_->table.device(row_); }
Table RunReader::Run::epochs() const { return source_->table.epochs(row_); }

}  // namespace winnow::store
