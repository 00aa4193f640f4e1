// How long a coordinator needs for the journal of those before it. Records as a run writes them: half say that a stage
// started, half that it is done. On /dev/shm, so that no disk is measured.
//   bench-journal [records...]       default: 100000 1000000
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "journal.h"
#include "recall.h"

int main(int argc, char** argv) {
  using namespace winnow;
  std::vector<std::size_t> sizes;
  for (int i = 1; i < argc; ++i) sizes.push_back(std::strtoull(argv[i], nullptr, 10));
  if (sizes.empty()) sizes = {100'000, 1'000'000};
  for (std::size_t records : sizes) {
    Path store = fmt::format("/dev/shm/winnow-journal-bench-{}", ::getpid());
    std::filesystem::create_directory(store);
    auto timed = [&](const char* what, auto body) {
      auto start = std::chrono::steady_clock::now();
      body();
      double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      fmt::print("{:9} records  {:8} {:7.3f} s  {:6.2f} us a record\n", records, what, seconds,
                 seconds / static_cast<double>(records) * 1e6);
    };
    fleet::Work work;
    work.classes = {"train/proden/nano-clip/adaptformer/fashion-mnist/6000/2000/3/128"};
    for (std::size_t i = 0; i < records / 2; ++i) {
      work.identities.push_back(hash_of(std::to_string(i)));
      work.graph.inputs.emplace_back();
      work.graph.classes.push_back(0);
      work.graph.done.push_back(false);
    }
    timed("write", [&] {
      fleet::Journal journal(store, 1);
      for (const Identity& identity : work.identities) {
        journal.add({{"event", "started"},
                     {"identity", identity.hex()},
                     {"attempt", 1},
                     {"agent", 3},
                     {"host", "node-17"},
                     {"trainer", 4711},
                     {"code_version", "0.1.0+g27f5345a227c"}});
        journal.add({{"event", "done"},
                     {"identity", identity.hex()},
                     {"attempt", 1},
                     {"agent", 3},
                     {"seconds", 901.25},
                     {"class", work.classes[0]},
                     {"outcome", "committed"},
                     {"result_digest", identity.hex()}});
        journal.flush();
      }
    });
    sched::Scheduler scheduler(work.graph, {}, {});
    std::map<sched::ClassId, std::int64_t> peaks;
    timed("recall", [&] { fleet::recall(fleet::Recall(store), work, scheduler, peaks); });
    timed("parse", [&] { fleet::Journal::replay(store, [](const Value&) {}); });
    timed("compact", [&] { fleet::Journal::compact(store, 0); });
    std::filesystem::remove_all(store);
  }
}
