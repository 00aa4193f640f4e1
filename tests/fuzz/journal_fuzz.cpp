// Mutates a journal and lets a new coordinator read it: nothing is thrown, every record that comes back is one that was
// written, in its order, and what was cut stays cut. Every other mutation gets right digests again, so that what is
// behind them is met by nonsense, too. Deterministic: the same count gives the same inputs.
//   journal_fuzz [COUNT]
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "fault.h"
#include "journal.h"
#include "mutator.h"
#include "recall.h"
#include "winnow/core/error.h"

namespace {

using namespace winnow;

const std::vector<std::string> kPieces = {
    "\n",
    "\n\n",
    std::string(64, '\0'),
    std::string(4096, '\0'),
    "\"",
    "\\",
    "{",
    "}",
    "[[[[",
    "null",
    ",",
    "\"event\":\"done\"",
    "\"event\":\"started\"",
    "\"class\":",
    "\"seconds\":",
    "1e999",
    "-1",
    "NaN",
    "\"identity\":\"",
    "\"attempt\":4294967296",
    "\xff\xfe",
    "00000000000000000000000000000000 {}\n",
    " ",
    "\r\n",
};

fleet::Work some_work() {
  fleet::Work work;
  for (int i = 0; i < 3; ++i) {
    work.identities.push_back(hash_of(std::to_string(i)));
    work.graph.inputs.emplace_back();
    work.graph.classes.push_back(static_cast<sched::ClassId>(i % 2));
    work.graph.done.push_back(false);
  }
  work.classes = {"train/cc", "detect \"x\""};
  return work;
}

std::string original(const Path& store, const fleet::Work& work) {
  std::filesystem::remove_all(store);
  {
    fleet::Journal journal(store, 1);
    journal.add({{"event", "begin"}, {"sweep", "a"}});
    for (const Identity& identity : work.identities) {
      journal.add({{"event", "started"}, {"identity", identity.hex()}, {"attempt", 2}});
      journal.add({{"event", "checkpoint"}, {"identity", identity.hex()}, {"step", 7}});
      journal.add({{"event", "done"}, {"identity", identity.hex()}, {"class", work.classes[1]}, {"seconds", 1.5}});
      journal.add({{"event", "failed"}, {"text", "\"event\":\"done\"\n"}, {"class", "user"}});
    }
    journal.sync();
  }
  return read_file(store / "journal/00000001.log");
}

void put(const Path& path, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "wb");  // without the syncs of write_file_atomically
  std::fwrite(text.data(), 1, text.size(), file);
  std::fclose(file);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    lines.push_back(text.substr(begin, end - begin));
  return lines;
}

std::string with_right_digests(const std::string& text) {
  std::string result;
  for (const std::string& line : lines_of(text)) {
    std::string record = line.size() > 33 ? line.substr(33) : line;
    result += fmt::format("{} {}\n", hash_of(record).hex(), record);
  }
  return result;
}

std::vector<std::string> scanned(const Path& store, fleet::Journal::Replayed& found) {
  std::vector<std::string> records;
  found = fleet::Journal::scan(store, [&](std::string_view record) { records.emplace_back(record); });
  return records;
}

std::string fault_of(const Path& store, const fleet::Work& work, const std::vector<std::string>& written, bool mended,
                     bool compacts) {
  return fuzz::fault_of<DataError>([&]() -> std::string {
    sched::Scheduler scheduler(work.graph, {}, {});
    std::map<sched::ClassId, std::int64_t> peaks;
    fleet::recall(fleet::Recall(store), work, scheduler, peaks);
    fleet::Journal::Replayed found;
    std::vector<std::string> records = scanned(store, found);
    if (found.cut != 0) return "was cut twice";
    if (!mended)
      for (const std::string& record : records)
        if (std::find(written.begin(), written.end(), record) == written.end())
          return fmt::format("gave a record that nobody wrote: {}", record);
    fleet::Journal::replay(store, [](const Value&) {});
    if (!compacts) return "";
    fleet::Journal::compact(store, 0);
    std::vector<std::string> kept = scanned(store, found);
    if (found.damaged || found.cut) return "is damaged after compaction";
    std::erase_if(kept, [](const std::string& record) { return record.find("\"compacted\"") != std::string::npos; });
    std::size_t at = 0;  // a part of what there was, in its order
    for (const std::string& record : kept) {
      while (at < records.size() && records[at] != record) ++at;
      if (at++ == records.size()) return fmt::format("compaction made a record: {}", record);
    }
    return "";
  });
}

}  // namespace

int main(int argc, char** argv) {
  int count = argc > 1 ? std::atoi(argv[1]) : 2000;
  if (count <= 0) return std::fprintf(stderr, "journal_fuzz [COUNT]\n"), 2;
  Path store = std::filesystem::temp_directory_path() / fmt::format("winnow-journal-fuzz-{}", ::getpid());
  fleet::Work work = some_work();
  std::string text = original(store, work);
  std::vector<std::string> written;
  for (const std::string& line : lines_of(text)) written.push_back(line.substr(33));
  fuzz::Mutator mutator(text, kPieces);
  int failed = 0;
  for (int i = 0; i < count && !failed; ++i) {
    bool mended = i % 2;
    std::string mutated = mutator.next();
    put(store / "journal/00000001.log", mended ? with_right_digests(mutated) : mutated);
    std::string fault = fault_of(store, work, written, mended, i % 8 < 2);  // compaction syncs
    if (fault.empty()) continue;
    fmt::print("mutation {} {}\n", i, fault);
    failed = 1;
  }
  std::filesystem::remove_all(store);
  if (!failed) fmt::print("{} mutations\n", count);
  return failed;
}
