// The agent's second thread: everything that touches disks and may take long. The first one keeps listening and
// beating.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "winnow/core/descriptor.h"
#include "winnow/core/settings.h"
#include "winnow/fleet/fleet.h"
#include "winnow/store/store.h"

namespace winnow::fleet {

// A stage that this agent was given.
struct Task {
  sched::Attempt attempt;
  Identity identity{};
  Stage stage;
  std::string stage_text;   // JSON
  std::uint32_t width = 1;  // processes
  bool part = false;        // of a gang over several agents
  // Of such a gang that this agent starts: slots of each part, and their hosts.
  std::vector<std::uint32_t> parts = {};
  std::vector<std::string> hosts = {};
  std::string call = {};                        // of one that another agent starts: the command to run here ...
  Path callers = {};                            // ... and the folder in it
  int out_of_memory = 0;                        // attempts before this one
  std::string context;                          // JSON, once prepared
  Path output;                                  // where the trainer writes; a temporary name
  Path checkpoint;                              // folder of the stage's checkpoint
  std::optional<sched::Time> waits_since = {};  // since when for an input
};

// What the trainer left.
struct Result {
  Task task;
  Value done;  // its event
  store::Provenance provenance;
  std::string log;
};

struct Report {
  enum class Of { preparing, committing };
  sched::Attempt attempt;
  Of of;
  std::optional<Task> prepared;
  std::optional<sched::CommitOutcome> committed;
  sched::FailureClass why{};  // if neither
  std::string text;           // and what went wrong
};

class Worker {
 public:
  explicit Worker(const Options&);
  ~Worker();  // finishes what was asked for

  void expect(std::map<std::string, DataSource> datasets);  // before stages of theirs are prepared
  void prepare(Task);                                       // data caches and inputs -> context
  void commit(Result);                                      // run file under its final name

  int signal() const { return wake_.first.get(); }  // readable when there are reports
  std::vector<Report> reports();
  std::vector<std::string> notes();  // for the person who watches

 private:
  void work();
  std::optional<Report> prepared(Task&);  // none: an input is not to be seen yet
  void commit_all(std::vector<Result>&);
  void write(Result&, std::vector<store::Store::Pending>&, std::vector<Report>&);
  DataSource source_of(const std::string& name);
  Path data_cache(const std::string& name, const std::string& fingerprint);
  Path weights_folder(const std::string& name, const std::string& fingerprint);
  void report(std::vector<Report>);
  void note(std::string line);
  void wake();

  const Options options_;
  store::Store store_;
  std::map<std::string, Path> caches_, weights_;  // by fingerprint
  DescriptorPair wake_;

  std::mutex mutex_;  // guards what follows
  std::map<std::string, DataSource> datasets_;
  std::condition_variable changed_;
  std::deque<Task> to_prepare_, waiting_;  // for their inputs
  std::vector<Result> to_commit_;
  std::vector<Report> reports_;
  std::vector<std::string> notes_;
  bool ending_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace winnow::fleet
