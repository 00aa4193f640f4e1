// The coordinator's connections to its agents: one over a socket pair, the others over MPI.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "agent_process.h"
#include "backoff.h"
#include "message.h"
#include "mpi_world.h"

namespace winnow::fleet {

class Links {
 public:
  Links(const World&, std::unique_ptr<MpiWorld>&);  // MPI is initialised after the local agent is forked

  sched::AgentId add_local(AgentProcess);      // its number: 0, and after the ranks' for those that replace it
  std::vector<sched::AgentId> agents() const;  // whose connection is open

  void send(sched::AgentId, const Message&);  // nothing happens if it is gone
  void flush();
  // Everything that arrived; an agent that has gone says `left`, with a text if it was what it sent: bytes that are no
  // messages. True if there was anything.
  bool receive(const std::function<void(sched::AgentId, const Message&)>&);
  void drop(sched::AgentId);    // silent: nothing more is sent to it; a late result counts
  void refuse(sched::AgentId);  // nor is anything heard that it says from now on
  // Waits for something to happen, but not long. `extra`: a further descriptor that ends the wait.
  void wait(int extra, bool busy);

  bool lost_rank() const { return lost_rank_; }  // an MPI rank that will not take part in an orderly end

 private:
  struct Link {
    std::string to_send;
    MessageReader heard;
    bool open = true, deaf = false;
  };
  void on_message(sched::AgentId, std::string_view bytes, const std::function<void(sched::AgentId, const Message&)>&);

  World world_;
  std::unique_ptr<MpiWorld>& mpi_;
  std::map<sched::AgentId, Link> links_;
  std::map<sched::AgentId, AgentProcess> locals_;
  sched::AgentId next_local_ = 0;
  Backoff backoff_;
  bool lost_rank_ = false;
};

}  // namespace winnow::fleet
